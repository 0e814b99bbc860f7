"""Rules about how much: `min`, `max`, `between`.

What is measured depends on the value alone: numbers compare as numbers, dates as
dates, text by its characters, lists and files by their count. Text becomes a
number only through `integer`, `numeric` or `decimal`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from asok_engine.errors import UsageError
from asok_engine.validation.rulebook import Rule, Subject
from asok_engine.validation.values import parse_date, parse_datetime, parse_decimal, parse_integer, parse_time

__all__ = ["MEASURES"]


def _measured(subject: Subject) -> tuple[Any, str, Callable[[Any], Any]]:
    """Give what counts, the word for it, and how to read a limit of that kind."""
    value = subject.parsed
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        exact = parse_decimal(value)
        return exact, "number", parse_decimal
    if isinstance(value, datetime):
        return value, "date", _moment_like(value)
    if isinstance(value, date):
        return value, "date", parse_date
    if isinstance(value, time):
        return value, "date", parse_time
    if isinstance(value, str):
        return len(value), "text", parse_integer
    if isinstance(value, Mapping | Sequence):
        return len(value), "items", parse_integer
    return 1, "items", parse_integer


def _moment_like(value: datetime) -> Callable[[Any], Any]:
    def parse(text: Any) -> datetime | None:
        day = parse_date(text)
        limit = parse_datetime(text) or (datetime.combine(day, time.min) if day else None)
        if limit is None:
            return None
        if (limit.tzinfo is None) == (value.tzinfo is None):
            return limit
        return limit.replace(tzinfo=value.tzinfo)

    return parse


def _limit(subject: Subject, rule: str, text: Any, parse: Callable[[Any], Any]) -> Any:
    limit = parse(text if not isinstance(text, str) else text.strip())
    if limit is None:
        raise UsageError(
            f"The rule {rule}:{subject.argument} of {subject.name!r} cannot be compared with its value.",
            fix=f"Give {rule} a number for text, numbers and lists, and a date for dates.",
        )
    return limit


def _min(subject: Subject) -> bool:
    size, kind, parse = _measured(subject)
    subject.message_key = f"min_{kind}"
    return bool(size >= _limit(subject, "min", subject.one("min"), parse))


def _max(subject: Subject) -> bool:
    size, kind, parse = _measured(subject)
    subject.message_key = f"max_{kind}"
    return bool(size <= _limit(subject, "max", subject.one("max"), parse))


def _between(subject: Subject) -> bool:
    subject.one("between")
    if len(subject.arguments) != 2:
        raise UsageError(
            f"The rule between:{subject.argument} of {subject.name!r} needs two limits.",
            fix="Write between:1,10.",
        )
    size, kind, parse = _measured(subject)
    low, high = subject.arguments
    subject.message_key = f"between_{kind}"
    subject.parameters.update(min=str(low), max=str(high))
    return bool(_limit(subject, "between", low, parse) <= size <= _limit(subject, "between", high, parse))


MEASURES = {
    "min": Rule(
        _min,
        {
            "min": "Enter at least {arg} characters.",
            "min_text": "Enter at least {arg} characters.",
            "min_number": "Enter {arg} or more.",
            "min_date": "Enter {arg} or later.",
            "min_items": "Choose at least {arg}.",
        },
    ),
    "max": Rule(
        _max,
        {
            "max": "Enter at most {arg} characters.",
            "max_text": "Enter at most {arg} characters.",
            "max_number": "Enter {arg} or less.",
            "max_date": "Enter {arg} or earlier.",
            "max_items": "Choose at most {arg}.",
        },
    ),
    "between": Rule(
        _between,
        {
            "between": "Enter {min} to {max} characters.",
            "between_text": "Enter {min} to {max} characters.",
            "between_number": "Enter a number from {min} to {max}.",
            "between_date": "Enter a date from {min} to {max}.",
            "between_items": "Choose {min} to {max}.",
        },
    ),
}
