"""Records as dicts, for JSON and templates: what is hidden stays out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from asok_engine.records.errors import unknown_name

if TYPE_CHECKING:
    from asok_engine.records.record import Record

__all__ = ["fill", "to_dict"]


def to_dict(
    record: Record, *, only: Collection[str] = (), without: Collection[str] = (), hidden: bool = False
) -> dict[str, Any]:
    """Give the fields that were read, and relations that were loaded, as a dict.

    Hidden fields are left out, unless `hidden` or named in `only`. Relations become
    dicts, or lists of them; a record that stands above in the same tree is left out.

    Raises:
        UnknownName: `only` or `without` names nothing that the model has.
    """
    description = record.__description__
    known = {*description.fields, *description.relations}
    for name in (*only, *without):
        if name not in known and name not in record.__dict__:
            raise unknown_name(name, description.name, known)
    return _dict(record, frozenset(only), frozenset(without), hidden, ())


def _dict(
    record: Record, only: Collection[str], without: Collection[str], hidden: bool, above: tuple[int, ...]
) -> dict[str, Any]:
    fields, relations = record.__description__.fields, record.__description__.relations
    made: dict[str, Any] = {}
    for name, value in record.__dict__.items():
        if name.startswith("_") or name in without or (only and name not in only):
            continue
        if name in relations:
            if value is None or not _stands_above(value, above):
                made[name] = _relation(value, hidden, (*above, id(record)))
            continue
        field = fields.get(name)
        if field is None or hidden or not field.hidden or name in only:
            made[name] = value
    return made


def _stands_above(value: Any, above: tuple[int, ...]) -> bool:
    return id(value) in above


def _relation(value: Any, hidden: bool, above: tuple[int, ...]) -> Any:
    if value is None:
        return None
    if isinstance(value, list):
        return [_dict(each, (), (), hidden, above) for each in value if id(each) not in above]
    return _dict(value, (), (), hidden, above)


def fill(record: Record, values: Mapping[str, Any]) -> list[str]:
    """Set fields and relations from outside, such as a form; give the names that were left alone.

    Keys and protected fields are left alone: who sends a form does not decide them.

    Raises:
        UnknownName: the model has no field or relation of a name.
    """
    description = record.__description__
    left: list[str] = []
    for name, value in values.items():
        relation = description.relations.get(name)
        field = description.fields.get(
            relation.local_name if relation is not None and relation.local_name else name
        )
        if field is None:
            raise unknown_name(name, description.name, [*description.fields, *description.relations])
        if field.protected or field.primary_key or field.marks_deletion:
            left.append(name)
        elif relation is not None:
            setattr(record, name, value)
        else:
            record.__dict__[field.name] = value
    return left
