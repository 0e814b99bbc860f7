"""`Field`: the kinds of fields that a model is made of, as `Field.String(max_length=50)`.

The name `Field` of `asok` is this module. What every kind takes is written down in
`FieldOptions`: `default`, `nullable`, `unique`, `index`, `hidden`, `protected`, `label`,
`rules`, `messages`, `choices`, `form_type`, `attrs` and others. Without
`nullable=True` a field needs a value, and type checkers know it by its plain type.
"""

from __future__ import annotations

from decimal import Decimal as Number
from typing import Any, Literal, TypeVar, Unpack, overload

from asok_engine.records.fields import number, text
from asok_engine.records.fields.address import URL, Color, Email, IPAddress, Tel
from asok_engine.records.fields.choice import Choice as Dropdown
from asok_engine.records.fields.choice import Enum
from asok_engine.records.fields.field import FieldOptions
from asok_engine.records.fields.file import File, Image
from asok_engine.records.fields.identity import UUID
from asok_engine.records.fields.moment import CreatedAt, Date, DateTime, Duration, SoftDelete, Time, UpdatedAt
from asok_engine.records.fields.number import BigInteger, Boolean, Float, Integer, SmallInteger
from asok_engine.records.fields.reference import ForeignKey
from asok_engine.records.fields.secret import Encrypted as EncryptedString
from asok_engine.records.fields.secret import Password
from asok_engine.records.fields.slug import Slug
from asok_engine.records.fields.structure import JSON, Array, Binary, Vector
from asok_engine.records.fields.text import SearchableText, String

__all__ = [
    "JSON",
    "URL",
    "UUID",
    "Array",
    "BigInteger",
    "Binary",
    "Boolean",
    "Color",
    "CreatedAt",
    "Date",
    "DateTime",
    "Decimal",
    "Dropdown",
    "Duration",
    "Email",
    "EncryptedString",
    "Enum",
    "File",
    "Float",
    "ForeignKey",
    "IPAddress",
    "Image",
    "Integer",
    "Password",
    "SearchableText",
    "Slug",
    "SmallInteger",
    "SoftDelete",
    "String",
    "Tel",
    "Text",
    "Time",
    "UpdatedAt",
    "Vector",
]

Value = TypeVar("Value")


class Text(text.Text[Value]):
    """Text of any length; `wysiwyg` has forms and the admin edit it as formatted text."""

    @overload
    def __init__(
        self: Text[str],
        *,
        wysiwyg: bool = False,
        max_length: int = 0,
        min_length: int = 0,
        nullable: Literal[False] = False,
        **options: Unpack[FieldOptions],
    ) -> None: ...

    @overload
    def __init__(
        self: Text[str | None],
        *,
        wysiwyg: bool = False,
        max_length: int = 0,
        min_length: int = 0,
        nullable: Literal[True],
        **options: Unpack[FieldOptions],
    ) -> None: ...

    def __init__(
        self,
        *,
        wysiwyg: bool = False,
        max_length: int = 0,
        min_length: int = 0,
        nullable: bool = False,
        **options: Unpack[FieldOptions],
    ) -> None:
        kind: Any = super()
        kind.__init__(max_length=max_length, min_length=min_length, nullable=nullable, **options)
        self.wysiwyg = wysiwyg


class Decimal(number.Decimal[Value]):
    """An exact number with `precision` places behind the point, and at most `max_digits` in all.

    Without `max_digits` there are ten before the point.
    """

    @overload
    def __init__(
        self: Decimal[Number],
        precision: int = 2,
        *,
        max_digits: int | None = None,
        min_value: Number | int | None = None,
        max_value: Number | int | None = None,
        nullable: Literal[False] = False,
        **options: Unpack[FieldOptions],
    ) -> None: ...

    @overload
    def __init__(
        self: Decimal[Number | None],
        precision: int = 2,
        *,
        max_digits: int | None = None,
        min_value: Number | int | None = None,
        max_value: Number | int | None = None,
        nullable: Literal[True],
        **options: Unpack[FieldOptions],
    ) -> None: ...

    def __init__(
        self,
        precision: int = 2,
        *,
        max_digits: int | None = None,
        min_value: Number | int | None = None,
        max_value: Number | int | None = None,
        nullable: bool = False,
        **options: Unpack[FieldOptions],
    ) -> None:
        kind: Any = super()
        digits = precision + 10 if max_digits is None else max_digits
        kind.__init__(
            digits, precision, min_value=min_value, max_value=max_value, nullable=nullable, **options
        )
        self.precision = precision
