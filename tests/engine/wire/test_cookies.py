"""Cookies: read whatever comes, write only what comes back."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asok_engine.errors import UsageError
from asok_engine.wire.cookies import format_cookie, parse_cookies
from tests.engine.wire.growth import grows_linearly


def test_cookies_are_read() -> None:
    """Pairs, quotes, escapes, equals signs in values and missing spaces."""
    header = 'a=1; b="two words";c=%C3%A9;d=x=y==; e='
    assert parse_cookies(header) == {"a": "1", "b": "two words", "c": "é", "d": "x=y==", "e": ""}


def test_what_is_no_pair_is_passed_over() -> None:
    """Case 45: rubbish between cookies costs only itself."""
    assert parse_cookies("; ;=x; novalue; a=1;;; ===; %=%; b=2") == {"a": "1", "%": "%", "b": "2"}


def test_first_cookie_of_a_name_wins() -> None:
    """Browsers send the one with the most exact path first (RFC 6265 5.4)."""
    assert parse_cookies("sid=exact; sid=planted") == {"sid": "exact"}


def test_raw_utf8_is_read() -> None:
    """A value that a script wrote unescaped comes as Latin-1 text and is UTF-8."""
    assert parse_cookies("name=Zoë".encode().decode("latin-1")) == {"name": "Zoë"}
    assert parse_cookies("name=\xe9") == {"name": "é"}


def test_eight_hundred_cookies_are_bounded() -> None:
    """Case 44: at most 500 cookies are read."""
    assert len(parse_cookies("; ".join(f"c{number}=1" for number in range(800)))) == 500


@pytest.mark.parametrize("unit", ['"', 'a="', "=;", "; ", "a=%", '\\"', 'a="\\'])
def test_hostile_field_grows_linearly(unit: str) -> None:
    """Case 43: quotes, escapes and separators cost what they weigh."""
    assert grows_linearly(parse_cookies, lambda size: "a=" + unit * size, 4_000)


def test_cookie_line_is_complete() -> None:
    """Every attribute is written, in one line."""
    line = format_cookie(
        "__Secure-sid",
        "a b",
        max_age=60,
        expires="Sun, 06 Nov 1994 08:49:37 GMT",
        path="/app",
        domain="example.com",
        secure=True,
        same_site="strict",
    )
    assert line == (
        "__Secure-sid=a%20b; Max-Age=60; Expires=Sun, 06 Nov 1994 08:49:37 GMT; Path=/app; "
        "Domain=example.com; Secure; HttpOnly; SameSite=Strict"
    )


def test_cookie_is_guarded_by_default() -> None:
    """Without a word it is hidden from scripts and from other sites' forms."""
    assert format_cookie("a", "1") == "a=1; Path=/; HttpOnly; SameSite=Lax"
    assert format_cookie("a", "1", http_only=False, same_site=None) == "a=1; Path=/"


@pytest.mark.parametrize(
    "name", ["", "a b", "a;b", "a=b", "a\r\nX: y", "a\x00", "é", "a,b", "a" * 257, '"a"']
)
def test_bad_name_is_refused(name: str) -> None:
    """A name is a token (RFC 6265 4.1.1)."""
    with pytest.raises(UsageError, match="Cookie name"):
        format_cookie(name, "1")


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"path": "/a; Secure"}, "path"),
        ({"path": "/a\r\nX: y"}, "path"),
        ({"path": "relative"}, "path"),
        ({"path": "/日本"}, "path"),
        ({"domain": "a b"}, "domain"),
        ({"domain": "a;b"}, "domain"),
        ({"domain": ""}, "domain"),
        ({"expires": "x; Secure"}, "expiry"),
        ({"expires": "x\r\nY: z"}, "expiry"),
        ({"same_site": "sometimes"}, "SameSite"),
        ({"same_site": "None"}, "not secure"),
    ],
)
def test_bad_attribute_is_refused(options: dict[str, str], word: str) -> None:
    """Case 98: what would end the attribute or the line is not written."""
    with pytest.raises(UsageError, match=word):
        format_cookie("a", "1", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["__Host-a", "__host-a", "__HOST-a"])
def test_host_prefix_needs_its_conditions(name: str) -> None:
    """RFC 6265bis 4.1.3.2: secure, path / and no domain, in any case of letters."""
    assert format_cookie(name, "1", secure=True).startswith(f"{name}=1; Path=/; Secure")
    for options in ({}, {"secure": True, "path": "/a"}, {"secure": True, "domain": "example.com"}):
        with pytest.raises(UsageError, match="without a domain"):
            format_cookie(name, "1", **options)  # type: ignore[arg-type]


def test_secure_prefix_needs_secure() -> None:
    """RFC 6265bis 4.1.3.1."""
    with pytest.raises(UsageError, match="must be secure"):
        format_cookie("__secure-a", "1")


def test_cookie_that_browsers_would_drop_is_refused() -> None:
    """More than 4096 bytes of name and value vanish in silence; here they are loud."""
    assert format_cookie("a", "x" * 4095)
    with pytest.raises(UsageError, match="4096"):
        format_cookie("a", "x" * 4096)
    with pytest.raises(UsageError, match="4096"):
        format_cookie("a", "é" * 700)


def test_lone_surrogate_is_refused() -> None:
    """Text that has no UTF-8 has no cookie."""
    with pytest.raises(UsageError, match="surrogate"):
        format_cookie("a", "\ud800")


@settings(max_examples=120, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_every_value_comes_back(value: str) -> None:
    """Quotes, percent signs, separators, line breaks and any script survive the round trip, on one line."""
    line = format_cookie("name", value)
    assert line.isascii()
    assert line.isprintable()
    sent = line.split("; ")[0]
    assert parse_cookies(f"first=1; {sent}; last=2") == {"first": "1", "name": value, "last": "2"}


@settings(max_examples=120, deadline=None)
@given(st.text(max_size=80))
def test_nothing_makes_reading_raise(header: str) -> None:
    """Whatever is sent is cookies, perhaps none."""
    assert isinstance(parse_cookies(header), dict)
