"""The form of a cached value: JSON, in every backend.

Nothing that is read back can run code, and reading never fails: bytes that are
not JSON are `MISSING`. What JSON lacks comes back as its nearest: tuples and sets
as lists, dates and UUIDs as text, NaN as None, bytes as base64 text, keys of
dictionaries as text, subclasses as the plain type.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from asok_engine.errors import UsageError

__all__ = ["MISSING", "decode", "encode"]

# Stands for "no value", because None is a value.
MISSING: Final[Any] = object()


def _plain(value: object) -> object:
    """Give a subclass of a JSON type as that type; it comes back as that anyway."""
    match value:
        case str():
            return str.__str__(value)
        case int():
            return int(value)
        case float():
            return float(value)
        case Mapping():
            return dict(value)
        case list() | tuple():
            return list(value)
    raise TypeError(f"{type(value).__qualname__} has no JSON form")


_encoder = msgspec.json.Encoder(enc_hook=_plain)
_decoder = msgspec.json.Decoder()


def encode(key: str, value: Any, keeper: str = "cache") -> bytes:
    """Give the JSON of `value`; `key` and `keeper` are for the message.

    Raises:
        UsageError: the value has no JSON form.
    """
    try:
        return _encoder.encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise UsageError(
            f"The {keeper} cannot keep a {type(value).__name__} under {key!r}: {error}. "
            "It keeps what JSON can hold: text, numbers, true, false, None, lists and dictionaries of them.",
            fix="Keep plain data, for example a dictionary of the fields that are needed.",
        ) from error


def decode(data: bytes) -> Any:
    """Give the value of `data`, `MISSING` when it is not JSON."""
    try:
        return _decoder.decode(data)
    except (ValueError, RecursionError):
        return MISSING
