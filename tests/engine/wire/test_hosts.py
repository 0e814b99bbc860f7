"""Hosts: read strictly, allowed by name."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asok_engine.errors import SetupError
from asok_engine.wire.hosts import HostPatterns, parse_host
from tests.engine.wire.growth import grows_linearly


@pytest.mark.parametrize(
    ("field", "host"),
    [
        ("example.com", ("example.com", None)),
        ("EXAMPLE.com:8000", ("example.com", 8000)),
        ("example.com.", ("example.com", None)),
        ("localhost:0", ("localhost", 0)),
        ("127.0.0.1:80", ("127.0.0.1", 80)),
        ("xn--bcher-kva.example", ("xn--bcher-kva.example", None)),
        ("my_service:65535", ("my_service", 65535)),
        ("[::1]", ("::1", None)),
        ("[2001:DB8:0::1]:443", ("2001:db8::1", 443)),
    ],
)
def test_host_is_read(field: str, host: tuple[str, int | None]) -> None:
    """RFC 3986 3.2.2: a name or an address, in one spelling, and a port."""
    assert parse_host(field) == host


@pytest.mark.parametrize(
    "field",
    [
        "",
        " ",
        "evil com",
        " example.com",
        "example.com ",
        "example.com/path",
        "example.com?x",
        "example.com#x",
        "user@example.com",
        "user:pass@example.com",
        "example.com:80:80",
        "example.com:",
        "example.com:-1",
        "example.com:65536",
        "example.com:８０",
        "example.com:80x",
        "example.com\\evil",
        "example.com\r\nX: y",
        "example.com\n",
        "example.com\x00",
        "example.com\t",
        "a,b",
        "http://example.com",
        "bücher.example",
        "example。com",
        "%65xample.com",
        ".",
        "..",
        ".example.com",
        "example..com",
        "-a.com",
        "a-.com",
        "a" * 64 + ".com",
        "a." * 130 + "com",
        "[::1",
        "::1",
        "[::1]x",
        "[::1]:",
        "[]",
        "[127.0.0.1]",
        "[::1%eth0]",
        "[fe80::1%25eth0]:80",
        "[::1%<script>]",
        "[v1.x]",
        "*",
        "9" * 100_000,
    ],
)
def test_what_is_no_host_is_none(field: str) -> None:
    """Cases 49 to 53: paths, user names, spaces, controls, zones and bad ports are no hosts."""
    assert parse_host(field) is None


@pytest.mark.parametrize("unit", ["a", "a.", "-", "a-", ":", "[", "1:"])
def test_long_field_grows_linearly(unit: str) -> None:
    """A long field is refused by its length."""
    assert grows_linearly(parse_host, lambda size: unit * size, 1000)


@pytest.mark.parametrize(
    ("pattern", "allowed", "refused"),
    [
        ("example.com", ["example.com"], ["www.example.com", "evilexample.com", "example.com.evil"]),
        (".example.com", ["example.com", "www.example.com", "a.b.example.com"], ["evilexample.com", "com"]),
        ("*.example.com", ["www.example.com", "a.b.example.com"], ["example.com", "evilexample.com"]),
        ("*", ["anything", "::1"], []),
        ("Example.COM", ["example.com"], []),
        (" example.com. ", ["example.com"], []),
        ("::1", ["::1"], ["::2"]),
        ("[2001:db8:0::1]", ["2001:db8::1"], []),
    ],
)
def test_pattern_allows_its_hosts(pattern: str, allowed: list[str], refused: list[str]) -> None:
    """A name, a name and all below it, all below it, or any."""
    patterns = HostPatterns([pattern])
    assert [name for name in allowed if not patterns.allow(name)] == []
    assert [name for name in refused if patterns.allow(name)] == []


def test_no_pattern_allows_no_host() -> None:
    """An empty list is closed."""
    assert not HostPatterns([]).allow("localhost")
    assert HostPatterns(["*"]).allows_all
    assert not HostPatterns(["a", ".b"]).allows_all


@pytest.mark.parametrize(
    "pattern", ["", "example.com:8000", "http://example.com", "*example.com", "a*.com", "a b", "**"]
)
def test_bad_pattern_stops_the_start(pattern: str) -> None:
    """A pattern that would never match is told at start, with what to write."""
    with pytest.raises(SetupError, match="no host that can be allowed"):
        HostPatterns([pattern])


def test_repr_shows_the_patterns() -> None:
    """A log line says what is allowed."""
    assert repr(HostPatterns(["b.com", ".a.com"])) == "<HostPatterns a.com b.com .a.com>"
    assert repr(HostPatterns(["*"])) == "<HostPatterns *>"


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(max_size=30), st.text("aB1.-_:[]%@/", max_size=20)))
def test_nothing_makes_it_raise_and_a_host_is_harmless(field: str) -> None:
    """Whatever is sent is None, or a name that can stand in a link and is read the same again."""
    found = parse_host(field)
    if found is not None:
        name, port = found
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-_:")
        again = f"[{name}]" if ":" in name else name
        assert parse_host(again if port is None else f"{again}:{port}") == found
