"""Deleting records, with what the models that point to them say: cascade, set null, restrict.

The database does what it can by its own constraints. Records of another model are
deleted one by one only where that model has hooks, signals or restrictions of its
own. A model with a soft-delete field is marked instead, unless one insists.

One deed is one transaction, and deletes each row once, by whatever ways it is reached:
rows may point to each other in a circle, and a chain of them may be of any length.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from types import GeneratorType
from typing import TYPE_CHECKING, Any, TypeAlias

from asok_engine.records.changes import mark_stored, stored_value
from asok_engine.records.errors import RestrictedDelete
from asok_engine.records.events import EventKind, model_events
from asok_engine.records.fields.moment import SoftDelete
from asok_engine.records.fields.reference import ForeignKey
from asok_engine.records.loading import database_beside
from asok_engine.records.plans.count import exists
from asok_engine.records.plans.save import call_hooks
from asok_engine.records.query import Query
from asok_engine.records.registry import registry
from asok_engine.records.signals import post_delete, pre_delete
from asok_engine.records.steps import Atomic, Plan

if TYPE_CHECKING:
    from asok_engine.records.description import Description
    from asok_engine.records.record import Record

__all__ = ["delete", "force_delete", "force_delete_each", "incoming", "needs_deeds", "restore"]

#: A plan that may also yield another such plan, and receives its result.
DeepPlan: TypeAlias = Generator[Any, Any, Any]


def delete(record: Record, database: str = "") -> Plan[int]:
    """Delete a record, or mark it where its model deletes softly; give the number of its rows: 0 or 1.

    Raises:
        RestrictedDelete: another record points here with RESTRICT or PROTECT.
    """
    description = record.__description__
    if not description.soft_delete:
        return (yield from force_delete(record, database))
    if record._origin is None:
        return 0
    return (yield from _with_listeners(record, _mark(record, database)))


def force_delete(record: Record, database: str = "") -> Plan[int]:
    """Delete the row of a record, whatever its model says about soft deletion."""
    if record._origin is None:
        return 0
    if not needs_deeds(record.__description__):
        return (yield from _delete_row(record, database))
    return (yield from force_delete_each([record], database or record._origin.database))


def force_delete_each(records: Iterable[Record], database: str) -> Plan[int]:
    """Delete the rows of stored records with all that their models ask for; give how many of them went.

    One that an earlier one has taken along counts, and is not deleted again.
    """
    count: int = yield Atomic(_on_a_stack(_Deed().delete_each(records, database)), database)
    return count


def restore(record: Record, database: str = "") -> Plan[Any]:
    """Take the mark of a soft deletion off; give the record."""
    marker = record.__description__.soft_delete
    if marker and record.__dict__.get(marker) is not None:
        record.__dict__[marker] = None
        yield from _write_marker(record, marker, database)
    return record


def needs_deeds(description: Description) -> bool:
    """Tell whether deleting a record is more than one statement, or somebody wants to hear of it."""
    has_hooks = "before_delete" in description.hooks or "after_delete" in description.hooks
    is_heard = bool(pre_delete) or bool(post_delete) or model_events.wants(description.model)
    return has_hooks or is_heard or bool(incoming(description))


def incoming(description: Description) -> list[tuple[Description, ForeignKey[Any]]]:
    """Give the foreign keys of all models that point to this one."""
    kept = description.incoming_kept
    if kept is None or kept[0] != registry.generation:
        found = [
            (model.__description__, field)
            for model in registry.models()
            for field in model.__description__.fields.values()
            if isinstance(field, ForeignKey) and field.points_to(description.model)
        ]
        kept = description.incoming_kept = (registry.generation, found)
    return kept[1]


def _on_a_stack(plan: DeepPlan) -> Plan[Any]:
    """Drive a plan and the plans that it yields on a list of them, not on Python's own stack.

    An error ends them all: none of them has anything to mend, and the transaction is undone.
    """
    stack, value = [plan], None
    while stack:
        try:
            step = stack[-1].send(value)
        except StopIteration as end:
            stack.pop()
            value = end.value
            continue
        if type(step) is GeneratorType:
            stack.append(step)
            value = None
        else:
            value = yield step
    return value


def _with_listeners(record: Record, deed: DeepPlan) -> Generator[Any, Any, int]:
    yield from call_hooks(record, "before_delete")
    if pre_delete:
        yield from pre_delete.send(type(record), instance=record)
    count: int = yield from deed
    yield from call_hooks(record, "after_delete")
    if post_delete:
        yield from post_delete.send(type(record), instance=record)
    return count


class _Deed:
    """One deletion with all that it takes along."""

    def __init__(self) -> None:
        #: The rows that were reached, with the number of rows that went by it: None while it is going on.
        self._reached: dict[Any, int | None] = {}
        #: A row was reached again on the way down from itself.
        self._has_circle = False

    def delete_each(self, records: Iterable[Record], alias: str) -> DeepPlan:
        count = 0
        for record in records:
            count += yield self._delete(record, alias)
        return count

    def _delete(self, record: Record, alias: str) -> DeepPlan:
        """Delete one row with its listeners, unless it is gone or going already; give its number: 0 or 1."""
        description = record.__description__
        row = (alias, description.table.full_name, *[stored_value(record, name) for name in description.key])
        if row in self._reached:
            count = self._reached[row]
            if count is None:
                self._has_circle = True
            else:
                record._row = record._origin = None
            return count or 0
        self._reached[row] = None
        deed = self._delete_all(record, alias)
        count = yield from (_with_listeners(record, deed) if needs_deeds(description) else deed)
        self._reached[row] = count
        return count

    def _delete_all(self, record: Record, alias: str) -> Generator[Any, Any, int]:
        """Do what the models that point here ask for, then delete the row."""
        pointing = []
        for child, field in incoming(record.__description__):
            value = stored_value(record, field.target_field.name)
            if value is not None:
                there = database_beside(record.__description__, alias, child)
                query = Query(child, database_alias=there).with_everything().where_equal(field.name, value)
                pointing.append((child, field, query))
        for child, field, query in pointing:
            if field.on_delete in ("RESTRICT", "PROTECT") and (yield from exists(query)):
                raise RestrictedDelete(
                    f"{record!r} cannot be deleted: a {child.name} points to it by {field.name!r}.",
                    fix=f"Delete the {child.name} first, or let it point to another record.",
                )
        for child, field, query in pointing:
            by_database = field.has_constraint and child.database == record.__description__.database
            if field.on_delete == "CASCADE" and (needs_deeds(child) or not by_database):
                for each in (yield from query.fetch()):
                    yield self._delete(each, query.database)
            elif field.on_delete == "SET_NULL" and (not by_database or model_events.wants(child.model)):
                for each in (yield from query.fetch()):
                    each.__dict__[field.name] = None
                    yield from _write_marker(each, field.name, query.database)
        # The last row of a circle takes the others along by the database's own cascade.
        return (yield from _delete_row(record, alias, self._has_circle))


def _delete_row(record: Record, database: str, is_taken_along: bool = False) -> Plan[int]:
    description, origin = record.__description__, record._origin
    assert origin is not None
    wanted, alias = _key_columns(record), database or origin.database
    count = yield description.delete_shape(description.key).bind(wanted, alias)
    count = count or int(is_taken_along)
    record._row = record._origin = None
    if model_events and count:
        yield from model_events.tell(description, "deleted", (record.pk,), database=alias)
    return int(count)


def _mark(record: Record, database: str) -> Plan[int]:
    """Write the moment of the deletion into the field for it."""
    description = record.__description__
    marker = description.soft_delete
    if record.__dict__.get(marker) is not None:
        return 0
    field = description.fields[marker]
    assert isinstance(field, SoftDelete)
    record.__dict__[marker] = field.clock()
    return (yield from _write_marker(record, marker, database))


def _write_marker(record: Record, name: str, database: str) -> Plan[int]:
    """Write one field as it stands, without touching what else has changed."""
    description, origin = record.__description__, record._origin
    assert origin is not None
    value, convert = record.__dict__[name], description.fields[name].to_column
    column = value if convert is None or value is None else convert(value)
    alias = database or origin.database
    count = yield description.update_shape((name,), description.key).bind(
        [column, *_key_columns(record)], alias
    )
    mark_stored(record, alias, (name,))
    if model_events and count:
        kind = marker_kind(description, name, value)
        yield from model_events.tell(description, kind, (record.pk,), (name,), alias)
    return int(count)


def marker_kind(description: Description, name: str, value: Any) -> EventKind:
    """Give what setting one field means for those who may not see what is softly deleted."""
    if name != description.soft_delete:
        return "updated"
    return "created" if value is None else "deleted"


def _key_columns(record: Record) -> list[Any]:
    made = []
    for name in record.__description__.key:
        value, convert = stored_value(record, name), record.__description__.fields[name].to_column
        made.append(value if convert is None else convert(value))
    return made
