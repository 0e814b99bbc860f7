"""Ranges: the parts that are there, and never more than the body is worth."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asok_engine.errors import InputError
from asok_engine.wire.ranges import (
    RangeNotSatisfiable,
    multipart_length,
    multipart_pieces,
    parse_range,
)
from tests.engine.wire.growth import grows_linearly


@pytest.mark.parametrize(
    ("field", "ranges"),
    [
        ("bytes=0-0", [(0, 0)]),
        ("bytes=0-499", [(0, 499)]),
        ("bytes=500-", [(500, 999)]),
        ("bytes=-500", [(500, 999)]),
        ("bytes=-5000", [(0, 999)]),
        ("bytes=990-5000", [(990, 999)]),
        ("BYTES = 0-1", [(0, 1)]),
        ("bytes= 0-1 , 5-6 ", [(0, 1), (5, 6)]),
        ("bytes=900-, 0-1", [(900, 999), (0, 1)]),
        ("bytes=0-1, 5000-", [(0, 1)]),
        ("bytes=0-1,2-3", [(0, 1), (2, 3)]),
    ],
)
def test_ranges_are_read(field: str, ranges: list[tuple[int, int]]) -> None:
    """RFC 9110 14.1.2: both ends counted, cut at the end of the body, in the order asked for."""
    assert parse_range(field, 1000) == ranges


@pytest.mark.parametrize(
    "field",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=abc",
        "bytes=5-4",
        "bytes=1-2-3",
        "bytes=--1",
        "bytes=+1-2",
        "bytes=1_0-20",
        "bytes=0x1-2",
        "lines=0-5",
        "bytes=٠-٥",
        "bytes=-²",
        "bytes=0-" + "9" * 19,
        "bytes=" + "9" * 60_000 + "-",
        "bytes=0-1,,2-3",
        "bytes=0-1;2-3",
        "bytes=0-1\n",
        "bytes=" + " " * 600 + "0-1",
    ],
)
def test_what_is_no_range_is_ignored(field: str) -> None:
    """Cases 35 and 38: floods of digits, foreign digits and rubbish are answered with the whole body."""
    assert parse_range(field, 1000) is None


@pytest.mark.parametrize(
    "field",
    [
        "bytes=" + ",".join(f"{n}-{n}" for n in range(0, 8000, 2)),
        "bytes=" + ",".join(["0-"] * 300),
        "bytes=0-,0-",
        "bytes=0-10,10-20",
        "bytes=500-,0-500",
        "bytes=-1,-2",
        "bytes=" + ",".join(f"{n}-{n}" for n in range(0, 18, 2)),
    ],
)
def test_field_that_asks_for_too_much_is_ignored(field: str) -> None:
    """Cases 34 and 36: many or overlapping ranges are answered once, with the whole body."""
    assert parse_range(field, 10_000) is None


def test_eight_ranges_are_served() -> None:
    """Eight ranges are the most, unless the caller says otherwise."""
    field = "bytes=" + ",".join(f"{n}-{n}" for n in range(0, 16, 2))
    assert len(parse_range(field, 100) or ()) == 8
    assert parse_range(field, 100, max_ranges=7) is None


@pytest.mark.parametrize(
    "field", ["bytes=-0", "bytes=1000-", "bytes=1000-1001,-0", "bytes=" + "9" * 18 + "-"]
)
def test_range_that_is_not_there_is_416(field: str) -> None:
    """Case 37: a well-formed range outside the body is told so, and the error is an answer by itself."""
    with pytest.raises(RangeNotSatisfiable) as caught:
        parse_range(field, 1000)
    assert isinstance(caught.value, InputError)
    assert caught.value.status == 416


@pytest.mark.parametrize("field", ["bytes=0-", "bytes=-1", "bytes=0-0"])
def test_empty_body_has_no_ranges(field: str) -> None:
    """Nothing of nothing is not there."""
    with pytest.raises(RangeNotSatisfiable):
        parse_range(field, 0)


@pytest.mark.parametrize("unit", ["0-,", "9", ",", "-", " ", "0-0,"])
def test_long_field_grows_linearly(unit: str) -> None:
    """The field is refused by its length before it is looked into."""
    assert grows_linearly(lambda field: parse_range(field, 1000), lambda size: "bytes=" + unit * size, 1000)


def test_reply_of_several_parts_is_framed() -> None:
    """RFC 9110 14.6: each part says what it is, and the length is known before."""
    body = bytes(range(100))
    ranges = [(0, 1), (98, 99)]
    pieces = list(multipart_pieces(ranges, "BB", "text/plain", 100))
    whole = b"".join(piece if isinstance(piece, bytes) else body[piece[0] : piece[1] + 1] for piece in pieces)
    assert whole == (
        b"\r\n--BB\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/100\r\n\r\n\x00\x01"
        b"\r\n--BB\r\nContent-Type: text/plain\r\nContent-Range: bytes 98-99/100\r\n\r\nbc"
        b"\r\n--BB--\r\n"
    )
    assert multipart_length(ranges, "BB", "text/plain", 100) == len(whole)


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 50), st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=9)
)
def test_what_is_served_is_inside_and_disjoint(size: int, asked: list[tuple[int, int]]) -> None:
    """Whatever is asked, the parts lie in the body and together are no longer than it."""
    field = "bytes=" + ",".join(f"{first}-{last}" for first, last in asked)
    try:
        ranges = parse_range(field, size)
    except RangeNotSatisfiable:
        assert all(first >= size for first, _ in asked)
        return
    if ranges is not None:
        served = [place for first, last in ranges for place in range(first, last + 1)]
        assert set(served) <= set(range(size))
        assert len(served) == len(set(served))
        assert set(served) == {n for first, last in asked for n in range(first, min(last, size - 1) + 1)}


@settings(max_examples=120, deadline=None)
@given(
    st.one_of(st.text(max_size=40), st.text("0123456789-, ", max_size=30).map("bytes=".__add__)),
    st.integers(0, 99),
)
def test_nothing_else_is_raised(field: str, size: int) -> None:
    """Whatever is sent is ranges, the whole body, or 416."""
    try:
        ranges = parse_range(field, size)
    except RangeNotSatisfiable:
        return
    assert ranges is None or all(0 <= first <= last < size for first, last in ranges)
