"""JSON in and out, through msgspec (RFC 8259).

Reading is strict: no NaN, no infinity, no half document, nothing nested deeper
than a hundred levels, so that what walks the value later cannot exhaust the
interpreter; of names that repeat the last one counts. Writing takes what msgspec
takes (dates, UUIDs, decimals, dataclasses, Structs, sets) and refuses numbers
that JSON does not have instead of writing something else in their place.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from asok_engine.errors import MalformedBody, UsageError

__all__ = ["decode_json", "encode_json"]

_MAX_DEPTH = 100
_ALL_BUT_OPENERS = bytes(byte for byte in range(256) if byte not in b"[{")
_LEAVES = frozenset({str, int, bool, type(None), bytes, datetime, date, time, Decimal, UUID})
_decode = msgspec.json.Decoder().decode


def decode_json(body: bytes) -> Any:
    """Decode a JSON document; raises MalformedBody (400) for anything that is none."""
    try:
        value = _decode(body)
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:
        if not body.strip():
            raise MalformedBody("The body is empty; a JSON document was expected.") from None
        reason = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else error
        raise MalformedBody(f"The body is not JSON: {reason}.") from None
    # Why counted first: a short document, or one without so many brackets, needs no walk.
    if len(body) > 2 * _MAX_DEPTH and len(body.translate(None, _ALL_BUT_OPENERS)) > _MAX_DEPTH:
        _check_depth(value)
    return value


def _too_deep() -> MalformedBody:
    return MalformedBody(f"The JSON body is nested deeper than the {_MAX_DEPTH} levels that are accepted.")


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(_MAX_DEPTH):
        below = []
        for item in level:
            for child in item.values() if type(item) is dict else item:
                kind = type(child)
                if kind is dict or kind is list:
                    below.append(child)
        if not below:
            return
        level = below
    raise _too_deep()


def _foreign(value: Any) -> Any:
    if hasattr(value, "__html__"):
        return str(value.__html__())
    if isinstance(value, Mapping):
        return dict(value)
    # Why __str__ of the base: msgspec takes no subclasses, and theirs may show something else.
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


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
            f"{place or 'The value'} cannot be written as JSON: {error}.",
            fix="Convert it to text, numbers, lists and dicts first.",
        ) from error
    # Why: msgspec writes NaN and infinity as null, which is another value. The
    # search costs little for documents without a null. Why partition, which copies nothing
    # then: it is the method of bytes that takes its argument quickest.
    if encoded.partition(b"null")[1] and not _is_finite(value):
        place = _not_finite(value, "value", 0) or "The value"
        raise UsageError(f"{place} is not a finite number; JSON has none.", fix="Send None or text.")
    return encoded


def _is_finite(value: Any) -> bool:
    rest: list[Iterable[Any]] = [(value,)]
    while rest:
        for child in rest.pop():
            kind = type(child)
            if kind is float:
                if child - child != 0.0:
                    return False
            elif kind is dict:
                rest.append(child.values())
            elif kind is list or kind is tuple:
                rest.append(child)
            elif kind not in _LEAVES:
                rest.append([grandchild for grandchild, _ in _children(child, "")])
    return True


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
