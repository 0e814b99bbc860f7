"""A record as a dict of plain values, for templates, JSON and logs: without what is hidden."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from asok_engine.records.errors import NotLoaded
from asok_engine.records.zones import from_utc

if TYPE_CHECKING:
    from asok_engine.records.record import Record
    from asok_engine.records.relations.relation import Relation

__all__ = ["to_dict"]


def to_dict(record: Record, *, only: Iterable[str] = (), leave_out: Iterable[str] = ()) -> dict[str, Any]:
    """Give the values of the fields that are loaded and not hidden; moments in the zone that holds here.

    `only` chooses and may name loaded relations, which become dicts too; a hidden field
    stays hidden whoever names it.

    Raises:
        UnknownName: a name is nothing that the model has.
    """
    description, values = record.__description__, record.__dict__
    unwanted = set(leave_out)
    names = list(only) or [name for name in description.fields if name in values]
    made: dict[str, Any] = {}
    for name in names:
        relation = description.relations.get(name)
        if relation is not None and name not in unwanted:
            made[name] = _related(values[name] if name in values else getattr(record, name), relation)
            continue
        field = description.field(name)
        if not field.hidden and name not in unwanted:
            value = getattr(record, field.name)
            made[name] = from_utc(value) if type(value) is datetime else value
    return made


def _related(value: Any, relation: Relation[Any]) -> Any:
    if value is None:
        return None
    if isinstance(value, list):
        return [to_dict(each) for each in value]
    if not hasattr(type(value), "__description__"):
        raise NotLoaded(f"{relation.owner.name}.{relation.name} was not loaded.", fix="Load it first.")
    return to_dict(value)
