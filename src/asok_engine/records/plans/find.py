"""Reading records by key or by equality: the deeds for which the statement is prepared.

Soft deletion is part of the prepared statement; a model with scopes of its own, a
path, a lookup or a missing value goes by a query.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from asok_engine.errors import InputError, UsageError
from asok_engine.records.description import Description
from asok_engine.records.errors import FieldProblem
from asok_engine.records.fields.field import UNSET
from asok_engine.records.plans.pick import not_found, only_one
from asok_engine.records.query import Query
from asok_engine.records.rows import Records
from asok_engine.records.steps import Plan
from asok_engine.sql.statements import Statement

__all__ = ["find", "find_by_key", "find_by_values", "find_or_fail", "find_the_one"]


def find(
    description: Description, key: Any = UNSET, values: Mapping[str, Any] | None = None, database: str = ""
) -> Plan[Any]:
    """Give the record with a key, or one that meets lookups, the first by key without either.

    None when there is none; a value that a field could not have finds none.

    Raises:
        UnknownName: a name is nothing that the model has.
        UsageError: a key and lookups were given together.
    """
    if key is not UNSET:
        if values:
            raise UsageError(f"{description.name} is found by its key or by other values, not by both.")
        return (yield from find_by_key(description, key, database))
    values = values or {}
    try:
        statement = _prepared(description, values, database)
    except FieldProblem:
        return None
    if statement is None:
        return (yield from _find_by_query(description, values, database))
    return _one_of((yield statement), database)


def find_or_fail(
    description: Description, key: Any = UNSET, values: Mapping[str, Any] | None = None, database: str = ""
) -> Plan[Any]:
    """Give the record as `find` does.

    Raises:
        RecordNotFound: there is none.
    """
    record = yield from find(description, key, values, database)
    if record is None:
        what = f"for {', '.join(values)}" if values else "with this key" if key is not UNSET else "at all"
        raise description.model.not_found_error(f"There is no {description.name} {what}.")
    return record


def find_by_key(description: Description, key: Any, database: str = "") -> Plan[Any]:
    """Give the record with this key, None when there is none; a value that no key could have finds none."""
    names = description.key
    if len(names) != 1:
        values = dict(zip(names, key, strict=False)) if isinstance(key, tuple | list) else {names[0]: key}
        if len(values) != len(names):
            raise UsageError(f"The key of {description.name} has the parts {', '.join(names)}.")
        return (yield from find(description, UNSET, values, database))
    if description.scopes:
        return (yield from _find_by_query(description, {names[0]: key}, database))
    try:
        value = description.fields[names[0]].comparable(key)
    except FieldProblem:
        return None
    if value is None:
        return None
    records = yield description.find_shape(names).bind((value,), database or description.database)
    if not records:
        return None
    if database:
        records.read_from(database)
    return records[0]


def find_by_values(description: Description, values: Mapping[str, Any], database: str = "") -> Plan[Any]:
    """Give a record whose fields have these values, none of them None; None when there is none."""
    names = tuple(values)
    try:
        wanted = [description.field(name).comparable(value) for name, value in values.items()]
    except FieldProblem:
        return None
    statement = description.find_shape(names).bind(wanted, database or description.database)
    return _one_of((yield statement), database)


def _one_of(records: Records[Any], database: str) -> Any:
    if not records:
        return None
    if database:
        records.read_from(database)
    return records[0]


def _prepared(description: Description, values: Mapping[str, Any], database: str = "") -> Statement | None:
    """Give the statement for records whose fields have these values, None where it takes a query.

    Raises:
        FieldProblem: a field can never have its value.
    """
    if not values or description.scopes or not values.keys() <= description.names:
        return None
    fields, wanted = description.fields, []
    for name, value in values.items():
        if value is None:
            return None
        wanted.append(fields[name].comparable(value))
    return description.find_shape(tuple(values)).bind(wanted, database or description.database)


def find_the_one(description: Description, values: Mapping[str, Any]) -> Plan[Any]:
    """Give the only record of the model that meets lookups.

    Raises:
        RecordNotFound: there is none; the model may name a class of its own for it.
        SeveralRecords: there are several.
    """
    query = Query(description)
    if "pk" in values and len(description.key) == 1:
        values = {description.key_name if name == "pk" else name: value for name, value in values.items()}
    try:
        statement = _prepared(description, values)
    except FieldProblem:
        raise not_found(query) from None
    records: Sequence[Any] = () if statement is None else (yield statement)
    if len(records) != 1:
        return (yield from only_one(query.where(**values)))
    return records[0]


def _find_by_query(description: Description, values: Mapping[str, Any], database: str) -> Plan[Any]:
    query = Query(description, database_alias=database)
    try:
        query = query.where(**values)
    except InputError as error:
        if isinstance(error.__cause__, FieldProblem):
            return None
        raise
    records = yield from query.order_by(*description.key).limit(1).fetch()
    return records[0] if records else None
