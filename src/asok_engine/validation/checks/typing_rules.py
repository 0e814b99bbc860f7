"""Rules that say what a value is, and turn its text into it.

They run before the others, wherever they are written, so that `min:3|integer`
compares numbers. A value that is not what such a rule asks for is reported by it
alone; what other rules would say of it means nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from asok_engine.validation.rulebook import Rule, Subject
from asok_engine.validation.values import (
    parse_boolean,
    parse_date,
    parse_datetime,
    parse_decimal,
    parse_integer,
    parse_json,
    parse_month,
    parse_number,
    parse_time,
)

__all__ = ["TYPING", "split_pair"]


def _parsing(parse: Callable[[Any], Any]) -> Callable[[Subject], bool]:
    def check(subject: Subject) -> bool:
        parsed = parse(subject.value)
        if parsed is None:
            return False
        subject.parsed = parsed
        return True

    return check


def _decimal(subject: Subject) -> bool:
    parsed = parse_decimal(subject.value)
    if parsed is None:
        return False
    exponent = parsed.as_tuple().exponent
    places = -exponent if isinstance(exponent, int) and exponent < 0 else 0
    if subject.argument and places > int(subject.argument):
        subject.message_key = "decimal_places"
        return False
    subject.parsed = parsed
    return True


def _json(subject: Subject) -> bool:
    if isinstance(subject.value, str):
        try:
            subject.parsed = parse_json(subject.value)
        except ValueError:
            return False
    return True


def _uuid(subject: Subject) -> bool:
    value = subject.value
    if isinstance(value, uuid.UUID):
        return True
    if not isinstance(value, str) or len(value) not in (32, 36):
        return False
    try:
        parsed = uuid.UUID(value)
    except ValueError:
        return False
    # Why: UUID() also takes braces and dashes in any place.
    return value.lower() in (str(parsed), parsed.hex)


def split_pair(value: Any) -> tuple[Any, Any] | None:
    """Give start and end of a range: a pair, a mapping of `start` and `end`, or text with `/` between."""
    if isinstance(value, str):
        start, slash, end = value.partition("/")
        return (start.strip(), end.strip()) if slash else None
    if isinstance(value, Mapping):
        return value.get("start"), value.get("end")
    if isinstance(value, Sequence) and len(value) == 2:
        return value[0], value[1]
    return None


def _range(subject: Subject, parse: Callable[[Any], Any]) -> bool:
    pair = split_pair(subject.value)
    if pair is None:
        return False
    start, end = parse(pair[0]), parse(pair[1])
    if start is None or end is None:
        return False
    if end < start:
        subject.message_key = "range_order"
        return False
    subject.parsed = (start, end)
    return True


def _daterange(subject: Subject) -> bool:
    if not _range(subject, parse_date):
        return False
    if subject.argument == "future" and subject.parsed[0] < subject.now().date():
        subject.message_key = "daterange_future"
        return False
    return True


def _timerange(subject: Subject) -> bool:
    return _range(subject, parse_time)


def _future(subject: Subject) -> bool:
    return _against_now(subject, lambda value, now: value > now)


def _past(subject: Subject) -> bool:
    return _against_now(subject, lambda value, now: value < now)


def _against_now(subject: Subject, compare: Callable[[Any, Any], bool]) -> bool:
    value = subject.parsed if isinstance(subject.parsed, date | time) else parse_datetime(subject.value)
    value = value or parse_date(subject.value)
    if value is None or isinstance(value, time):
        return False
    now = subject.now()
    if not isinstance(value, datetime):
        return compare(value, now.date())
    return compare(value, now if value.tzinfo is not None else now.replace(tzinfo=None))


_ORDER = {
    "range_order": "The end comes before the start.",
    "daterange_future": "The first day is in the past.",
}

TYPING = {
    "integer": Rule(_parsing(parse_integer), {"integer": "Enter a whole number."}, is_typing=True),
    "numeric": Rule(_parsing(parse_number), {"numeric": "Enter a number."}, is_typing=True),
    "decimal": Rule(
        _decimal,
        {"decimal": "Enter a number.", "decimal_places": "Enter at most {arg} decimal places."},
        is_typing=True,
    ),
    "boolean": Rule(_parsing(parse_boolean), {"boolean": "Answer yes or no."}, is_typing=True),
    "date": Rule(_parsing(parse_date), {"date": "Enter a date such as 2026-11-28."}, is_typing=True),
    "datetime": Rule(
        _parsing(parse_datetime),
        {"datetime": "Enter a date and a time such as 2026-11-28T17:30."},
        is_typing=True,
    ),
    "time": Rule(_parsing(parse_time), {"time": "Enter a time such as 17:30."}, is_typing=True),
    "month": Rule(_parsing(parse_month), {"month": "Enter a month such as 2026-11."}, is_typing=True),
    "json": Rule(_json, {"json": "This is not valid JSON."}, is_typing=True),
    "uuid": Rule(_uuid, {"uuid": "This is not a valid identifier."}, is_typing=True),
    "daterange": Rule(
        _daterange, {"daterange": "Enter the first and the last day.", **_ORDER}, is_typing=True
    ),
    "timerange": Rule(_timerange, {"timerange": "Enter both times.", **_ORDER}, is_typing=True),
    "future": Rule(_future, {"future": "Enter a moment in the future."}),
    "past": Rule(_past, {"past": "Enter a moment in the past."}),
}
