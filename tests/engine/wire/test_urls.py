"""Redirects stay on this site, as a browser reads them."""

from __future__ import annotations

from urllib.parse import unquote, urljoin, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asok_engine.errors import InputError, UsageError
from asok_engine.wire.urls import OffsiteTarget, is_local_target, local_target, redirect_target
from tests.engine.wire.growth import grows_linearly

OFFSITE = [
    "//evil.com",
    "///evil.com",
    "////evil.com",
    "\\\\evil.com",
    "/\\evil.com",
    "\\/evil.com",
    "/a\\..\\evil",
    "https:evil.com",
    "https:/evil.com",
    "https:\\\\evil.com",
    "https://evil.com",
    "HTTPS://EVIL.com",
    "http://evil.com/example.com",
    "https://example.com.evil.com/",
    "https://example.com@evil.com/",
    "https://user:pass@example.com/",
    "https://example.com:444/",
    "https://example.com\\@evil.com",
    "https://example.com%2eevil.com/",
    "https://example。com/",
    "//evil。com",
    "https://[::1/",
    "https:///example.com",
    "ftp://example.com/",
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "java\tscript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "\t//evil.com",
    "/\t/evil.com",
    "/\n/evil.com",
    "\r\n//evil.com",
    "\x00//evil.com",
    "\x1f//evil.com",
    "\x85//evil.com",
    "\u00a0//evil.com",
    "\u3000//evil.com",
    "/ok\r\nSet-Cookie: a=b",
    "/ok\x00",
    "/ok\x7f",
    "",
    " ",
]


@pytest.mark.parametrize("url", OFFSITE)
def test_target_elsewhere_is_refused(url: str) -> None:
    """Case 94: what a browser would read as another site, or as no address, is refused with 400."""
    assert not is_local_target(url)
    with pytest.raises(OffsiteTarget) as caught:
        redirect_target(url, host="example.com", app_host="www.example.com")
    assert isinstance(caught.value, InputError)
    assert isinstance(caught.value, UsageError)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("/", "/"),
        ("/next?a=1&b=%20#top", "/next?a=1&b=%20#top"),
        ("/search?q=two words", "/search?q=two%20words"),
        ("/日本?q=é", "/%E6%97%A5%E6%9C%AC?q=%C3%A9"),
        ("/a:b", "/a:b"),
        ("/%09//e", "/%09//e"),
        ("%09//e", "%09//e"),
        ("?page=2", "?page=2"),
        ("#top", "#top"),
        ("next", "next"),
        ("../up", "../up"),
        (" /padded ", "/padded"),
        ('/"><script>', "/%22%3E%3Cscript%3E"),
        ("/[a]", "/[a]"),
        ("https://example.com/x", "https://example.com/x"),
        ("http://EXAMPLE.com./x", "http://EXAMPLE.com./x"),
        ("https://www.example.com:8443/x?y#z", "https://www.example.com:8443/x?y#z"),
    ],
)
def test_target_on_this_site_is_sent_encoded(url: str, sent: str) -> None:
    """Paths, and absolute addresses of the request's host or the application's, as ASCII."""
    assert redirect_target(url, host="example.com", app_host="www.example.com:8443") == sent


def test_unsafe_target_may_be_elsewhere_but_never_split_the_answer() -> None:
    """With safe=False any address is sent; control characters are refused all the same."""
    assert redirect_target("https://pay.example/x y", host="a", safe=False) == "https://pay.example/x%20y"
    with pytest.raises(OffsiteTarget, match="control character"):
        redirect_target("https://pay.example/\r\nX: y", host="a", safe=False)


def test_empty_host_allows_no_absolute_target() -> None:
    """Without a host of ours no absolute address is ours."""
    with pytest.raises(OffsiteTarget, match="leaves this site"):
        redirect_target("https://example.com/", host="")


def test_lone_surrogate_is_refused() -> None:
    """Text that has no UTF-8 has no address."""
    with pytest.raises(OffsiteTarget, match="surrogate"):
        redirect_target("/\ud800", host="a")


def test_what_is_no_address_is_refused() -> None:
    """None from a look-up that found nothing is the application's slip, not the visitor's."""
    with pytest.raises(UsageError, match="redirect to None") as caught:
        redirect_target(None, host="a.example")  # type: ignore[arg-type]
    assert not isinstance(caught.value, InputError)


def test_error_says_what_to_do() -> None:
    """A handler's author learns how to say that a target is meant."""
    with pytest.raises(OffsiteTarget, match="safe=False"):
        redirect_target("https://other.example/", host="a")


@pytest.mark.parametrize("unit", ["/", "a", "%", " ", "a:", "é"])
def test_long_target_grows_linearly(unit: str) -> None:
    """Seven kilobytes cost what they weigh."""
    assert grows_linearly(
        lambda url: redirect_target(url, host="a", safe=False), lambda size: "/" + unit * size, 2000
    )


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(max_size=30), st.text("/\\:@.a%?# \thtps", max_size=16)))
def test_accepted_target_stays_here(url: str) -> None:
    """Whatever is accepted is ASCII on one line and resolves to this site; nothing else is raised."""
    try:
        sent = redirect_target(url, host="example.com")
    except OffsiteTarget:
        return
    assert sent.isascii()
    assert sent.isprintable()
    assert " " not in sent
    for read in (sent, unquote(sent) if "%" not in url else sent):
        resolved = urlsplit(urljoin("https://example.com/page", read.replace("\\", "/")))
        assert resolved.netloc.lower() in ("example.com", "example.com.")


@pytest.mark.parametrize("url", OFFSITE)
def test_next_that_leaves_the_site_is_not_followed(url: str) -> None:
    """What a visitor brings in `?next=` is a place of this site, or the default (case 94, CWE-601)."""
    assert local_target(url, "/home") == "/home"
    assert local_target(unquote(url), "/home") == "/home"


def test_next_within_the_site_is_followed() -> None:
    """Paths, queries and fragments; nothing at all means the default."""
    for url in ("/tickets/7?x=1#y", "tickets", "?page=2", "#top", "/%09//evil.com"):
        assert local_target(url) == url
    assert local_target(None) == "/"
    assert local_target("") == "/"
