"""What of a record is to be written: every value coerced and checked, and the ones that differ.

A record that was read is compared with the row that it came from, decoded again
where the column holds another form; so a change inside a JSON value is seen, and
two records that were read apart do not undo each other's changes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from asok_engine.records.errors import FieldProblem, InvalidRecord
from asok_engine.records.fields.field import UNSET, Field
from asok_engine.records.rows import Origin

if TYPE_CHECKING:
    from asok_engine.records.description import Description
    from asok_engine.records.record import Record

__all__ = [
    "changed",
    "checked",
    "invalid",
    "mark_all_inserted",
    "mark_inserted",
    "mark_stored",
    "stored_value",
    "to_columns",
]


def checked(record: Record, fields: Iterable[Field[Any]]) -> dict[str, Any]:
    """Coerce and check the values of fields, put them back on the record, and give them by name.

    Fields without a value are left out where the database makes one.

    Raises:
        InvalidRecord: with a problem for each field that has one.
    """
    values = record.__dict__
    found: dict[str, Any] = {}
    problems: dict[str, list[FieldProblem]] = {}
    for field in fields:
        name = field.name
        value = values.get(name, UNSET)
        if value is UNSET or (value is None and not field.nullable):
            if field.is_counted or field.server_default is not None:
                continue
            value = None
        try:
            found[name] = values[name] = field.clean(value)
        except FieldProblem as problem:
            problems.setdefault(name, []).append(problem)
    if problems:
        raise invalid(type(record).__name__, problems)
    return found


def invalid(model: str, problems: dict[str, list[FieldProblem]]) -> InvalidRecord:
    """Say of all fields of a record what is wrong with them."""
    told = "; ".join(f"{name} {each.message}" for name, found in problems.items() for each in found)
    return InvalidRecord(f"{model} cannot be saved: {told}.", problems=problems)


def changed(record: Record) -> dict[str, Any]:
    """Give the values that differ from the row that the record was read from, coerced and checked.

    Raises:
        InvalidRecord: with a problem for each changed field that has one.
    """
    origin, row, values = record._origin, record._row, record.__dict__
    assert origin is not None
    layout = origin.layout
    found: dict[str, Any] = {}
    problems: dict[str, list[FieldProblem]] = {}
    for field, decode, before in zip(layout.fields, layout.decoders, row, strict=True):
        name = field.name
        value = values.get(name, UNSET)
        if value is before or value is UNSET:
            continue
        if decode is not None and before is not None:
            before = decode(before)
        is_equal = value == before and type(value) is type(before)
        exact = field.exact_form
        if is_equal and (exact is None or exact(value) == exact(before)):
            continue
        try:
            value = field.clean(value)
        except FieldProblem as problem:
            problems.setdefault(name, []).append(problem)
            continue
        # A password that reads like the hash of the one before is another password.
        if is_equal or value != before or (field.is_heavy and not field.is_prepared(value)):
            found[name] = values[name] = value
    if len(values) > len(layout.fields):
        _add_unread(record, found, problems)
    if problems:
        raise invalid(type(record).__name__, problems)
    return found


def _add_unread(record: Record, found: dict[str, Any], problems: dict[str, list[FieldProblem]]) -> None:
    """Add the fields that were not read with the record and have been given a value since."""
    assert record._origin is not None
    read, fields = record._origin.layout.places, record.__description__.fields
    for name, value in list(record.__dict__.items()):
        if name in fields and name not in read:
            try:
                found[name] = record.__dict__[name] = fields[name].clean(value)
            except FieldProblem as problem:
                problems.setdefault(name, []).append(problem)


def to_columns(description: Description, values: dict[str, Any]) -> list[Any]:
    """Give the values in the form of their columns, in order."""
    fields = description.fields
    made = []
    for name, value in values.items():
        convert = fields[name].to_column
        made.append(value if convert is None or value is None else convert(value))
    return made


def mark_inserted(record: Record, row: list[Any], database: str) -> None:
    """Remember the row of an insert: the columns of `quick_names`, with the key that was counted."""
    description = record.__description__
    counted = description.counted
    if counted:
        place = description.all_names.index(counted)
        row = [*row[:place], record.__dict__[counted], *row[place:]]
    record._row = row
    record._origin = Origin(description.stored_layout(description.all_names), None, database)


def mark_all_inserted(
    description: Description,
    records: Sequence[Record],
    rows: Sequence[list[Any]],
    keys: Sequence[Any] | None,
    database: str,
) -> None:
    """Remember the rows of one insert of many; the rows become the records' own.

    `keys` are those that were counted, None where none was.
    """
    origin = Origin(description.stored_layout(description.all_names), None, database)
    if keys is not None:
        place = description.all_names.index(description.counted)
        for row, key in zip(rows, keys, strict=True):
            row.insert(place, key)
    for record, row in zip(records, rows, strict=True):
        record._row = row
        record._origin = origin


def mark_stored(record: Record, database: str, only: Collection[str] | None = None) -> None:
    """Remember that what the record holds now is stored; with `only`, of these fields alone."""
    values, description, origin = record.__dict__, record.__description__, record._origin
    names = description.all_names
    if not values.keys() >= description.names:
        names = tuple(name for name in names if name in values)
    if only is not None and origin is not None:
        names = tuple(name for name in names if name in only or name in origin.layout.places)
    layout = description.stored_layout(names)
    row = []
    for field in layout.fields:
        name = field.name
        value = values[name] if only is None or name in only else stored_value(record, name)
        convert = field.to_column
        row.append(value if convert is None or value is None else convert(value))
    record._row = row
    record._origin = Origin(layout, None if origin is None else origin.result, database)


def stored_value(record: Record, name: str) -> Any:
    """Give the value of a field as it is in the database, as far as the record knows."""
    origin = record._origin
    assert origin is not None
    place = origin.layout.places[name]
    value, decode = record._row[place], origin.layout.decoders[place]
    return value if decode is None or value is None else decode(value)
