"""Getting a record or making it, with several who do so at once.

Whoever comes second finds the record of the first: the insert runs in a savepoint,
and when it meets a unique key that has just been taken, the record is looked for
again. That needs a unique key over the values that are looked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from asok_engine.errors import UniqueError
from asok_engine.records.assignment import assignable, without_key
from asok_engine.records.plans.pick import only_one
from asok_engine.records.plans.save import save
from asok_engine.records.query import Query
from asok_engine.records.steps import Atomic, Plan
from asok_engine.sql.select import Lock

__all__ = ["get_or_create", "update_or_create"]


def get_or_create(
    query: Query,
    values: Mapping[str, Any],
    defaults: Mapping[str, Any] | None = None,
    *,
    trusts: bool = True,
) -> Plan[tuple[Any, bool]]:
    """Give the record with these values and False, or a new one of them and the defaults and True.

    A default may be a function without arguments. A value may be a lookup such as
    `name__iexact`; it helps to find and is not set. Where one does not trust the values,
    those of protected fields help to find as well and are not set.

    Raises:
        SeveralRecords: more than one record has the values.
    """
    found = query.where(**values)
    record = yield from _one(found)
    if record is not None:
        return record, False
    made = query.description.model(**_settable(query, values, defaults, trusts))
    try:
        yield Atomic(save(made, query.database), query.database)
    except UniqueError:
        record = yield from _one(found)
        if record is None:
            raise
        return record, False
    return made, True


def update_or_create(
    query: Query,
    values: Mapping[str, Any],
    changes: Mapping[str, Any] | None = None,
    *,
    trusts: bool = True,
) -> Plan[tuple[Any, bool]]:
    """Give the record with these values, changed, and False, or a new one of both and True.

    The row is locked while it is changed, where the database locks rows. `trusts` is as
    for `get_or_create`; without trust a row that is found keeps its key.
    """

    def change() -> Plan[Any]:
        record = yield from _one(query.where(**values).lock(Lock()))
        if record is not None:
            given = (changes or {}) if trusts else without_key(query.description, changes or {})
            for name, value in given.items():
                setattr(record, name, value() if callable(value) else value)
            yield from save(record, query.database)
        return record

    record = yield Atomic(change(), query.database)
    if record is not None:
        return record, False
    made = query.description.model(**_settable(query, values, changes, trusts))
    try:
        yield Atomic(save(made, query.database), query.database)
    except UniqueError:
        record = yield Atomic(change(), query.database)
        if record is None:
            raise
        return record, False
    return made, True


def _one(query: Query) -> Plan[Any]:
    records = yield from query.limit(2).fetch()
    if len(records) > 1:
        # The same words as for every query of one record.
        yield from only_one(query)
    return records[0] if records else None


def _settable(
    query: Query, values: Mapping[str, Any], defaults: Mapping[str, Any] | None, trusts: bool
) -> dict[str, Any]:
    description = query.description
    known = {*description.fields, *description.relations, *description.translated}
    made = {name.removesuffix("__exact"): value for name, value in values.items()}
    made = {name: value for name, value in made.items() if name in known or "__" not in name}
    if not trusts:
        # Why: what is looked for becomes what is made, and a form sends it (CWE-915).
        made = assignable(description, made)
    for name, value in (defaults or {}).items():
        made[name] = value() if callable(value) else value
    return made
