"""From text to values: bounded, exact, and never another type by chance."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest

from asok_engine.validation import values


@pytest.mark.parametrize(
    ("given", "expected"),
    [("12", 12), (" -3 ", -3), ("+4", 4), (7, 7), (7.0, 7), ("1.0", None), ("1_000", None), ("٣", None)]
    + [
        (True, None),
        ("", None),
        ("1e3", None),
        ("9" * 41, None),
        ("9" * 5000, None),
        (1e300, None),
        (None, None),
    ],
)
def test_whole_number_is_read(given: object, expected: int | None) -> None:
    """Digits of ours, at most 40; a truth is no number."""
    assert values.parse_integer(given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [("1.5", 1.5), ("2", 2), (".5", 0.5), ("1e3", 1000.0), ("1e999", None), ("nan", None), ("inf", None)]
    + [
        (float("nan"), None),
        (float("inf"), None),
        (False, None),
        (Decimal("1.5"), 1.5),
        ("1,5", None),
        ("0x1", None),
    ],
)
def test_number_is_read(given: object, expected: float | None) -> None:
    """Finite numbers only: an infinity must not reach JSON or a database."""
    assert values.parse_number(given) == expected
    assert type(values.parse_number("2")) is int


def test_decimal_keeps_what_was_written() -> None:
    """Money is not rounded on its way in."""
    assert str(values.parse_decimal("1.10")) == "1.10"
    assert values.parse_decimal(0.1) == Decimal("0.1")
    assert values.parse_decimal(3) == Decimal(3)
    for wrong in ("x", True, Decimal("NaN"), float("inf"), None, "1e9999"):
        assert values.parse_decimal(wrong) is None


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("on", True),
        ("1", True),
        ("Yes", True),
        ("0", False),
        ("off", False),
        ("", False),
        (True, True),
        (0, False),
    ]
    + [("perhaps", None), (2, None), (None, None)],
)
def test_truth_is_read(given: object, expected: bool | None) -> None:
    """What checkboxes and people say."""
    assert values.parse_boolean(given) is expected


def test_dates_and_times_are_read() -> None:
    """ISO 8601, as browsers send it."""
    assert values.parse_date("2026-11-28") == date(2026, 11, 28)
    assert values.parse_date(datetime(2026, 1, 2, 3)) == date(2026, 1, 2)
    assert values.parse_time("17:30") == time(17, 30)
    assert values.parse_time("17:30:15.5") == time(17, 30, 15, 500000)
    assert values.parse_datetime("2026-11-28T17:30") == datetime(2026, 11, 28, 17, 30)
    assert values.parse_datetime("2026-11-28 17:30:00+00:00") == datetime(2026, 11, 28, 17, 30, tzinfo=UTC)
    assert values.parse_datetime("2026-11-28T17:30:00Z") == datetime(2026, 11, 28, 17, 30, tzinfo=UTC)
    assert values.parse_month("2026-11") == "2026-11"


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (values.parse_date, "2026-02-30"),
        (values.parse_date, "20261128"),
        (values.parse_date, "2026-W48-6"),
        (values.parse_date, "28.11.2026"),
        (values.parse_time, "25:00"),
        (values.parse_time, "1:00"),
        (values.parse_datetime, "2026-11-28"),
        (values.parse_datetime, "2026-13-28T17:30"),
        (values.parse_datetime, "2026-11-28T17:30" + "0" * 40),
        (values.parse_month, "2026-13"),
        (values.parse_month, 202611),
    ],
)
def test_what_is_no_date_is_none(parse: object, text: object) -> None:
    """Neither a day that does not exist, nor a form that only one reader knows."""
    assert parse(text) is None  # type: ignore[operator]


def test_json_is_read_within_bounds() -> None:
    """Depth is counted before it is parsed; brackets inside text do not count; NaN is no JSON."""
    assert values.parse_json('{"a": [1, "[[[\\"["]}') == {"a": [1, '[[["[']}
    for wrong in ("[" * 101 + "]" * 101, "[NaN]", "[1e", "{'a': 1}", "9" * 5000):
        with pytest.raises(ValueError):
            values.parse_json(wrong)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("100", 100),
        ("2M", 2 * 1024**2),
        ("1.5K", 1536),
        ("1 GB", 1024**3),
        ("500kb", 512000),
        ("x", None),
        ("-1", None),
    ],
)
def test_size_is_read(text: str, expected: int | None) -> None:
    """Units are of 1024 bytes."""
    assert values.parse_bytes(text) == expected
