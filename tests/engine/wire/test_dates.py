"""HTTP dates: one form out, three forms in, nothing that overflows."""

from __future__ import annotations

from email.utils import formatdate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asok_engine.wire.dates import format_date, parse_date

SAMPLE = 784111777


@pytest.mark.parametrize(
    "text",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "  Sun, 06 Nov 1994 08:49:37 GMT ",
    ],
)
def test_three_forms_are_read(text: str) -> None:
    """RFC 9110 5.6.7: the usual form, that of RFC 850 and that of asctime."""
    assert parse_date(text) == SAMPLE


def test_one_form_is_written() -> None:
    """Always GMT, whole seconds."""
    assert format_date(SAMPLE + 0.9) == "Sun, 06 Nov 1994 08:49:37 GMT"


def test_years_of_two_digits_turn_at_seventy() -> None:
    """Without a clock, 70 to 99 are of the last century."""
    assert parse_date("Thursday, 01-Jan-70 00:00:00 GMT") == 0
    assert parse_date("Tuesday, 01-Jan-69 00:00:00 GMT") == 3124224000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 CET",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 29 Feb 2023 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        "Sun, 06 Nov 1969 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 +8:49:37 GMT",
        "Sun, 06 Nov 1994 08:49 GMT",
        "Sun, 06 Xyz 1994 08:49:37 GMT",
        "Sun, 06 Nov 99999999999999999999 08:49:37 GMT",
        "Sun, 06 Nov ١٩٩٤ 08:49:37 GMT",
        "Sun, 1_6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT\n",
        "Sun, 06 Nov 1994 08:49:37 GMT" + " " * 9999,
        "9" * 60_000,
    ],
)
def test_what_is_no_date_is_none(text: str) -> None:
    """Case 39: overflows, foreign digits and days that do not exist are no dates."""
    assert parse_date(text) is None


def test_leap_days_and_leap_seconds_are_dates() -> None:
    """What the calendar and the clock have is read."""
    assert parse_date("Thu, 29 Feb 2024 00:00:00 GMT") == 1709164800
    assert parse_date("Sat, 31 Dec 2016 23:59:60 GMT") == 1483228800


def test_moments_outside_are_brought_inside() -> None:
    """Before 1970 is 1970, after 9999 is its last second."""
    assert format_date(-5) == "Thu, 01 Jan 1970 00:00:00 GMT"
    assert format_date(1e18) == "Fri, 31 Dec 9999 23:59:59 GMT"


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 253402300799))
def test_dates_come_back(second: int) -> None:
    """What is written is read as the same second, and is what the standard library writes."""
    text = format_date(second)
    assert parse_date(text) == second
    assert text == formatdate(second, usegmt=True)


@settings(max_examples=80, deadline=None)
@given(
    st.one_of(
        st.text(max_size=40), st.from_regex(r"\A[A-Z][a-z]{2}, \d\d [JFM][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\Z")
    )
)
def test_nothing_makes_it_raise(text: str) -> None:
    """Whatever is sent is a second or None."""
    found = parse_date(text)
    assert found is None or found >= 0
