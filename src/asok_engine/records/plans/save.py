"""Saving a record: an insert of all values, or an update of those that have changed.

Order: hooks, stamps, checks, statement, hooks. Nothing changed means no statement,
and no hooks of an update.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from asok_engine.errors import DataError, UniqueError
from asok_engine.records.changes import changed, checked, mark_inserted, mark_stored, stored_value, to_columns
from asok_engine.records.conflicts import not_unique
from asok_engine.records.errors import NotUnique, StaleRecord
from asok_engine.records.events import model_events
from asok_engine.records.fields.field import Field
from asok_engine.records.plans.refresh import refresh
from asok_engine.records.plans.slugs import populate
from asok_engine.records.signals import post_save, pre_save
from asok_engine.records.steps import AskDialect, Call, Compute, Plan
from asok_engine.sql.insert import insert_shape

if TYPE_CHECKING:
    from asok_engine.records.description import Description
    from asok_engine.records.record import Record
    from asok_engine.sql.dialects.contract import Dialect

__all__ = ["call_hooks", "insert", "prepared", "save", "stamp", "update"]


def save(record: Record, database: str = "", only: Sequence[str] | None = None) -> Plan[Any]:
    """Write a record: insert it when it is not in the database, else update what has changed.

    Gives the record. `only` limits an update to some fields.

    Raises:
        InvalidRecord: with a report per field.
        NotUnique: another record has a value that no two may have; an InvalidRecord as well.
        StaleRecord: the row is gone, or was changed by someone else where the model counts versions.
    """
    try:
        if record._row is None:
            return (yield from insert(record, database))
        return (yield from update(record, database, only))
    except DataError:
        if record._row is None:
            # Looked at again one by one, so that the field is named.
            checked(record, record.__description__.fields.values())
        raise
    except UniqueError as error:
        told = None if isinstance(error, NotUnique) else not_unique(record.__description__, error)
        if told is None:
            raise
        raise told from error


def insert(record: Record, database: str = "") -> Plan[Any]:
    """Insert a record, with its own key where it has one; give the record."""
    description = record.__description__
    hooks, alias = description.hooks, database or description.database
    if hooks:
        yield from call_hooks(record, "before_save", "before_create")
    if pre_save:
        yield from pre_save.send(type(record), instance=record, created=True)
    for relation in description.references:
        if relation.name in record.__dict__:
            relation.settle(record)
    if description.populated:
        yield from populate(record, alias)
    if description.stamps_at_create:
        stamp(record, description.stamps_at_create, is_first=True)
    if description.options.version:
        record.__dict__.setdefault(description.options.version, 1)
    counted, quick = description.counted, description.quick_row
    row = None if quick is None else quick(record.__dict__)
    if row is not None:
        key = yield description.insert_shape(description.quick_names).bind(row, alias)
        if counted:
            record.__dict__[counted] = key
        mark_inserted(record, row, alias)
    else:
        values = checked(record, description.fields.values())
        if description.prepares:
            yield from prepared(description, values)
            record.__dict__.update(values)
        unfilled = [name for name in description.filled_by_server if name not in values]
        if unfilled:
            yield from _insert_and_read(record, values, unfilled, alias)
        else:
            key = yield description.insert_shape(tuple(values)).bind(to_columns(description, values), alias)
            if counted and counted not in values:
                record.__dict__[counted] = key
            mark_stored(record, alias)
    if hooks:
        yield from call_hooks(record, "after_create", "after_save")
    if post_save:
        yield from post_save.send(type(record), instance=record, created=True)
    if model_events:
        yield from model_events.tell(description, "created", (record.pk,), database=alias)
    return record


def _insert_and_read(record: Record, values: dict[str, Any], unfilled: list[str], alias: str) -> Plan[None]:
    """Insert a record and read what the database has filled in: with the insert where that is possible."""
    description, names = record.__description__, tuple(values)
    dialect: Dialect = yield AskDialect(alias)
    counted = description.counted if description.counted not in names else ""
    if not dialect.supports_insert_returning:
        key = yield description.insert_shape(names).bind(to_columns(description, values), alias)
        if counted:
            record.__dict__[counted] = key
        mark_stored(record, alias)
        yield from refresh(record, *unfilled)
        return
    wanted = (*([counted] if counted else []), *unfilled)
    shape = description.kept_shape(
        ("insert and read", names, wanted),
        lambda: insert_shape(
            description.source, description.columns_of(names), returning=description.columns_of(wanted)
        ),
    )
    rows = yield shape.bind(to_columns(description, values), alias)
    for name, value in zip(wanted, rows[0], strict=True):
        convert = description.fields[name].from_column
        record.__dict__[name] = value if convert is None or value is None else convert(value)
    mark_stored(record, alias)


def update(record: Record, database: str = "", only: Sequence[str] | None = None) -> Plan[Any]:
    """Update the columns of a record that have changed since it was read; give the record."""
    description, origin = record.__description__, record._origin
    assert origin is not None
    hooks, alias = description.hooks, database or origin.database
    if hooks:
        yield from call_hooks(record, "before_save", "before_update")
    if pre_save:
        yield from pre_save.send(type(record), instance=record, created=False)
    if description.populated:
        yield from populate(record, alias)
    changes = changed(record)
    if only is not None:
        names = {description.own_field(name).name for name in only}
        changes = {name: value for name, value in changes.items() if name in names}
    if not changes:
        return record
    if description.prepares:
        yield from prepared(description, changes)
        record.__dict__.update(changes)
    if description.stamps_at_save:
        for field in stamp(record, description.stamps_at_save, is_first=False):
            changes[field.name] = record.__dict__[field.name]
    keys = description.key
    wanted = [stored_value(record, name) for name in keys]
    version = description.options.version
    if version:
        before = stored_value(record, version)
        changes[version] = record.__dict__[version] = before + 1
        keys, wanted = (*keys, version), [*wanted, before]
    values = to_columns(description, changes)
    for name, value in zip(keys, wanted, strict=True):
        convert = description.fields[name].to_column
        values.append(value if convert is None else convert(value))
    count = yield description.update_shape(tuple(changes), keys).bind(values, alias)
    if count == 0:
        if version:
            record.__dict__[version] = wanted[-1]
        raise StaleRecord(
            f"{record!r} was not saved: its row was deleted{' or changed' if version else ''} meanwhile.",
            fix="Read it again and repeat the change.",
        )
    mark_stored(record, alias, None if only is None else changes)
    if hooks:
        yield from call_hooks(record, "after_update", "after_save")
    if post_save:
        yield from post_save.send(type(record), instance=record, created=False)
    if model_events:
        yield from model_events.tell(description, "updated", (record.pk,), changes, alias)
    return record


def prepared(description: Description, values: dict[str, Any]) -> Plan[None]:
    """Do the work that some fields ask for, such as hashing, and put its results in place."""
    for field in description.prepares:
        value = values.get(field.name)
        if value is not None and not field.is_prepared(value):
            values[field.name] = yield Compute(field.prepare, (value,))


def call_hooks(record: Record, *names: str) -> Plan[None]:
    """Call the hooks that the model has, in this order."""
    for name in names:
        if name in record.__description__.hooks:
            yield Call(getattr(record, name))


def stamp(record: Record, fields: Sequence[Field[Any]], is_first: bool) -> Sequence[Field[Any]]:
    """Put one moment into all fields that set themselves; at the first save only where there is no value."""
    values = record.__dict__
    now: datetime | None = None
    for field in fields:
        if is_first and values.get(field.name) is not None:
            continue
        now = now or field.clock()  # type: ignore[attr-defined]
        values[field.name] = (
            now if field.column_type.kind == "datetime" else date(now.year, now.month, now.day)
        )
    return fields
