"""Fields of a request are read as they were sent; fields of a response cannot split it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asok_engine.errors import UsageError
from asok_engine.wire.headers import Headers, ResponseHeaders, encode_field

SENT = [
    (b"host", b"first.test"),
    (b"accept", b"text/html"),
    (b"accept", b"*/*;q=0.1"),
    (b"cookie", b"a=1"),
    (b"cookie", b"b=2"),
    (b"host", b"second.test"),
    (b"content-length", b"5"),
    (b"content-length", b"50"),
    (b"x-name", "Zoë".encode("latin-1")),
]


def test_fields_are_found_in_any_case() -> None:
    """By text or by bytes; what is absent is None, the default or a KeyError."""
    headers = Headers(SENT)
    assert headers["ACCEPT"] == headers.get("accept") == "text/html, */*;q=0.1"
    assert headers.raw(b"accept") == b"text/html, */*;q=0.1"
    assert headers["x-name"] == "Zoë"
    assert "Accept" in headers
    assert "accept-language" not in headers
    assert 7 not in headers
    assert (headers.get("nothing"), headers.get("nothing", "x"), headers.raw(b"nothing")) == (None, "x", None)
    with pytest.raises(KeyError):
        headers["nothing"]
    assert headers.get("näme-€") is None


def test_repeated_fields_are_combined_by_their_kind() -> None:
    """Lists with a comma, cookies with a semicolon; of fields that may not repeat the first counts."""
    headers = Headers(SENT)
    assert headers["cookie"] == "a=1; b=2"
    assert headers["host"] == "first.test"
    assert headers["content-length"] == "5"


def test_every_value_that_was_sent_can_be_had() -> None:
    """In order, under the name in any case."""
    headers = Headers(SENT)
    assert headers.getlist("Host") == ["first.test", "second.test"]
    assert headers.getlist("nothing") == []
    assert headers.pairs()[0] == ("host", "first.test")
    assert len(headers.pairs()) == len(SENT)


def test_iteration_gives_each_name_once() -> None:
    """Names are shown as people write them."""
    headers = Headers(iter(SENT))
    assert list(headers) == ["Host", "Accept", "Cookie", "Content-Length", "X-Name"]
    assert len(headers) == 5
    assert dict(headers)["Accept"] == "text/html, */*;q=0.1"


def test_repr_shows_names_and_no_values() -> None:
    """A header may hold a password; a log line must not."""
    assert "secret" not in repr(Headers([(b"authorization", b"Basic secret")]))


# --- responses ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value", ["a\r\nSet-Cookie: x=1", "a\nb", "a\rb", "a\x00b", "a\x0bb", "a\x1bb", "a\x7fb", "\n"]
)
def test_value_with_a_control_character_is_refused(value: str) -> None:
    """A line break would split the response; servers send nothing at all for the others."""
    with pytest.raises(UsageError, match="X-Name"):
        encode_field("X-Name", value)
    with pytest.raises(UsageError):
        ResponseHeaders({})["X-Name"] = value


@pytest.mark.parametrize("name", ["", "X Name", "X-Name:", "X\nName", "Näme", "X(Name)", "X-Name\n"])
def test_name_that_is_no_token_is_refused(name: str) -> None:
    """RFC 9110 5.1 says what a name is made of."""
    with pytest.raises(UsageError, match="Header name"):
        encode_field(name, "x")


def test_value_outside_latin_1_is_refused_with_the_way_out() -> None:
    """A field cannot hold every script; the sentence says what to do."""
    with pytest.raises(UsageError, match="8187"):
        encode_field("X-Name", "日本")


def test_values_are_written_as_text() -> None:
    """Numbers become text, outer white space goes, a tab inside stays."""
    assert encode_field("X-Count", 7) == (b"x-count", b"7")
    assert encode_field("X-Text", "  a\tb  ") == (b"x-text", b"a\tb")


def test_response_fields_are_a_mapping_in_any_case() -> None:
    """Set, read, replaced, deleted."""
    raw: dict[bytes, bytes] = {}
    headers = ResponseHeaders(raw)
    headers["Content-Type"] = "text/plain"
    headers["content-type"] = "text/html"
    assert raw == {b"content-type": b"text/html"}
    assert (headers["CONTENT-TYPE"], len(headers), list(headers)) == ("text/html", 1, ["Content-Type"])
    assert "Content-type" in headers
    assert 7 not in headers
    del headers["CONTENT-type"]
    assert raw == {}
    assert headers.get("näme-€") is None
    with pytest.raises(KeyError):
        del headers["Content-Type"]


def test_cookies_have_a_way_of_their_own() -> None:
    """Set-Cookie may not be joined, so it is no field among the others."""
    with pytest.raises(UsageError, match="set_cookie"):
        ResponseHeaders({})["Set-Cookie"] = "a=1"


def test_vary_grows_without_repeating() -> None:
    """Names of any case are known; what stood there stays."""
    headers = ResponseHeaders({b"vary": b"accept"})
    headers.add_vary("Accept", "Origin")
    headers.add_vary("origin")
    assert headers["Vary"] == "accept, Origin"


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(max_codepoint=300), max_size=30))
def test_any_value_is_refused_or_comes_back(value: str) -> None:
    """What is accepted is one line of Latin-1 and reads as it was written."""
    try:
        name, encoded = encode_field("X-Name", value)
    except UsageError:
        return
    assert not set(encoded) & (set(range(32)) - {9} | {127})
    assert Headers([(name, encoded)])["x-name"] == value.strip()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([b"a", b"b", b"cookie", b"host"]), st.binary(max_size=8)), max_size=8)
)
def test_no_value_is_lost(pairs: list[tuple[bytes, bytes]]) -> None:
    """Every name that was sent is there, with every value."""
    headers = Headers(pairs)
    assert {name for name, _ in pairs} == {name.lower().encode() for name in headers}
    for name in headers:
        assert headers.getlist(name) == [v.decode("latin-1") for n, v in pairs if n == name.lower().encode()]
