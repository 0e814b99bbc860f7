"""JSON in and out, through msgspec (RFC 8259).

Reading is strict: no NaN, no infinity, no half document, nothing nested so deep
that it would exhaust the interpreter. Writing takes what msgspec takes (dates,
UUIDs, decimals, dataclasses, Structs, sets) and refuses numbers that JSON does
not have instead of writing something else in their place.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from asok_engine.errors import MalformedBody, UsageError

__all__ = ["decode_json", "encode_json"]

_decode = msgspec.json.Decoder().decode


def decode_json(body: bytes) -> Any:
    """Decode a JSON document; raises MalformedBody (400) for anything that is none."""
    if not body.strip():
        raise MalformedBody("The body is empty; a JSON document was expected.")
    try:
        return _decode(body)
    except RecursionError:
        raise MalformedBody("The JSON body is nested too deeply.") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
        raise MalformedBody(f"The body is not JSON: {error}.") from None


def _foreign(value: Any) -> Any:
    if hasattr(value, "__html__"):
        return str(value.__html__())
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError


_encode = msgspec.json.Encoder(enc_hook=_foreign).encode


def encode_json(value: Any) -> bytes:
    """Encode a value as UTF-8 JSON.

    Raises UsageError that names the place and kind of what has no JSON form,
    NaN and infinity included.
    """
    try:
        encoded = _encode(value)
    except (TypeError, ValueError, RecursionError, OverflowError) as error:
        place = _first_bad(value, "value", 0)
        raise UsageError(
            f"{place or 'The value'} cannot be written as JSON: {error or 'it has no JSON form'}.",
            fix="Convert it to text, numbers, lists and dicts first.",
        ) from error
    # Why: msgspec writes NaN and infinity as null, which is another value. The
    # search costs nothing for documents without a null.
    if b"null" in encoded:
        place = _not_finite(value, "value", 0)
        if place:
            raise UsageError(f"{place} is not a finite number; JSON has no form for it.", fix="Send None or text.")
    return encoded


def _children(value: Any, path: str) -> list[tuple[Any, str]]:
    if isinstance(value, Mapping):
        return [(item, f"{path}[{key!r}]") for key, item in value.items()]
    if isinstance(value, list | tuple | set | frozenset):
        return [(item, f"{path}[{number}]") for number, item in enumerate(value)]
    if isinstance(value, msgspec.Struct):
        return [(getattr(value, name), f"{path}.{name}") for name in value.__struct_fields__]
    fields = getattr(type(value), "__dataclass_fields__", None)
    if fields:
        return [(getattr(value, name, None), f"{path}.{name}") for name in fields]
    return []


def _first_bad(value: Any, path: str, depth: int) -> str:
    """Find the first part that cannot be encoded by itself; "" when nesting hides it."""
    if depth > 50:
        return ""
    for item, place in _children(value, path):
        try:
            _encode(item)
        except (TypeError, ValueError, RecursionError, OverflowError):
            return _first_bad(item, place, depth + 1) or f"{place} ({type(item).__name__})"
    return f"{path} ({type(value).__name__})"


def _not_finite(value: Any, path: str, depth: int) -> str:
    if isinstance(value, float):
        return "" if math.isfinite(value) else f"{path} ({value})"
    if depth < 100:
        for item, place in _children(value, path):
            if found := _not_finite(item, place, depth + 1):
                return found
    return ""
