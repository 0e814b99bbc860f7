"""Forms of values for drivers that do not know the value itself.

Pairs of functions: what goes to the driver, and what comes of what it gives. Forms
sort as their values do. JSON text is made by the field and reaches a driver as it is.
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, SafeUUID

import msgspec

from asok_engine.errors import InputError

__all__ = [
    "as_utc",
    "datetime_of_text",
    "datetime_text",
    "decimal_number",
    "decimal_of_number",
    "in_utc",
    "json_text",
    "json_value",
    "list_of_booleans",
    "list_of_moments",
    "list_of_plain",
    "list_of_texts",
    "microseconds",
    "naive_utc",
    "packed_floats",
    "span",
    "time_of_span",
    "time_text",
    "unpacked_floats",
    "uuid_of_text",
    "vector_of_text",
    "vector_text",
]

_MICROSECOND = timedelta(microseconds=1)
_MIDNIGHT = datetime(1970, 1, 1)
#: The digits that a number of 64 bits keeps exactly.
_EXACT_DIGITS = 15

_encode_json = msgspec.json.Encoder().encode
_decode_json = msgspec.json.Decoder().decode
_parse = datetime.fromisoformat
# What the class itself does behind its checks; an attribute of it cannot be set otherwise.
_new: Final = object.__new__
_set_int: Final = vars(UUID)["int"].__set__
_set_is_safe: Final = vars(UUID)["is_safe"].__set__


def datetime_text(value: datetime) -> str:
    """Write a moment as UTC text of 26 characters; a naive one is taken as UTC."""
    if value.tzinfo is not None:
        value = value.astimezone(UTC).replace(tzinfo=None)
    return value.isoformat(" ", "microseconds")


def datetime_of_text(value: Any) -> datetime:
    """Read a moment; text without an offset is UTC."""
    if len(value) == 26:
        return _parse(value + "+00:00")
    read = _parse(value)
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def naive_utc(value: datetime) -> datetime:
    """Take the zone off, in UTC."""
    return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo is not None else value


def as_utc(value: datetime) -> datetime:
    """Say of a naive moment that it is in UTC."""
    return value.replace(tzinfo=UTC)


def in_utc(value: datetime) -> datetime:
    """Move a moment to UTC."""
    if value.tzinfo is UTC:
        return value
    # asyncpg gives the first and the last moment, which it keeps as infinity, without a zone.
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def time_text(value: time) -> str:
    """Write a time of day with six digits."""
    return value.isoformat("microseconds")


def time_of_span(value: Any) -> time:
    """Read a time of day, which MySQL gives as the span since midnight."""
    return (_MIDNIGHT + value).time() if isinstance(value, timedelta) else value


def microseconds(value: timedelta) -> int:
    """Write a span of time as whole microseconds."""
    return value // _MICROSECOND


def span(value: int) -> timedelta:
    """Read a span of time."""
    return timedelta(microseconds=value)


def decimal_number(value: Decimal) -> int | float | str:
    """Write a decimal as a number.

    Raises:
        InputError: it has more digits than SQLite's numbers keep; storing it would change it.
    """
    digits = value.normalize().as_tuple().digits
    if len(digits) > _EXACT_DIGITS:
        raise InputError(
            f"{value} has {len(digits)} digits; a decimal in SQLite keeps {_EXACT_DIGITS}.",
            status=422,
            fix="Keep it as a string, or use PostgreSQL or MySQL.",
        )
    return str(value)


def decimal_of_number(value: Any, scale: int) -> Decimal:
    """Read a decimal and give it its places behind the point."""
    return Decimal(str(value)).quantize(_smallest(scale))


@functools.cache
def _smallest(scale: int) -> Decimal:
    return Decimal((0, (1,), -scale))


def uuid_of_text(value: str) -> UUID:
    """Read a UUID as its class does, in less than half of the time."""
    digits = value.replace("-", "")
    if len(digits) != 32:
        return UUID(value)
    made = _new(UUID)
    _set_int(made, int(digits, 16))
    _set_is_safe(made, SafeUUID.unknown)
    return made


def json_text(value: Any) -> str:
    """Write JSON."""
    return _encode_json(value).decode()


def json_value(value: str | bytes) -> Any:
    """Read JSON."""
    return _decode_json(value)


def packed_floats(value: Sequence[float]) -> bytes:
    """Write a vector as floats of 32 bits, little-endian."""
    return struct.pack(f"<{len(value)}f", *value)


def unpacked_floats(value: bytes) -> list[float]:
    """Read a vector."""
    return list(struct.unpack(f"<{len(value) // 4}f", value))


def vector_text(value: Sequence[float]) -> str:
    """Write a vector as pgvector does."""
    return f"[{','.join(map(repr, value))}]"


def vector_of_text(value: str) -> list[float]:
    """Read a vector of pgvector."""
    return [float(part) for part in value[1:-1].split(",")] if len(value) > 2 else []


def list_of_plain(values: Sequence[Any]) -> str:
    """Write an array of values whose text has nothing that stands for something else in an array."""
    return f"{{{','.join(['NULL' if value is None else str(value) for value in values])}}}"


def list_of_booleans(values: Sequence[bool | None]) -> str:
    """Write an array of truth values."""
    return f"{{{','.join(['NULL' if value is None else 't' if value else 'f' for value in values])}}}"


def list_of_moments(values: Sequence[Any]) -> str:
    """Write an array of days, times of day or moments."""
    return f"{{{','.join(['NULL' if value is None else value.isoformat() for value in values])}}}"


def list_of_texts(values: Sequence[str | None]) -> str:
    """Write an array of texts, each in quotes."""
    whole = "".join([value for value in values if value is not None])
    if "\\" in whole or '"' in whole:
        values = [None if value is None else _with_escapes(value) for value in values]
    # Why added: a format asks a text that is a member of an enumeration how it wants to be shown.
    return "{" + ",".join(["NULL" if value is None else '"' + value + '"' for value in values]) + "}"


def _with_escapes(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
