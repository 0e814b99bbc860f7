"""Which sites may open a WebSocket."""

from __future__ import annotations

import pytest

from asok_engine.errors import SetupError
from asok_engine.realtime.origins import Origins


def allowed(origins: Origins, origin: str | None, host: str = "app.example", *, cookies: bool = True) -> bool:
    return not origins.refusal(origin, host=host, has_cookies=cookies)


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("https://myapp.com", True),
        ("https://MyApp.com", True),
        ("http://myapp.com", False),
        ("https://myapp.com:8443", False),
        ("https://myapp.com.evil.example", False),
        ("https://evil.example/?https://myapp.com", False),
        ("null", False),
        ("", False),
    ],
)
def test_listed_origin_is_compared_whole(origin: str, expected: bool) -> None:
    """Scheme, host and port are all of it; a part that looks right counts for nothing."""
    assert allowed(Origins(["https://myapp.com"]), origin) is expected


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("https://a.mydomain.com", True),
        ("https://mydomain.com", False),
        ("https://a.b.mydomain.com", False),
        ("https://amydomain.com", False),
        ("https://evil.example#.mydomain.com", False),
        ("http://a.mydomain.com", False),
    ],
)
def test_wildcard_stands_for_one_label(origin: str, expected: bool) -> None:
    """https://*.mydomain.com is every host directly below, and nothing else."""
    assert allowed(Origins(["https://*.mydomain.com"]), origin) is expected


def test_page_of_the_same_address_may_connect() -> None:
    """An origin that is the very host and port of the handshake is this application."""
    origins = Origins()
    assert allowed(origins, "https://app.example", "app.example")
    assert allowed(origins, "http://localhost:8000", "localhost:8000")
    assert not allowed(origins, "http://localhost:8000", "localhost:8001")
    assert not allowed(origins, "ftp://app.example", "app.example")


def test_this_machine_may_connect_in_development_only() -> None:
    """localhost and 127.0.0.1 on every port, and the host that is asked, while developing."""
    local, strict = Origins(local=True), Origins()
    for origin in (
        "http://localhost:8000",
        "http://127.0.0.1:5173",
        "https://localhost",
        "http://[::1]:3000",
    ):
        assert allowed(local, origin)
        assert not allowed(strict, origin)
    assert allowed(local, "http://192.168.1.5:8000", "192.168.1.5:8001")
    assert not allowed(local, "http://localhost.evil.example", "192.168.1.5:8001")


def test_address_of_the_application_is_always_allowed() -> None:
    """APP_URL is where the pages are, also when the sockets have another port."""
    origins = Origins(own="https://example.com/shop")
    assert allowed(origins, "https://example.com", "127.0.0.1:8001")
    assert not allowed(origins, "https://other.example", "127.0.0.1:8001")


def test_client_without_origin_may_come_without_cookies_only() -> None:
    """No browser leaves Origin out, so cookies without it were not sent by a page."""
    assert allowed(Origins(), None, cookies=False)
    assert not allowed(Origins(), None, cookies=True)
    assert allowed(Origins(anonymous_cookies=True), None, cookies=True)


@pytest.mark.parametrize("entry", ["*", "myapp.com", "https://", "https://a.*.com", "https://myapp.com/path"])
def test_what_is_no_origin_is_refused_at_the_start(entry: str) -> None:
    """A slip in the list is found before the first client, and "*" is no list."""
    with pytest.raises(SetupError, match="WS_ALLOWED_ORIGINS"):
        Origins([entry])


def test_usual_port_is_the_same_as_none() -> None:
    """Browsers leave :443 out; a list that has it means the same."""
    assert allowed(Origins(["https://myapp.com:443/"]), "https://myapp.com")
