"""Rules that make values of text."""

from __future__ import annotations

import uuid
from datetime import date, time
from decimal import Decimal
from typing import Any

import pytest

from asok_engine.validation.checks.typing_rules import split_pair
from tests.engine.validation.judging import codes, judge, message


@pytest.mark.parametrize(
    ("rule", "text", "value"),
    [
        ("integer", "5", 5),
        ("numeric", "5.5", 5.5),
        ("decimal", "5.50", Decimal("5.50")),
        ("boolean", "on", True),
        ("boolean", "no", False),
        ("date", "2026-11-28", date(2026, 11, 28)),
        ("time", "17:30", time(17, 30)),
        ("month", "2026-11", "2026-11"),
        ("json", '{"a": 1}', {"a": 1}),
        ("json", {"a": 1}, {"a": 1}),
        ("daterange", "2026-01-01/2026-01-02", (date(2026, 1, 1), date(2026, 1, 2))),
        ("daterange", {"start": "2026-01-01", "end": "2026-01-02"}, (date(2026, 1, 1), date(2026, 1, 2))),
        ("timerange", ["08:00", "09:00"], (time(8), time(9))),
    ],
)
def test_text_becomes_its_value(rule: str, text: Any, value: Any) -> None:
    """What a handler gets is what the rule says that it is."""
    result = judge(rule, text)
    assert not result.report
    assert result.values["it"] == value


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("integer", "5.5"),
        ("integer", True),
        ("numeric", "five"),
        ("decimal", "nan"),
        ("boolean", "perhaps"),
        ("date", "28.11.2026"),
        ("datetime", "2026-11-28"),
        ("time", "5pm"),
        ("month", "2026"),
        ("json", "{"),
        ("uuid", "1234"),
        ("uuid", "g" * 32),
        ("uuid", "{12345678123456781234567812345678}"),
        ("uuid", 5),
        ("daterange", "2026-01-01"),
        ("daterange", "2026-01-01/x"),
        ("daterange", 5),
        ("timerange", "08:00/"),
    ],
)
def test_what_is_none_is_reported(rule: str, text: Any) -> None:
    """Under the name of the rule."""
    assert codes(rule, text) == [rule]


def test_uuid_is_accepted_in_its_usual_forms() -> None:
    """With and without dashes, as text and as an object."""
    value = uuid.uuid4()
    for form in (str(value), value.hex, str(value).upper(), value):
        assert codes("uuid", form) == []


def test_decimal_places_are_counted() -> None:
    """`decimal:2` is for money."""
    assert codes("decimal:2", "1.25") == []
    assert message("decimal:2", "1.255") == "Enter at most 2 decimal places."


def test_end_of_a_range_comes_after_its_start() -> None:
    """And its first day may have to be today or later."""
    assert message("daterange", "2026-01-02/2026-01-01") == "The end comes before the start."
    assert message("timerange", "09:00/08:00") == "The end comes before the start."
    assert codes("daterange:future", "2026-11-28/2026-11-29") == []
    assert message("daterange:future", "2026-11-27/2026-11-29") == "The first day is in the past."


def test_moment_is_compared_with_now() -> None:
    """A date with today, a time of day with the clock; what is neither is refused."""
    assert codes("date|future", "2026-11-29") == []
    assert codes("date|future", "2026-11-28") == ["future"]
    assert codes("date|past", "2026-11-27") == []
    assert codes("future", "2026-11-28T12:01") == []
    assert codes("datetime|future", "2026-11-28T12:01:00+02:00") == ["future"]
    assert codes("past", "soon") == ["past"]
    assert codes("time|past", "10:00") == ["past"]


def test_pair_is_taken_from_every_form() -> None:
    """Text with a slash, two values, two names."""
    assert split_pair("a / b") == ("a", "b")
    assert split_pair(["a", "b"]) == ("a", "b")
    assert split_pair({"start": "a"}) == ("a", None)
    assert split_pair("a") is None
    assert split_pair(["a"]) is None
