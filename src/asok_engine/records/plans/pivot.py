"""Joining and parting records that a pivot holds together; each deed is one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from asok_engine.errors import UsageError
from asok_engine.records.changes import invalid
from asok_engine.records.errors import FieldProblem, unknown_name
from asok_engine.records.paths import key_of
from asok_engine.records.relations.many_to_many import ManyToMany
from asok_engine.records.relations.relation import Relation
from asok_engine.records.steps import Atomic, Plan
from asok_engine.sql.change import Delete
from asok_engine.sql.expressions import Condition, In, Parameter
from asok_engine.sql.insert import Conflict, insert_shape
from asok_engine.sql.select import COLUMN, Output, Select

if TYPE_CHECKING:
    from asok_engine.records.record import Record

__all__ = ["Synced", "attach", "attached_keys", "detach", "refuse_strangers", "sync", "toggle"]


class Synced(Struct):
    """What a sync has done, as keys."""

    attached: list[Any]
    detached: list[Any]


def attach(
    record: Record, name: str, targets: Any, values: Mapping[str, Any] | None = None
) -> Plan[list[Any]]:
    """Join records, or keys, with a record; give the keys that were not joined before.

    `values` fill other columns of the pivot. Two who join the same ones at once both succeed,
    unless a model of the pivot has rules against it.
    """
    relation, keys = _relation(record, name), _keys(record, name, targets)
    alias = _alias(record)
    added: list[Any] = yield Atomic(_attach(record, relation, keys, values or {}, alias), alias)
    record.__dict__.pop(name, None)
    return added


def detach(record: Record, name: str, targets: Any = None) -> Plan[int]:
    """Part records, or keys, from a record; all of them without targets. Give their number."""
    relation = _relation(record, name)
    keys = None if targets is None else _keys(record, name, targets)
    count = yield from _detach(record, relation, keys, _alias(record))
    record.__dict__.pop(name, None)
    return count


def sync(record: Record, name: str, targets: Any, values: Mapping[str, Any] | None = None) -> Plan[Synced]:
    """Join exactly these records, or keys, with a record: add what is missing, part what is too much."""
    keys = _keys(record, name, targets)
    return (yield from _changed_to(record, name, lambda have: keys, values or {}))


def toggle(record: Record, name: str, targets: Any) -> Plan[Synced]:
    """Join what is apart and part what is joined."""
    keys = _keys(record, name, targets)

    def turned(have: list[Any]) -> list[Any]:
        known, given = set(have), set(keys)
        return [*(key for key in have if key not in given), *(key for key in keys if key not in known)]

    return (yield from _changed_to(record, name, turned, {}))


def attached_keys(record: Record, name: str) -> Plan[list[Any]]:
    """Give the keys of the records that are joined with a record."""
    return (yield from _have(record, _relation(record, name), _alias(record)))


def _changed_to(
    record: Record, name: str, wanted: Callable[[list[Any]], list[Any]], values: Mapping[str, Any]
) -> Plan[Synced]:
    """Join exactly the keys that a function makes of those that are joined, in one transaction."""
    relation, alias = _relation(record, name), _alias(record)

    def deed() -> Plan[Synced]:
        have = yield from _have(record, relation, alias)
        keys = wanted(have)
        kept = set(keys)
        surplus = [key for key in have if key not in kept]
        if surplus:
            yield from _detach(record, relation, surplus, alias)
        added = yield from _attach(record, relation, keys, values, alias, have)
        return Synced(added, surplus)

    done: Synced = yield Atomic(deed(), alias)
    record.__dict__.pop(name, None)
    return done


def _attach(
    record: Record,
    relation: ManyToMany[Any],
    keys: list[Any],
    values: Mapping[str, Any],
    alias: str,
    have: list[Any] | None = None,
) -> Plan[list[Any]]:
    if have is None:
        have = yield from _have(record, relation, alias)
    known = set(have)
    wanted = [key for key in keys if key not in known]
    if not wanted:
        return []
    pivot = relation.pivot
    extra = _pivot_values(relation, values)
    columns = (relation.own_column, relation.other_column, *extra)
    # Joining what somebody else has joined meanwhile is no error; a pivot with a model has rules of its own.
    conflict = None if relation.through is not None else Conflict("ignore")
    shape = relation.owner.kept_shape(
        ("pivot", relation.name, columns), lambda: insert_shape(pivot, columns, conflict=conflict)
    )
    own = _column_value(relation.owner, record.pk)
    rows = [(own, _column_value(relation.target, key), *extra.values()) for key in wanted]
    if conflict is not None:
        # In one order, so that two who join the same ones do not wait for each other.
        rows.sort()
    yield shape.bind_many(rows, alias)
    return wanted


def _pivot_values(relation: ManyToMany[Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Give the values of the pivot's other columns: those that were given, and its model's defaults."""
    through = relation.through
    if through is None:
        if values:
            raise UsageError(
                f"The pivot of {relation!r} has no other columns.", fix="Give it a model with `through`."
            )
        return {}
    description = through.__description__
    made: dict[str, Any] = {}
    defaults = through(**values).__dict__
    for name, field in description.fields.items():
        if field.column in (relation.own_column, relation.other_column) or field.is_counted:
            continue
        value = defaults.get(name)
        if value is None and field.sets_at_create:
            value = field.coerce(field.clock())  # type: ignore[attr-defined]
        value = field.clean(value)
        made[field.column] = value if field.to_column is None or value is None else field.to_column(value)
    return made


def _detach(record: Record, relation: ManyToMany[Any], keys: list[Any] | None, alias: str) -> Plan[int]:
    if keys is not None and not keys:
        return 0
    condition = _own(record, relation)
    if keys is not None:
        other = relation.pivot.ref(relation.other_column)
        condition = condition & In(other, [_column_value(relation.target, key) for key in keys])
    count: int = yield Delete(relation.pivot, condition, database=alias, writes=True)
    return count


def _have(record: Record, relation: ManyToMany[Any], alias: str) -> Plan[list[Any]]:
    other = relation.pivot.ref(relation.other_column)
    keys: list[Any] = yield Select(
        relation.pivot, (Output(other),), COLUMN, where=_own(record, relation), database=alias
    )
    return keys


def _own(record: Record, relation: ManyToMany[Any]) -> Condition:
    ref = relation.pivot.ref(relation.own_column)
    return ref == Parameter(_column_value(relation.owner, record.pk), ref.type)


def _column_value(description: Any, key: Any) -> Any:
    field = description.fields[description.key_name]
    return field.comparable(key)


def _relation(record: Record, name: str) -> ManyToMany[Any]:
    relations = record.__description__.relations
    relation = relations.get(name)
    if not isinstance(relation, ManyToMany):
        known = [each for each, found in relations.items() if isinstance(found, ManyToMany)]
        raise unknown_name(name, type(record).__name__, known, "relation through a pivot")
    if record._origin is None:
        raise UsageError(f"{record!r} is not in the database; save it before it is joined with others.")
    return relation


def _keys(record: Record, name: str, targets: Any) -> list[Any]:
    """Give the keys of records or keys, one or many, each once and in the form that the field has."""
    if isinstance(targets, str | bytes) or not isinstance(targets, Iterable):
        targets = [targets]
    relation = record.__description__.relations[name]
    key = relation.target.fields[relation.target.key_name]
    targets = list(targets)
    refuse_strangers(relation, targets)
    try:
        return list(dict.fromkeys(key.clean(key_of(target)) for target in targets))
    except FieldProblem as problem:
        raise invalid(type(record).__name__, {name: [problem]}) from problem


def refuse_strangers(relation: Relation[Any], targets: Iterable[Any]) -> None:
    """Refuse records of a model that a relation does not lead to: their keys are those of others.

    Raises:
        UsageError: one of them is.
    """
    for each in targets:
        if hasattr(each, "__description__") and not isinstance(each, relation.target.model):
            raise UsageError(f"{relation!r} leads to {relation.target.name}; {each!r} is none.")


def _alias(record: Record) -> str:
    assert record._origin is not None
    return record._origin.database
