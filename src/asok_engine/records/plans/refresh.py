"""Reading the row of a record again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asok_engine.records.errors import RecordNotFound
from asok_engine.records.plans.save import stored_value
from asok_engine.records.query import Query
from asok_engine.records.steps import Plan

if TYPE_CHECKING:
    from asok_engine.records.record import Record

__all__ = ["refresh"]


def refresh(record: Record, *names: str) -> Plan[Any]:
    """Read the row again, and drop relations that were loaded; give the record.

    With names, read these fields alone and leave the others as they are.

    Raises:
        RecordNotFound: the row is gone, or the record was never saved.
    """
    description = record.__description__
    origin = record._origin
    if origin is None:
        raise RecordNotFound(f"{record!r} is not in the database.")
    query = Query(description).with_everything().using(origin.database)
    for name in description.key:
        query = query.where_equal(name, stored_value(record, name))
    if names:
        query = query.only(*names)
    found = yield from query.fetch()
    if not found:
        raise RecordNotFound(f"The row of {record!r} is gone.")
    again = found[0]
    if names:
        wanted = {description.field(name).name for name in names}
        record.__dict__.update({name: again.__dict__[name] for name in wanted})
        _merge(record, again, wanted)
        return record
    record.__dict__ = again.__dict__
    record._row, record._origin = again._row, again._origin
    return record


def _merge(record: Record, again: Record, names: set[str]) -> None:
    """Take the rows of some fields over, in the form in which the record keeps its row."""
    description = record.__description__
    have = [name for name in description.all_names if name in names or name in record._origin.layout.places]  # type: ignore[union-attr]
    row = []
    for name in have:
        value = stored_value(again if name in names else record, name)
        convert = description.fields[name].to_column
        row.append(value if convert is None or value is None else convert(value))
    origin = record._origin
    assert origin is not None
    record._origin = type(origin)(description.stored_layout(tuple(have)), origin.result, origin.database)
    record._row = row
