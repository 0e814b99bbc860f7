"""`fields`: the kinds of fields and relations that a model is made of: `fields.String(max_length=50)`.

What every kind takes is written down in the engine's `FieldOptions`: `default`,
`nullable`, `unique`, `db_index`, `primary_key`, `choices`, `validators`, `hidden` and
others. Every kind has its name with `Field` behind it as well.
"""

from __future__ import annotations

from typing import Any, Literal, TypeVar, Unpack, overload

from aksara.relations import ForeignKey as ForeignKey
from aksara.relations import GenericForeignKey as GenericForeignKey
from aksara.relations import ManyToMany as ManyToMany
from aksara.relations import OneToOne as OneToOne
from asok_engine.records.fields import slug
from asok_engine.records.fields.address import URL, Email, IPAddress
from asok_engine.records.fields.choice import Enum
from asok_engine.records.fields.field import FieldOptions
from asok_engine.records.fields.file import File, Image
from asok_engine.records.fields.identity import UUID
from asok_engine.records.fields.moment import CreatedAt, Date, DateTime, Duration, SoftDelete, Time, UpdatedAt
from asok_engine.records.fields.number import (
    BigInteger,
    Boolean,
    Decimal,
    Float,
    Integer,
    PositiveBigInteger,
    PositiveInteger,
    PositiveSmallInteger,
    SmallInteger,
)
from asok_engine.records.fields.secret import Encrypted, Password
from asok_engine.records.fields.structure import JSON, Array, Binary, Vector
from asok_engine.records.fields.text import SearchableText, String, Text

__all__ = [
    "JSON",
    "URL",
    "UUID",
    "Array",
    "ArrayField",
    "BigInteger",
    "BigIntegerField",
    "Binary",
    "BinaryField",
    "Boolean",
    "BooleanField",
    "CreatedAt",
    "Date",
    "DateField",
    "DateTime",
    "DateTimeField",
    "Decimal",
    "DecimalField",
    "Duration",
    "DurationField",
    "Email",
    "EmailField",
    "Encrypted",
    "EncryptedField",
    "Enum",
    "EnumField",
    "File",
    "FileField",
    "FilePath",
    "FilePathField",
    "Float",
    "FloatField",
    "ForeignKeyField",
    "IPAddress",
    "IPAddressField",
    "Image",
    "ImageField",
    "Integer",
    "IntegerField",
    "JSONField",
    "ManyToManyField",
    "OneToOneField",
    "Password",
    "PasswordField",
    "PositiveBigInteger",
    "PositiveBigIntegerField",
    "PositiveInteger",
    "PositiveIntegerField",
    "PositiveSmallInteger",
    "PositiveSmallIntegerField",
    "SearchableText",
    "SearchableTextField",
    "Slug",
    "SlugField",
    "SmallInteger",
    "SmallIntegerField",
    "SoftDelete",
    "String",
    "StringField",
    "Text",
    "TextField",
    "Time",
    "TimeField",
    "URLField",
    "UUIDField",
    "UpdatedAt",
    "Vector",
    "VectorField",
]

Value = TypeVar("Value")


class Slug(slug.Slug[Value]):
    """The part of an address that is made of another field, `auto_from`, when it is empty."""

    @overload
    def __init__(
        self: Slug[str],
        max_length: int = 50,
        *,
        auto_from: str = "",
        allow_unicode: bool = False,
        nullable: Literal[False] = False,
        **options: Unpack[FieldOptions],
    ) -> None: ...

    @overload
    def __init__(
        self: Slug[str | None],
        max_length: int = 50,
        *,
        auto_from: str = "",
        allow_unicode: bool = False,
        nullable: Literal[True],
        **options: Unpack[FieldOptions],
    ) -> None: ...

    def __init__(
        self,
        max_length: int = 50,
        *,
        auto_from: str = "",
        allow_unicode: bool = False,
        nullable: bool = False,
        **options: Unpack[FieldOptions],
    ) -> None:
        kind: Any = super()
        kind.__init__(
            max_length, populate_from=auto_from, allow_unicode=allow_unicode, nullable=nullable, **options
        )


FilePath = File
ArrayField = Array
BigIntegerField = BigInteger
BinaryField = Binary
BooleanField = Boolean
DateField = Date
DateTimeField = DateTime
DecimalField = Decimal
DurationField = Duration
EmailField = Email
EncryptedField = Encrypted
EnumField = Enum
FileField = File
FilePathField = File
FloatField = Float
ForeignKeyField = ForeignKey
IPAddressField = IPAddress
ImageField = Image
IntegerField = Integer
JSONField = JSON
ManyToManyField = ManyToMany
OneToOneField = OneToOne
PasswordField = Password
PositiveBigIntegerField = PositiveBigInteger
PositiveIntegerField = PositiveInteger
PositiveSmallIntegerField = PositiveSmallInteger
SearchableTextField = SearchableText
SlugField = Slug
SmallIntegerField = SmallInteger
StringField = String
TextField = Text
TimeField = Time
URLField = URL
UUIDField = UUID
VectorField = Vector
