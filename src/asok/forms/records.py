"""Describes the fields of a model of the engine the way a form asks for them.

The kind is found by the names of a field's classes, the own one first, so a field
that a project derives from `Email` is an e-mail address. Fields that the database
or the framework sets (keys that are counted, time stamps, deletion marks) have
kinds that no form takes.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from typing import Any

from msgspec import Struct

__all__ = ["RecordField", "describe_record"]

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
#: The kind of what is never typed.
_SET_ELSEWHERE = "auto"


class RecordField(Struct):
    """One field of a model; a `FieldDescription`."""

    name: str
    kind: str
    nullable: bool
    max_length: int | None
    choices: Any
    label: str
    rules: Any
    hidden: bool
    protected: bool
    default: Any
    form_type: str | None
    precision: int | None
    populate_from: str | None
    messages: dict[str, str]
    help: str
    attributes: dict[str, Any]
    #: The smallest number, the fewest characters, the ends of file names; None and () for any.
    floor: int | None
    min_length: int | None
    extensions: tuple[str, ...]
    #: What makes a value where none is given, where that is a function or a plain value.
    make_default: Any


def describe_record(model: Any, kinds: Container[str]) -> Iterator[RecordField]:
    """Give the description of each field of a model, in their order; `kinds` are the words that are known."""
    for name, field in model.__description__.fields.items():
        has_default = field.has_default or field.server_default is not None
        yield RecordField(
            name=name,
            kind=_kind(field, kinds),
            nullable=field.nullable,
            max_length=getattr(field, "max_length", None) or None,
            choices=field.choices or getattr(field, "labels", None),
            label=field.label,
            rules=field.rules,
            hidden=field.hidden,
            protected=field.protected,
            default=(field.default if field.has_default else field.server_default) if has_default else None,
            form_type=field.form_type or ("wysiwyg" if getattr(field, "wysiwyg", False) else None),
            precision=getattr(field, "decimal_places", None) or getattr(field, "precision", None),
            populate_from=getattr(field, "populate_from", None),
            messages=field.messages,
            help=field.help_text,
            attributes=field.attrs,
            floor=getattr(field, "floor", None),
            min_length=getattr(field, "min_length", None) or None,
            extensions=getattr(field, "allowed_extensions", ()),
            make_default=field.make_default if field.has_default else None,
        )


def _kind(field: Any, kinds: Container[str]) -> str:
    if (
        field.primary_key
        or field.is_counted
        or field.sets_at_save
        or field.sets_at_create
        or field.marks_deletion
    ):
        return _SET_ELSEWHERE
    for kind in type(field).__mro__:
        for word in (_WORD.sub("_", kind.__name__).lower(), kind.__name__.lower()):
            if word in kinds:
                return word
    return _SET_ELSEWHERE
