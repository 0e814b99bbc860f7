"""From text to values: numbers, dates, times, truth, JSON; None for text that is none.

Everything is bounded before it is parsed, and digits of other scripts are not
digits here, so a value reads the same for every part of an application. What is
a value already is taken when it is of the right type; a truth is never a number.
"""

from __future__ import annotations

import json
import re
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

__all__ = [
    "parse_boolean",
    "parse_bytes",
    "parse_date",
    "parse_datetime",
    "parse_decimal",
    "parse_integer",
    "parse_json",
    "parse_month",
    "parse_number",
    "parse_time",
]

_INTEGER = re.compile(r"[+-]?[0-9]{1,40}\Z")
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,3})?\Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_MONTH = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])\Z")
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?\Z")
_BYTES = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,3}))?\s*([KMG]?)I?B?\Z", re.IGNORECASE)
_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}
_TRUE = frozenset({"1", "true", "on", "yes"})
_FALSE = frozenset({"0", "false", "off", "no", ""})
_DEEPEST_JSON = 100
_LARGEST_FLOAT = 1.7976931348623157e308


def parse_integer(value: Any) -> int | None:
    """Give a whole number of at most 40 digits."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 2**53 else None
    if isinstance(value, str) and _INTEGER.match(text := value.strip()):
        return int(text)
    return None


def parse_number(value: Any) -> int | float | None:
    """Give a finite number: whole text becomes an int, everything else a float."""
    whole = parse_integer(value)
    if whole is not None and not isinstance(value, float):
        return whole
    if isinstance(value, float):
        return value if abs(value) <= _LARGEST_FLOAT else None
    if isinstance(value, Decimal):
        return float(value) if value.is_finite() else None
    if isinstance(value, str) and _NUMBER.match(text := value.strip()):
        number = float(text)
        return number if abs(number) <= _LARGEST_FLOAT else None
    return None


def parse_decimal(value: Any) -> Decimal | None:
    """Give a finite decimal number, exactly as it was written."""
    if isinstance(value, bool):
        return None
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float):
        return Decimal(repr(value)) if abs(value) <= _LARGEST_FLOAT else None
    if isinstance(value, str) and _NUMBER.match(text := value.strip()):
        try:
            return Decimal(text)
        except InvalidOperation:
            return None
    return None


def parse_boolean(value: Any) -> bool | None:
    """Give the truth that a checkbox or a word says."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    if isinstance(value, str):
        word = value.strip().lower()
        return True if word in _TRUE else False if word in _FALSE else None
    return None


def parse_date(value: Any) -> date | None:
    """Give the date that `2026-11-28` says."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, str) and _DATE.match(text := value.strip()):
        try:
            return date.fromisoformat(text)
        except ValueError:
            return None
    return None


def parse_time(value: Any) -> time | None:
    """Give the time that `17:30` or `17:30:15` says."""
    if isinstance(value, time):
        return value
    if isinstance(value, str) and _TIME.match(text := value.strip()):
        try:
            return time.fromisoformat(text)
        except ValueError:
            return None
    return None


def parse_datetime(value: Any) -> datetime | None:
    """Give the moment that `2026-11-28T17:30` says, with its offset where it has one."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, str) and 16 <= len(text := value.strip()) <= 40:
        if not (text.isascii() and _DATE.match(text[:10]) and text[10] in "T " and _TIME.match(text[11:16])):
            return None
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            return None
    return None


def parse_month(value: Any) -> str | None:
    """Give a month as `2026-11`."""
    return value.strip() if isinstance(value, str) and _MONTH.match(value.strip()) else None


def parse_json(value: str) -> Any:
    """Give what JSON text says; raises ValueError for what is none, is too deep, or has NaN in it."""
    depth, deepest, in_text, escaped = 0, 0, False, False
    for char in value:
        if in_text:
            in_text, escaped = (char != '"' or escaped), (char == "\\" and not escaped)
        elif char == '"':
            in_text = True
        elif char in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif char in "]}":
            depth -= 1
    if deepest > _DEEPEST_JSON:
        raise ValueError("too deep")
    return json.loads(value, parse_constant=_no_constant)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def parse_bytes(text: str) -> int | None:
    """Give the bytes that `2M`, `512K` or `100` says; units are of 1024."""
    found = _BYTES.match(text.strip())
    if found is None:
        return None
    whole, part, unit = found.groups()
    factor = _UNITS[unit.upper()]
    return int(whole) * factor + (int(part) * factor // 10 ** len(part) if part else 0)
