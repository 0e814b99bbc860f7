"""Numbers and times in words."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from asok_engine.templates.humanize import (
    duration,
    filesize,
    format_date,
    format_epoch,
    intcomma,
    moment,
    pluralize,
    time_ago,
)

NOW = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "just now"), (44, "just now"), (45, "1 minute ago"), (119, "1 minute ago"), (120, "2 minutes ago"), (3600, "1 hour ago"),
        (7200, "2 hours ago"), (86400, "1 day ago"), (3 * 86400, "3 days ago"), (8 * 86400, "1 week ago"), (29 * 86400, "4 weeks ago"),
        (40 * 86400, "1 month ago"), (364 * 86400, "12 months ago"), (800 * 86400, "2 years ago"), (-300, "in 5 minutes"), (-86400, "in 1 day"),
    ],
)  # fmt: skip
def test_time_ago_says_the_largest_unit(seconds: int, text: str) -> None:
    """A moment is named by its distance from now, back or ahead."""
    assert time_ago(NOW - timedelta(seconds=seconds), NOW) == text


def test_moments_are_read_in_every_form() -> None:
    """Aware, naive (UTC), dates, ISO text and seconds are one moment."""
    moments = [
        NOW, NOW.replace(tzinfo=None), NOW.astimezone(timezone(timedelta(hours=5))), NOW.isoformat(), "2026-06-15T12:00:00Z", "2026-06-15T12:00:00", NOW.timestamp(), int(NOW.timestamp()),
    ]  # fmt: skip
    assert {moment(value) for value in moments} == {NOW}
    assert moment(date(2026, 6, 15)) == NOW.replace(hour=0)
    assert [moment(value) for value in (None, "soon", True, float("nan"), 1e30, [])] == [None] * 6
    assert time_ago("soon") == "soon"
    assert time_ago(None) == ""
    assert time_ago(datetime.now(UTC)) == "just now"


def test_dates_are_formatted_and_bad_ones_shown() -> None:
    """`date` takes dates, moments, ISO text and seconds; what is none of these is given back."""
    assert format_date(date(2026, 4, 3)) == "03/04/2026"
    assert format_date("2026-04-03T10:20:00", "%H:%M") == "10:20"
    assert format_date(0, "%Y") == "1970"
    assert [format_date(value) for value in (None, "", "soon")] == ["", "", "soon"]
    assert format_epoch("86400", "%d") == "02"
    assert [format_epoch(value) for value in (None, "x", 1e30)] == ["", "x", "1e+30"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0s"), (45, "45s"), (320, "5m 20s"), (4200, "1h 10m"), (187200, "2d 4h"), (3600, "1h"), (3601, "1h"), (-90, "-1m 30s"), ("60", "1m"), (timedelta(hours=1), "1h"), (None, ""), ("x", "x"), (1.9, "1s"), (float("inf"), "inf")],
)  # fmt: skip
def test_duration_has_two_units(value: object, text: str) -> None:
    """A span is written with its two largest neighbouring units."""
    assert duration(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1 KB"), (460800, "450 KB"), (1258291, "1.2 MB"), (1048575, "1 MB"), (2**40, "1 TB"), (2**70, "1048576 PB"), (None, ""), ("x", "x"), ("2048", "2 KB"), (-2048, "-2 KB")],
)  # fmt: skip
def test_filesize_has_one_decimal_at_most(value: object, text: str) -> None:
    """Sizes go in steps of 1024, and never show four digits before a larger unit fits."""
    assert filesize(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(1200, "1,200"), (-1234.5, "-1,234.5"), (Decimal("1000000.10"), "1,000,000.10"), ("1234567", "1,234,567"), ("-1234.50", "-1,234.50"), ("abc", "abc"), (None, ""), (True, "True"), (12, "12")],
)  # fmt: skip
def test_intcomma_groups_digits(value: object, text: str) -> None:
    """Groups of three digits are parted; what is no number is left alone."""
    assert intcomma(value) == text


@pytest.mark.parametrize(
    ("value", "word"),
    [(1, "item"), (0, "items"), (2, "items"), (1.0, "item"), (1.5, "items"), ([1], "item"), ([], "items"), ("1", "item"), ("2", "items"), (None, "items"), (object(), "items")],
)  # fmt: skip
def test_pluralize_chooses_by_count(value: object, word: str) -> None:
    """One is singular, everything else plural; lists count their length."""
    assert pluralize(value, "item", "items") == word
    assert pluralize(2) == "s"
