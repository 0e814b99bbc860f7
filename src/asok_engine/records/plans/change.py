"""Changing and deleting all records of a query, and adding to numbers, without reading them first.

Values go the way of a save: coerced, checked, hashed or encrypted by their fields.
Hooks and signals are not called; a model that needs them on deletion has its records
deleted one by one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from asok_engine.errors import UsageError
from asok_engine.records.changes import invalid, stored_value
from asok_engine.records.errors import FieldProblem
from asok_engine.records.events import EventKind, model_events
from asok_engine.records.fields.moment import Duration, SoftDelete
from asok_engine.records.fields.number import Decimal, Float, Integer
from asok_engine.records.plans.delete import force_delete_each, needs_deeds
from asok_engine.records.plans.refresh import refresh
from asok_engine.records.plans.save import prepared
from asok_engine.records.query import Query
from asok_engine.records.steps import Atomic, Plan
from asok_engine.sql.change import Delete, Update
from asok_engine.sql.expressions import Condition, Expression, Parameter, all_of
from asok_engine.sql.functions import Function
from asok_engine.sql.select import InSelect

if TYPE_CHECKING:
    from asok_engine.records.record import Record

__all__ = ["delete_all", "force_delete_all", "increment", "restore_all", "update_all"]

#: Changes of more rows at once are told of without their keys.
MOST_TOLD = 1000


def update_all(query: Query, changes: Mapping[str, Any]) -> Plan[int]:
    """Change fields of all records of a query; give their number.

    A value may be an expression over the record's own fields: `{"views": Post.views + 1}`.

    Raises:
        InvalidRecord: a value is nothing that its field accepts.
    """
    if query.is_empty or not changes:
        return 0
    description = query.description
    values: dict[str, Any] = {}
    expressions: dict[str, Expression] = {}
    problems: dict[str, list[FieldProblem]] = {}
    for given, value in changes.items():
        relation = description.relations.get(given)
        field = description.field(relation.local_name if relation is not None else given)
        if isinstance(value, Expression):
            expressions[field.name] = value
            continue
        try:
            values[field.name] = field.clean(value)
        except FieldProblem as problem:
            problems.setdefault(field.name, []).append(problem)
    if problems:
        raise invalid(description.name, problems)
    yield from prepared(description, values)
    moment = None
    for field in description.stamps_at_save:
        if field.name not in values and field.name not in expressions:
            moment = moment or field.clock()  # type: ignore[attr-defined]
            values[field.name] = field.coerce(moment)
    assignments = list(expressions.items()) + [
        (
            name,
            Parameter(_column_value(description.fields[name], value), description.fields[name].column_type),
        )
        for name, value in values.items()
    ]
    named = tuple((description.fields[name].column, expression) for name, expression in assignments)
    return (yield from _told(query, "updated", named, [name for name, _ in assignments]))


def delete_all(query: Query) -> Plan[int]:
    """Delete all records of a query, or mark them where the model deletes softly; give their number."""
    marker = query.description.soft_delete
    if not marker or query.is_empty:
        return (yield from force_delete_all(query))
    field = query.description.fields[marker]
    assert isinstance(field, SoftDelete)
    assignment = (field.column, Parameter(field.clock(), field.column_type))
    return (yield from _told(query, "deleted", (assignment,), [marker]))


def force_delete_all(query: Query) -> Plan[int]:
    """Delete the rows of all records of a query; give their number.

    Raises:
        RestrictedDelete: another record points to one of them with RESTRICT or PROTECT; nothing is deleted.
    """
    if query.is_empty:
        return 0
    if needs_deeds(query.description):
        count: int = yield Atomic(_one_by_one(query), query.database)
        return count
    gone: int = yield Delete(
        query.description.source, _condition(query), database=query.database, writes=True
    )
    return gone


def restore_all(query: Query) -> Plan[int]:
    """Take the mark of a soft deletion off all records of a query; give their number."""
    marker = query.description.soft_delete
    if not marker or query.is_empty:
        return 0
    field = query.description.fields[marker]
    trashed = query if query.trashed != "without" else query.only_trashed()
    assignment = (field.column, Parameter(None, field.column_type))
    return (yield from _told(trashed, "created", (assignment,), [marker]))


def increment(record: Record, name: str, by: Any = 1, **changes: Any) -> Plan[Any]:
    """Add to a number in the database itself, so that no increment is lost; give the record with the sum.

    Raises:
        RecordNotFound: the row is gone.
    """
    description = record.__description__
    field = description.field(name)
    if record._origin is None:
        raise UsageError(f"{record!r} is not in the database; save it before adding to {name!r}.")
    if not isinstance(field, Integer | Float | Decimal | Duration):
        raise UsageError(f"{description.name}.{field.name} holds no number, so nothing can be added to it.")
    ref = description.ref(field.name)
    # A number that is missing counts as 0.
    current = Function("coalesce", (ref, Parameter(0, field.column_type))) if field.nullable else ref
    query = Query(description).with_everything().using(record._origin.database)
    for key in description.key:
        query = query.where_equal(key, stored_value(record, key))
    yield from update_all(query, {field.name: current + field.coerce(by), **changes})
    stamps = [each.name for each in description.stamps_at_save]
    return (yield from refresh(record, field.name, *changes, *stamps))


def _told(
    query: Query, kind: EventKind, assignments: Sequence[tuple[str, Expression]], names: Sequence[str]
) -> Plan[int]:
    """Perform the UPDATE; where somebody listens to the model, tell which rows that were."""
    description, alias = query.description, query.database
    update = Update(description.source, tuple(assignments), _condition(query), database=alias, writes=True)
    if not model_events.wants(description.model):
        count: int = yield update
        return count

    def deed() -> Plan[int]:
        # Before the change, because afterwards the rows may no longer meet the conditions.
        keys = yield from _keys(query)
        changed: int = yield update
        if changed:
            yield from model_events.tell(description, kind, keys, names, alias)
        return changed

    count = yield Atomic(deed(), alias)
    return count


def _keys(query: Query) -> Plan[list[Any]]:
    """Give the keys of the rows, none where they are so many that each is told of in vain."""
    plain = replace(query, included=(), joined=(), annotations=(), locking=None)
    if query.limited is None:
        plain = replace(plain, orders=(), is_ordered=True, limited=MOST_TOLD + 1)
    found = yield from plain.only(*query.description.key).fetch()
    return [record.pk for record in found] if len(found) <= MOST_TOLD else []


def _one_by_one(query: Query) -> Plan[int]:
    # Whole rows: what points to a record may name any field of it.
    whole = replace(query, names=None, included=())
    return (yield from force_delete_each((yield from whole.fetch()), query.database))


def _condition(query: Query) -> Condition | None:
    """Give the condition on the table's own columns; what needs more becomes a condition on the key."""
    scoped = replace(query.scoped(), included=(), joined=(), locking=None)
    is_cut = scoped.limited is not None or bool(scoped.skipped)
    if is_cut or scoped.joins or scoped.members or scoped.groups or scoped.distinct_rows:
        if len(scoped.description.key) != 1:
            raise UsageError(
                f"{scoped.description.name} has a key of several fields; change its records one by one."
            )
        return InSelect(scoped.description.ref(scoped.description.key_name), scoped.as_subquery())
    return all_of(scoped.conditions) if scoped.conditions else None


def _column_value(field: Any, value: Any) -> Any:
    return value if field.to_column is None or value is None else field.to_column(value)
