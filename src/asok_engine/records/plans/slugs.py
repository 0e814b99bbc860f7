"""Making slugs of other fields before a save, and finding one that is free."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asok_engine.records.changes import stored_value
from asok_engine.records.fields.slug import Slug
from asok_engine.records.plans.values import pluck
from asok_engine.records.query import Query
from asok_engine.records.steps import Plan

if TYPE_CHECKING:
    from asok_engine.records.record import Record

__all__ = ["populate"]


def populate(record: Record, database: str) -> Plan[None]:
    """Fill the slugs of a record that are empty, or that follow a field which has changed.

    `database` is where the record goes, and where its slug has to be free.
    """
    values = record.__dict__
    for field in record.__description__.populated:
        assert isinstance(field, Slug)
        source = values.get(field.populate_from)
        if source is None or (values.get(field.name) and not _follows(record, field, source)):
            continue
        slug = field.made_of(source) or "item"
        values[field.name] = (yield from _free(record, field, slug, database)) if field.unique else slug


def _follows(record: Record, field: Slug[Any], source: Any) -> bool:
    if not field.always_update:
        return False
    origin = record._origin
    if origin is None or field.populate_from not in origin.layout.places:
        return origin is None
    return bool(stored_value(record, field.populate_from) != source)


def _free(record: Record, field: Slug[Any], slug: str, database: str) -> Plan[str]:
    """Give the slug, with the lowest number that makes it unlike those of other records."""
    query = Query(record.__description__, database_alias=database).with_everything()
    query = query.where(**{f"{field.name}__startswith": slug})
    if record._origin is not None:
        query = query.exclude(pk=record.pk)
    taken = set((yield from pluck(query, field.name)))
    found, number = slug, 1
    while found in taken:
        number += 1
        ending = f"-{number}"
        found = slug[: field.max_length - len(ending)] + ending
    return found
