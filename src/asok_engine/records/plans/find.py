"""Reading records by key or by equality: the deeds for which the statement is prepared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from asok_engine.records.description import Description
from asok_engine.records.errors import FieldProblem
from asok_engine.records.steps import Plan

__all__ = ["find_by_key", "find_by_values"]


def find_by_key(description: Description, key: Any, database: str = "") -> Plan[Any]:
    """Give the record with this key, None when there is none; a value that no key could have finds none."""
    names = description.key
    if len(names) == 1:
        field = description.fields[names[0]]
        try:
            values: tuple[Any, ...] = (field.comparable(key),)
        except FieldProblem:
            return None
    else:
        return (yield from find_by_values(description, dict(zip(names, key, strict=True)), database))
    records = yield description.find_shape(names).bind(values, database or description.database)
    return records[0] if records else None


def find_by_values(description: Description, values: Mapping[str, Any], database: str = "") -> Plan[Any]:
    """Give a record whose fields have these values, none of them None; None when there is none."""
    names = tuple(values)
    try:
        wanted = [description.field(name).comparable(value) for name, value in values.items()]
    except FieldProblem:
        return None
    records = yield description.find_shape(names).bind(wanted, database or description.database)
    return records[0] if records else None
