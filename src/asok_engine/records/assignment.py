"""Values that come from outside, by name: which of them a record takes.

A form, a request or an import gives names and values. A name that the model does not
have is an error. A protected field takes nothing this way, nor does the key of a record
that is there: who may set them does so in code, one attribute at a time, or says that
the values are trusted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from asok_engine.errors import UsageError
from asok_engine.records.description import Description
from asok_engine.records.errors import unknown_name
from asok_engine.records.fields.field import Field

__all__ = ["assignable", "known_values", "refuse_protected", "without_key"]


def assignable(
    description: Description, values: Mapping[str, Any], *, trusts: bool = False, keeps_key: bool = False
) -> dict[str, Any]:
    """Give the values that may be assigned together: those of protected fields only where one trusts them.

    `keeps_key` is for a record that is in the database: its key is then as protected.

    Raises:
        UnknownName: a name is no field or relation of the model.
    """
    taken: dict[str, Any] = {}
    for name, value in values.items():
        field = _field_behind(description, name)
        is_kept = field is not None and (field.protected or (keeps_key and field.name in description.key))
        if trusts or not is_kept:
            taken[name] = value
    return taken


def without_key(description: Description, values: Mapping[str, Any]) -> dict[str, Any]:
    """Give the values that are not for the key."""
    kept: dict[str, Any] = {}
    for name, value in values.items():
        field = _field_behind(description, name)
        if field is None or field.name not in description.key:
            kept[name] = value
    return kept


def _field_behind(description: Description, name: str) -> Field[Any] | None:
    """Give the field that a name sets, None for a relation that has none here."""
    relation = description.relations.get(name)
    if relation is not None:
        return description.fields.get(relation.local_name) if relation.local_name else None
    if not description.has_field(name):
        raise unknown_name(name, description.name, [*description.fields, *description.relations])
    return description.field(name)


def refuse_protected(description: Description, values: Mapping[str, Any]) -> None:
    """Refuse values for protected fields and keys; for a deed on many rows, which nobody sees one by one.

    Raises:
        UsageError: a field is protected, or is the key.
    """
    taken = assignable(description, values, keeps_key=True)
    for name in values:
        # Why not left alone as for one record: code that takes a right away must not believe that it has.
        if name not in taken:
            raise UsageError(
                f"The field {name!r} of {description.name} is protected or the key, and got a value.",
                fix="Say _trust=True where the value does not come from outside; leave it out where it does.",
            )


def known_values(description: Description, values: Mapping[str, Any]) -> dict[str, Any]:
    """Give the values whose names the model has, and drop the others."""
    return {
        name: value
        for name, value in values.items()
        if name in description.fields or name in description.relations
    }
