"""Conditional requests: the table of RFC 9110 13, row by row."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asok_engine.wire.conditional import evaluate, make_etag, matches, range_applies
from asok_engine.wire.dates import format_date
from tests.engine.wire.growth import grows_linearly

CHANGED_AT = 1_700_000_000.75
SAME, EARLIER, LATER = (format_date(CHANGED_AT + by) for by in (0, -1, 1))
TAG = '"abc"'


def status(method: str = "GET", etag: str | None = TAG, *, exists: bool = True, **fields: str) -> int:
    """Evaluate a request with these fields; underscores stand for hyphens."""
    given_fields = {name.replace("_", "-"): value for name, value in fields.items()}
    return evaluate(method, given_fields.get, etag, CHANGED_AT, exists=exists)


@pytest.mark.parametrize(
    ("field", "etag", "weak", "strong"),
    [
        ('"abc"', '"abc"', True, True),
        ('W/"abc"', '"abc"', True, False),
        ('"abc"', 'W/"abc"', True, False),
        ('W/"abc"', 'W/"abc"', True, False),
        ('"a"', '"b"', False, False),
        ('"x", W/"y" , "abc"', '"abc"', True, True),
        ('"a,b"', '"a,b"', True, True),
        ('"a,b"', '"b"', False, False),
        ('"x","a, \\b"', '"a, \\b"', False, False),
        ("*", '"abc"', True, True),
        (" * ", '"abc"', True, True),
        ("abc", '"abc"', False, False),
        ('"abc', '"abc"', False, False),
        ("", '"abc"', False, False),
        ('"ABC"', '"abc"', False, False),
        ('w/"abc"', '"abc"', True, True),
    ],
)
def test_tags_are_compared(field: str, etag: str, weak: bool, strong: bool) -> None:
    """RFC 9110 8.8.3.2: weak comparison forgets the mark, strong comparison refuses it."""
    assert matches(field, etag, weak=True) is weak
    assert matches(field, etag, weak=False) is strong


def test_request_without_conditions_goes_on() -> None:
    """No field, no condition."""
    assert status() == 200
    assert status("POST") == 200


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_client_that_has_it_gets_304(method: str) -> None:
    """By tag, by one of several tags, by any, or by date."""
    assert status(method, if_none_match=TAG) == 304
    assert status(method, if_none_match='"x", W/"abc"') == 304
    assert status(method, if_none_match="*") == 304
    assert status(method, if_modified_since=SAME) == 304
    assert status(method, if_modified_since=LATER) == 304


def test_client_that_has_another_gets_the_body() -> None:
    """A tag that differs or a change since then is 200."""
    assert status(if_none_match='"x"') == 200
    assert status(if_modified_since=EARLIER) == 200


def test_tag_goes_before_date() -> None:
    """RFC 9110 13.2.2: with a tag field, the date field is not looked at."""
    assert status(if_none_match='"x"', if_modified_since=LATER) == 200
    assert status(if_match=TAG, if_unmodified_since=EARLIER) == 200


def test_failed_condition_is_412() -> None:
    """A write on an old state is not done."""
    assert status("PUT", if_match='"x"') == 412
    assert status("PUT", if_match='W/"abc"') == 412
    assert status("PUT", if_unmodified_since=EARLIER) == 412
    assert status("PUT", if_none_match="*") == 412
    assert status("DELETE", if_none_match=TAG) == 412
    assert status("GET", if_match='"x"') == 412


def test_held_condition_goes_on() -> None:
    """A write on the present state is done."""
    assert status("PUT", if_match=TAG) == 200
    assert status("PUT", if_match="*") == 200
    assert status("PUT", if_unmodified_since=SAME) == 200
    assert status("PUT", if_none_match='"x"') == 200
    assert status("PUT", if_modified_since=LATER) == 200


def test_412_goes_before_304() -> None:
    """The precondition is asked first."""
    assert status(if_match='"x"', if_none_match=TAG) == 412


def test_star_needs_something_that_exists() -> None:
    """`*` stands for any state: also for one without a tag, never for none."""
    assert status("PUT", None, if_match="*") == 200
    assert status("PUT", None, if_none_match="*") == 412
    assert status("PUT", None, exists=False, if_none_match="*") == 200
    assert status("PUT", TAG, exists=False, if_match="*") == 412


def test_without_a_tag_no_tag_matches() -> None:
    """An answer without a tag is not the one that was tagged."""
    assert status("GET", None, if_none_match=TAG) == 200
    assert status("PUT", None, if_match=TAG) == 412


@pytest.mark.parametrize(
    "text", ["", "soon", "Sun, 06 Nov 99999999999999999999 08:49:37 GMT", "9" * 60_000, "-1", "0"]
)
def test_date_that_is_none_is_no_condition(text: str) -> None:
    """Case 39: overflows are ignored."""
    assert status(if_modified_since=text) == 200
    assert status("PUT", if_unmodified_since=text) == 200


def test_unknown_date_of_change_is_no_condition() -> None:
    """What has no date cannot be compared with one."""
    fields = {"if-modified-since": LATER, "if-unmodified-since": EARLIER}
    assert evaluate("GET", fields.get, None, None) == 200


@pytest.mark.parametrize("unit", ['"a",', '"', 'W/"', ",", 'W/"a" ', "a"])
def test_long_field_grows_linearly(unit: str) -> None:
    """Case 40: sixty kilobytes of tags are read to the eighth."""
    assert grows_linearly(lambda field: matches(field, TAG, weak=True), lambda size: unit * size, 400)
    assert status(if_none_match=unit * 20_000) == 200


@pytest.mark.parametrize(
    ("field", "applies"),
    [
        (None, True),
        (TAG, True),
        ('"x"', False),
        ('W/"abc"', False),
        (f'{TAG}, "x"', False),
        ("*", False),
        (SAME, True),
        (EARLIER, False),
        (LATER, False),
        ("soon", False),
        ("", False),
    ],
)
def test_range_counts_only_for_the_same_state(field: str | None, applies: bool) -> None:
    """RFC 9110 13.1.5: the same strong tag or the very same date, else the whole body."""
    assert range_applies(field, TAG, CHANGED_AT) is applies


def test_range_never_counts_for_a_weak_tag() -> None:
    """Parts of two states that are only alike must not be put together."""
    assert range_applies('W/"abc"', 'W/"abc"', None) is False
    assert range_applies('"abc"', 'W/"abc"', None) is False
    assert range_applies(TAG, None, None) is False
    assert range_applies(SAME, None, None) is False


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=50), st.binary(max_size=50))
def test_tag_is_that_of_the_body(one: bytes, other: bytes) -> None:
    """Same body, same strong tag; another body, another tag; and a tag finds itself."""
    assert (make_etag(one) == make_etag(other)) is (one == other)
    assert matches(f'"x", {make_etag(one).decode()}', make_etag(one).decode(), weak=False)


FIELD = st.none() | st.text('"W/abc,* ', max_size=12) | st.text(max_size=20)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(["GET", "PUT"]), st.tuples(FIELD, FIELD, FIELD, FIELD))
def test_nothing_makes_it_raise(method: str, values: tuple[str | None, ...]) -> None:
    """Whatever is sent, the answer is one of three."""
    names = ("if-match", "if-none-match", "if-modified-since", "if-unmodified-since")
    assert evaluate(method, dict(zip(names, values, strict=True)).get, TAG, CHANGED_AT) in (200, 304, 412)
