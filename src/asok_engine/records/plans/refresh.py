"""Reading the row of a record again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asok_engine.records.changes import mark_stored, stored_value
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
        raise record.not_found_error(f"{record!r} is not in the database.")
    query = Query(description).with_everything().using(origin.database)
    for name in description.key:
        query = query.where_equal(name, stored_value(record, name))
    if names:
        query = query.only(*names)
    found = yield from query.fetch()
    if not found:
        raise record.not_found_error(f"The row of {record!r} is gone.")
    again = found[0]
    if names:
        wanted = {description.own_field(name).name for name in names}
        record.__dict__.update({name: again.__dict__[name] for name in wanted})
        mark_stored(record, origin.database, wanted)
        return record
    record.__dict__ = again.__dict__
    record._row, record._origin = again._row, again._origin
    return record
