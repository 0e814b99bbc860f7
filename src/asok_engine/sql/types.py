"""Column types as data: a kind and its parameters, the same on every database.

A type says what a column holds, never how a database spells it; the spelling is
in `sql.metadata`, the encoding of values in `sql.dialects`. The functions below
are the words of models and of migration files: `string(255)`, `decimal(10, 2)`.
Nothing is imported here, so that declaring models stays quick.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct
from msgspec.structs import fields

from asok_engine.errors import SetupError

__all__ = [
    "KINDS",
    "ColumnType",
    "Kind",
    "array",
    "bigint",
    "binary",
    "boolean",
    "date",
    "datetime",
    "decimal",
    "duration",
    "enum",
    "float_",
    "inet",
    "integer",
    "json",
    "smallint",
    "string",
    "text",
    "time",
    "uuid",
    "vector",
]

Kind = Literal[
    "array",
    "bigint",
    "binary",
    "boolean",
    "date",
    "datetime",
    "decimal",
    "duration",
    "enum",
    "float",
    "inet",
    "integer",
    "json",
    "smallint",
    "string",
    "text",
    "time",
    "uuid",
    "vector",
]

#: Every kind of column, in alphabetical order.
KINDS: tuple[Kind, ...] = Kind.__args__  # type: ignore[attr-defined]


class ColumnType(Struct, frozen=True):
    """What a column holds: a kind, and the parameters that this kind has."""

    kind: Kind
    #: Most characters of a string or an enum, most bytes of a binary; 0 is no limit.
    length: int = 0
    #: All digits of a decimal, and those behind the point.
    precision: int = 0
    scale: int = 0
    #: How many numbers a vector has.
    dimensions: int = 0
    #: What an array holds.
    item: ColumnType | None = None
    #: The values that an enum may have.
    choices: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Write the type as models and migrations do: `string(255)`."""
        if self.kind == "array":
            return f"array({self.item})"
        if self.kind == "enum":
            return f"enum({', '.join(map(repr, self.choices))})"
        given = [
            str(getattr(self, field.name))
            for field in fields(self)[1:5]
            if getattr(self, field.name) != field.default
            or (self.kind == "decimal" and field.name == "scale")
        ]
        return f"{self.kind}({', '.join(given)})"


_SMALLINT = ColumnType("smallint")
_INTEGER = ColumnType("integer")
_BIGINT = ColumnType("bigint")
_FLOAT = ColumnType("float")
_BOOLEAN = ColumnType("boolean")
_TEXT = ColumnType("text")
_DATE = ColumnType("date")
_TIME = ColumnType("time")
_DATETIME = ColumnType("datetime")
_DURATION = ColumnType("duration")
_UUID = ColumnType("uuid")
_JSON = ColumnType("json")
_INET = ColumnType("inet")


def smallint() -> ColumnType:
    """A whole number of 16 bits."""
    return _SMALLINT


def integer() -> ColumnType:
    """A whole number of 32 bits."""
    return _INTEGER


def bigint() -> ColumnType:
    """A whole number of 64 bits."""
    return _BIGINT


def float_() -> ColumnType:
    """A floating-point number of 64 bits."""
    return _FLOAT


def boolean() -> ColumnType:
    """True or false."""
    return _BOOLEAN


def text() -> ColumnType:
    """Text of any length."""
    return _TEXT


def date() -> ColumnType:
    """A day."""
    return _DATE


def time() -> ColumnType:
    """A time of day without a zone, to the microsecond."""
    return _TIME


def datetime() -> ColumnType:
    """A moment, kept in UTC to the microsecond."""
    return _DATETIME


def duration() -> ColumnType:
    """A span of time to the microsecond."""
    return _DURATION


def uuid() -> ColumnType:
    """A UUID."""
    return _UUID


def json() -> ColumnType:
    """A JSON document."""
    return _JSON


def inet() -> ColumnType:
    """An IPv4 or IPv6 address, with or without a prefix length."""
    return _INET


def string(length: int = 255) -> ColumnType:
    """Text of at most `length` characters."""
    return ColumnType("string", length=_positive("string", "length", length))


def decimal(precision: int = 10, scale: int = 2) -> ColumnType:
    """A decimal number of `precision` digits, `scale` of them behind the point."""
    _positive("decimal", "precision", precision)
    if not 0 <= scale <= precision:
        raise SetupError(f"decimal({precision}, {scale!r}): scale must be between 0 and the precision.")
    return ColumnType("decimal", precision=precision, scale=scale)


def binary(length: int = 0) -> ColumnType:
    """Bytes, at most `length` of them; 0 is no limit."""
    return ColumnType("binary", length=length)


def enum(*choices: str) -> ColumnType:
    """One of some texts; kept as text, so that a choice can be added without changing the table."""
    if not choices:
        raise SetupError("enum() has no choices.", fix="Name them: enum('draft', 'published').")
    return ColumnType("enum", length=max(32, *map(len, choices)), choices=choices)


def array(item: ColumnType) -> ColumnType:
    """A list whose members are all of one type; lists do not nest."""
    if item.kind in ("array", "json", "vector", "binary"):
        raise SetupError(f"array({item}): a list holds plain values.", fix="Use json() for nested values.")
    return ColumnType("array", item=item)


def vector(dimensions: int) -> ColumnType:
    """A vector of `dimensions` numbers of 32 bits, for similarity search."""
    return ColumnType("vector", dimensions=_positive("vector", "dimensions", dimensions))


def _positive(kind: str, name: str, value: int) -> int:
    if not isinstance(value, int) or value < 1:
        raise SetupError(f"{kind}(): {name} is {value!r}; it must be a whole number of at least 1.")
    return value
