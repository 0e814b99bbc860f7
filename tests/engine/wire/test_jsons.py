"""JSON: strict in, clear out."""

from __future__ import annotations

import enum
import json
from collections import UserString
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asok_engine.errors import MalformedBody, UsageError
from asok_engine.wire.jsons import decode_json, encode_json
from tests.engine.wire.growth import grows_linearly


@dataclass
class Point:
    """A dataclass as handlers return them."""

    x: float
    label: Any = None


class Ticket(msgspec.Struct):
    """A Struct as handlers return them."""

    id: int
    note: Any = None


class Colour(enum.Enum):
    """An enumeration of text."""

    RED = "red"


class Loud(str):
    """Text that shows itself otherwise."""

    __slots__ = ()

    def __str__(self) -> str:
        return "loud"


class Count(int):
    """A number of a kind of its own."""


class Share(float):
    """A fraction of a kind of its own."""


class Fragment:
    """Markup as templates give it."""

    def __html__(self) -> str:
        return "<b>"


BAD = {
    "empty": b"",
    "white space": b" \r\n\t",
    "NaN": b"NaN",
    "Infinity": b"[Infinity]",
    "-Infinity": b"-Infinity",
    "1e999": b"1e999",
    "-1e999": b"[-1e999]",
    "5000 digits": b"9" * 5000,
    "10000 digits": b"[1" + b"0" * 10_000 + b"]",
    "bad UTF-8": b'"\xff\xfe"',
    "overlong": b'"\xc0\xaf"',
    "encoded surrogate": b'"\xed\xa0\x80"',
    "lone surrogate": b'"\\ud800"',
    "lone surrogate in a name": b'{"\\ud800": 1}',
    "low surrogate": b'"\\udc00 tail"',
    "byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "half": b'{"a": [1, 2',
    "two documents": b"1 2",
    "trailing comma": b"[1,]",
    "single quotes": b"{'a': 1}",
    "comment": b"[1] // one",
    "leading zero": b"01",
    "plus": b"+1",
    "raw control": b'"\x00"',
    "raw tab": b'"\t"',
    "nested open": b"[" * 100_000,
    "nested closed": b"[" * 50_000 + b"]" * 50_000,
    "nested objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "trailing NUL": b"{}\x00",
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD.keys())
def test_what_is_no_json_is_400(body: bytes) -> None:
    """Cases 21 to 29: every one is the client's mistake and never ours."""
    with pytest.raises(MalformedBody) as caught:
        decode_json(body)
    assert caught.value.status == 400
    assert len(caught.value.message) < 300


def test_empty_body_is_named() -> None:
    """Case 29: the message says that there was nothing."""
    with pytest.raises(MalformedBody, match="empty"):
        decode_json(b"  ")


def nested(depth: int) -> bytes:
    """Nest lists and objects by turns, with a text of brackets in each."""
    value = b"1"
    for level in range(depth):
        value = b'["]]}}",' + value + b"]" if level % 2 else b'{"a":' + value + b"}"
    return value


def test_hundred_levels_are_accepted_and_one_more_is_not() -> None:
    """Brackets inside text do not count, and cannot hide a level either."""
    assert decode_json(nested(100))
    with pytest.raises(MalformedBody, match="100 levels"):
        decode_json(nested(101))


def test_many_shallow_objects_are_not_deep() -> None:
    """The limit is for depth, not for how many there are."""
    assert len(decode_json(b"[" + b",".join([b'{"a":[1]}'] * 1000) + b"]")) == 1000


def test_depth_check_grows_linearly() -> None:
    """A wide document of many levels costs what it weighs."""
    assert grows_linearly(
        decode_json, lambda size: b"[" + b",".join([b"[" * 50 + b"]" * 50] * size) + b"]", 20
    )


def test_last_of_a_repeated_name_counts() -> None:
    """RFC 8259 4 leaves it open; here it is said."""
    assert decode_json(b'{"a": 1, "a": 2}') == {"a": 2}


def test_big_integer_is_an_integer() -> None:
    """A number within 4300 digits comes back as it was, in and out."""
    assert encode_json(decode_json(b"9" * 4000)) == b"9" * 4000


def test_nul_in_text_is_text() -> None:
    """Case 28: an escaped NUL is decoded; who stores text decides about it."""
    assert decode_json(b'"a\\u0000b"') == "a\x00b"


def test_usual_values_are_written() -> None:
    """Dates, UUIDs, decimals, dataclasses, Structs, sets and enumerations have a form."""
    value = {
        "at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        "day": date(2026, 1, 2),
        "id": UUID(int=1),
        "price": Decimal("1.10"),
        "point": Point(1.5),
        "ticket": Ticket(7),
        "set": {1},
        "pair": (1, 2),
        "colour": Colour.RED,
        "proxy": MappingProxyType({"a": 1}),
        "html": Fragment(),
        "big": 2**80,
        "none": None,
        3: "three",
    }
    assert json.loads(encode_json(value)) == {
        "at": "2026-01-02T03:04:05Z",
        "day": "2026-01-02",
        "id": "00000000-0000-0000-0000-000000000001",
        "price": "1.10",
        "point": {"x": 1.5, "label": None},
        "ticket": {"id": 7, "note": None},
        "set": [1],
        "pair": [1, 2],
        "colour": "red",
        "proxy": {"a": 1},
        "html": "<b>",
        "big": 2**80,
        "none": None,
        "3": "three",
    }


def test_subclasses_of_text_and_numbers_are_what_they_hold() -> None:
    """`request.status` is text and can be sent; how a subclass shows itself does not matter."""
    assert encode_json([Loud("quiet"), Count(3), Share(0.5)]) == b'["quiet",3,0.5]'


@pytest.mark.parametrize(
    ("value", "place"),
    [
        (float("nan"), r"value \(nan\)"),
        ({"a": [1.0, float("inf")]}, r"value\['a'\]\[1\] \(inf\)"),
        ([None, Point(float("-inf"))], r"value\[1\]\.x \(-inf\)"),
        (Ticket(1, [{"deep": float("nan")}]), r"value\.note\[0\]\['deep'\]"),
        ({"t": (None, (float("nan"),))}, r"value\['t'\]\[1\]\[0\]"),
    ],
)
def test_number_that_json_lacks_is_refused(value: object, place: str) -> None:
    """Case 24: NaN and infinity are refused by place, never sent as null."""
    with pytest.raises(UsageError, match=place):
        encode_json(value)


def test_null_among_finite_numbers_is_fine() -> None:
    """None is a value."""
    assert encode_json([None, 1.5, {"a": None, "b": "null"}]) == b'[null,1.5,{"a":null,"b":"null"}]'


@pytest.mark.parametrize(
    ("value", "place"),
    [
        (object(), r"value \(object\)"),
        ({"user": {"tags": [1, UserString("x")]}}, r"value\['user'\]\['tags'\]\[1\] \(UserString\)"),
        (Ticket(1, [lambda: None]), r"value\.note\[0\] \(function\)"),
        (Point(1, 1j), r"value\.label \(complex\)"),
        ({(1, 2): 3}, r"value \(dict\)"),
        (["\ud800"], r"value\[0\] \(str\)"),
    ],
)
def test_value_without_a_form_is_named(value: object, place: str) -> None:
    """The message leads to the value: where it stands and what it is."""
    with pytest.raises(UsageError, match=place):
        encode_json(value)


def test_value_that_holds_itself_is_refused() -> None:
    """An endless value is a sentence, not a RecursionError."""
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(UsageError, match="cannot be written as JSON"):
        encode_json(endless)


JSONS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc"), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=80, deadline=None)
@given(JSONS)
def test_values_come_back(value: object) -> None:
    """What is written is read as the same value, here and by the standard library."""
    encoded = encode_json(value)
    assert decode_json(encoded) == value
    assert json.loads(encoded) == value


@settings(max_examples=120, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=30), st.text('[]{}":,0123456789eE+-.\\untrflas ', max_size=40).map(str.encode)
    )
)
def test_nothing_but_a_malformed_body_is_raised(body: bytes) -> None:
    """Whatever is sent is a value or a 400, and what is accepted is JSON for the standard library too."""
    try:
        value = decode_json(body)
    except MalformedBody:
        return
    assert json.loads(body) == value
