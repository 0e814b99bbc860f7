"""Query strings and urlencoded forms: everything kept, nothing believed, all of it bounded."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asok_engine.errors import BodyTooLarge
from asok_engine.wire.query import parse_form, parse_query
from tests.engine.wire.growth import grows_linearly


def test_blank_and_repeated_fields_are_kept() -> None:
    """Case B6: `a=&b` has two fields, and a repeated name all its values."""
    values = parse_query("a=&b&c=1&c=2&&")
    assert dict(values) == {"a": "", "b": "", "c": "2"}
    assert values.getlist("c") == ["1", "2"]


def test_only_the_first_equals_sign_divides() -> None:
    """A value may hold equals signs, a name may be empty."""
    assert dict(parse_query("token=a=b==&=x")) == {"token": "a=b==", "": "x"}


def test_plus_and_percent_are_resolved() -> None:
    """Both ways to write a space are read, also in names."""
    assert dict(parse_query("q+q=a+b%20c%2Bd")) == {"q q": "a b c+d"}


@pytest.mark.parametrize("text", ["q=%ff%fe", "q=%", "q=%zz", "q=%c3", "q=%e2%82"])
def test_bad_escapes_do_not_raise(text: str) -> None:
    """Case 20: bad escapes and bad UTF-8 are replaced or left as they are."""
    assert isinstance(parse_query(text)["q"], str)


def test_invalid_utf8_is_replaced() -> None:
    """A byte that is no UTF-8 becomes the replacement character, escaped or raw."""
    assert parse_query("q=%ff")["q"] == "\ufffd"
    assert parse_form(b"q=\xff")["q"] == "\ufffd"


def test_raw_utf8_is_read_on_every_server() -> None:
    """Unescaped UTF-8 comes as bytes, or as the Latin-1 text of PEP 3333, and reads the same."""
    raw = "name=Zoë 日".encode()
    assert parse_query(raw)["name"] == "Zoë 日"
    assert parse_query(raw.decode("latin-1"))["name"] == "Zoë 日"


def test_text_that_is_no_latin_1_is_left_alone() -> None:
    """A server that has decoded the query itself is believed."""
    assert parse_query("name=日")["name"] == "日"


@pytest.mark.parametrize("parse", [parse_query, parse_form])
def test_too_many_fields_are_refused(parse: object) -> None:
    """Cases 19 and 60: a thousand fields pass, the next one is 413, before anything is decoded."""
    assert callable(parse)
    assert len(parse(b"&".join(b"f%d=1" % number for number in range(1000)))) == 1000
    with pytest.raises(BodyTooLarge, match="1000") as caught:
        parse(b"&".join(b"f%d=1" % number for number in range(1001)))
    assert caught.value.status == 413
    with pytest.raises(BodyTooLarge):
        parse(b"a=1&b=2", max_fields=1)
    with pytest.raises(BodyTooLarge):
        parse(b"&" * 100_000)


def test_long_value_grows_linearly() -> None:
    """A megabyte of escapes costs a megabyte of work."""
    assert grows_linearly(parse_query, lambda size: "q=" + "%41+" * size, 5_000)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.tuples(*[st.text(st.characters(exclude_categories=["Cs"]), max_size=8)] * 2), max_size=8
    ).filter(lambda pairs: all(name or value for name, value in pairs))
)
def test_what_a_browser_writes_is_read_back(pairs: list[tuple[str, str]]) -> None:
    """Encoding and decoding give the same fields in the same order."""
    read = parse_query(urlencode(pairs))
    for name, _ in pairs:
        assert read.getlist(name) == [value for given_name, value in pairs if given_name == name]
    assert read == dict(pairs)


@settings(max_examples=80, deadline=None)
@given(st.one_of(st.binary(max_size=60), st.text(max_size=60)))
def test_nothing_makes_it_raise(text: str | bytes) -> None:
    """Whatever is sent is fields, or too many of them."""
    assert all(isinstance(value, str) for value in parse_query(text).values())
