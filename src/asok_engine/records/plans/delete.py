"""Deleting a record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asok_engine.records.plans.save import call_hooks, stored_value
from asok_engine.records.steps import Plan

if TYPE_CHECKING:
    from asok_engine.records.record import Record

__all__ = ["delete"]


def delete(record: Record, database: str = "") -> Plan[Any]:
    """Delete the row of a record; give the number of rows that went."""
    description = record.__description__
    origin = record._origin
    if origin is None:
        return 0
    if description.hooks:
        yield from call_hooks(record, "before_delete")
    wanted: list[Any] = []
    for name in description.key:
        value, convert = stored_value(record, name), description.fields[name].to_column
        wanted.append(value if convert is None else convert(value))
    count = yield description.delete_shape(description.key).bind(wanted, database or origin.database)
    record._row = record._origin = None
    if description.hooks:
        yield from call_hooks(record, "after_delete")
    return count
