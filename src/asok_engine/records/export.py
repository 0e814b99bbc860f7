"""A record as a dict of plain values, for templates, JSON and logs: without what is hidden."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asok_engine.records.record import Record

__all__ = ["to_dict"]


def to_dict(record: Record, *, only: Iterable[str] = (), leave_out: Iterable[str] = ()) -> dict[str, Any]:
    """Give the values of the fields that are loaded and not hidden.

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
            made[name] = _related(getattr(record, name))
            continue
        field = description.field(name)
        if not field.hidden and name not in unwanted:
            made[name] = getattr(record, field.name)
    return made


def _related(value: Any) -> Any:
    if value is None:
        return None
    return [to_dict(each) for each in value] if isinstance(value, list) else to_dict(value)
