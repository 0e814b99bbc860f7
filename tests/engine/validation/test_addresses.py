"""E-mail addresses, hosts and web addresses: what they are, in linear time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from asok_engine.validation.addresses import is_email, is_host, is_url
from tests.engine.wire.growth import grows_linearly


@pytest.mark.parametrize(
    "text",
    ["a@b.co", "first.last+tag@sub.example.com", "o'neil@example.org", "jürgen@müller.example", "1@2x.de"],
)
def test_address_of_a_person_is_accepted(text: str) -> None:
    """What mail servers deliver is an address, in any script."""
    assert is_email(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a@b",
        "a b@c.de",
        "a@b@c.de",
        ".a@b.de",
        "a.@b.de",
        "a..b@c.de",
        "a@-b.de",
        "a@b-.de",
        "a@b..de",
        "a@.de",
        "a@1.2.3.4",
        "a@b.de\n",
        "a@b.de\r\nBcc: x@y.zz",
        "<a@b.de>",
        '"a b"@c.de',
        "a@b.de ",
        "a" * 65 + "@b.de",
        "a@" + "b" * 64 + ".de",
        "a@" + "b." * 130 + "de",
        "a@b.d\x00e",
        "a@b\u3002de.x y",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    """Line breaks above all: an address ends up in a mail's head (CVE-2026-53878)."""
    assert not is_email(text)


@pytest.mark.parametrize(
    "text",
    [
        "http://example.com",
        "https://example.com:8080/a?b=c#d",
        "HTTPS://EXAMPLE.COM/",
        "http://127.0.0.1/",
        "http://[::1]:80/",
        "https://münchen.example/straße",
    ],
)
def test_web_address_is_accepted(text: str) -> None:
    """http and https, names and numbers."""
    assert is_url(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.com",
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://example.com",
        "http://",
        "http:///path",
        "http://exa mple.com",
        "http://example.com\n",
        "http://example.com/\t",
        "https://user:secret@example.com",
        "http://example.com:99999",
        "http://example.com:0",
        "http://example.com:",
        "http://a_b.com",
        "http://\\evil.com",
        "http://1.2.3",
        "http://[::1",
        "http://example.com/<script>",
        "http://" + "a" * 2050,
    ],
)
def test_what_is_no_web_address_is_refused(text: str) -> None:
    """Other schemes and user names are how a link deceives."""
    assert not is_url(text)


def test_label_of_a_host_is_bounded() -> None:
    """63 characters a label, 253 a name (RFC 1035 2.3.4)."""
    assert is_host("a" * 63 + ".de")
    assert not is_host("a" * 64 + ".de")
    assert not is_host(".".join(["abcd"] * 60))


@pytest.mark.parametrize("judge", [is_email, is_url, is_host])
@pytest.mark.parametrize(
    "make", [lambda n: "a" * n + "@", lambda n: "a@" + "b." * n, lambda n: "http://" + "a-" * n]
)
def test_time_grows_with_the_length(judge: Callable[[str], bool], make: Callable[[int], str]) -> None:
    """No text makes a check blow up."""
    assert grows_linearly(judge, make, 20_000)
