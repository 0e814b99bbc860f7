"""Values that come from outside, by name: which of them a record takes.

A form, a request or an import gives names and values. A name that the model does not
have is an error. A protected field takes nothing this way: who may set it does so in
code, one attribute at a time, or says that the values are trusted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from asok_engine.errors import UsageError
from asok_engine.records.description import Description
from asok_engine.records.errors import unknown_name

__all__ = ["assignable", "known_values", "refuse_protected"]


def assignable(
    description: Description, values: Mapping[str, Any], *, trusts: bool = False
) -> dict[str, Any]:
    """Give the values that may be assigned together: those of protected fields only where one trusts them.

    Raises:
        UnknownName: a name is no field or relation of the model.
    """
    fields, relations = description.fields, description.relations
    taken: dict[str, Any] = {}
    for name, value in values.items():
        field = fields.get(name)
        if field is None:
            if name == "pk":
                field = description.field(name)
            elif name in relations:
                local = relations[name].local_name
                field = fields.get(local) if local else None
            else:
                raise unknown_name(name, description.name, [*fields, *relations])
        if trusts or field is None or not field.protected:
            taken[name] = value
    return taken


def refuse_protected(description: Description, values: Mapping[str, Any]) -> None:
    """Refuse values for protected fields; for a deed on many rows, which nobody sees one by one.

    Raises:
        UsageError: a field is protected.
    """
    taken = assignable(description, values)
    for name in values:
        # Why not left alone as for one record: code that takes a right away must not believe that it has.
        if name not in taken:
            raise UsageError(
                f"The field {name!r} of {description.name} is protected, and update got a value for it.",
                fix="Say _trust=True where the value does not come from outside; leave it out where it does.",
            )


def known_values(description: Description, values: Mapping[str, Any]) -> dict[str, Any]:
    """Give the values whose names the model has, and drop the others."""
    return {
        name: value
        for name, value in values.items()
        if name in description.fields or name in description.relations
    }
