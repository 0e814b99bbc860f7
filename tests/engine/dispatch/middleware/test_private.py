"""What one visitor sees stays out of shared caches, whatever a handler has said."""

from __future__ import annotations

import pytest

from asok_engine.backends.sessions.session import Session
from asok_engine.dispatch.middleware.private import PrivateAnswers, make_private
from asok_engine.wire.request import Request
from tests.engine.dispatch.exchanges import make_request, page

FINISH = PrivateAnswers().finish


def touched(*, is_live: bool) -> Request:
    """Make a request whose session was looked at."""
    request = make_request()
    request.__dict__["session"] = Session(lambda: "x", "x" if is_live else "", {} if is_live else None)
    return request


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, b"private, no-cache"),
        (b"public, max-age=60", b"private, max-age=60"),
        (b"PUBLIC , Max-Age=60", b"private, Max-Age=60"),
        (b"max-age=60, s-maxage=600", b"private, max-age=60"),
        (b"s-maxage = 600", b"private"),
        (b"private, max-age=60", b"private, max-age=60"),
        (b" No-Store ", b" No-Store "),
        (b"no-store, public", b"no-store"),
        (b'private="set-cookie", max-age=60', b'private, private="set-cookie", max-age=60'),
        (b"no-cache", b"private, no-cache"),
        (b"", b"private"),
    ],
)
def test_fields_are_made_private(before: bytes | None, after: bytes) -> None:
    """Directives in any case and with any white space (CVE-2026-8404, 48587)."""
    raw = {} if before is None else {b"cache-control": before}
    make_private(raw)
    assert raw[b"cache-control"] == after


def test_answer_of_a_live_session_is_private_and_varies() -> None:
    """Also when the handler said public (CVE-2026-35192)."""
    response = page()
    response.headers["Cache-Control"] = "public, max-age=3600"
    response.headers["Vary"] = " Accept-Language "
    FINISH(touched(is_live=True), response)
    assert response.headers["Cache-Control"] == "private, max-age=3600"
    assert response.headers["Vary"] == "Accept-Language, Cookie"


def test_answer_for_nobody_in_particular_stays_shared() -> None:
    """A page that looked for a session and found none says only that it depends on the cookie."""
    response = page()
    FINISH(touched(is_live=False), response)
    assert "Cache-Control" not in response.headers
    assert response.headers["Vary"] == "Cookie"


def test_answer_that_looked_at_nothing_is_left_alone() -> None:
    """No field is added."""
    response = page()
    FINISH(make_request(), response)
    assert list(response.raw) == [b"content-type"]


def test_cookie_makes_an_answer_private() -> None:
    """Any cookie, also where caching was asked for (CVE-2026-48588)."""
    response = page()
    response.headers["Cache-Control"] = "max-age=60"
    response.set_cookie("theme", "dark")
    FINISH(make_request(), response)
    assert response.headers["Cache-Control"] == "private, max-age=60"


def test_vary_is_not_doubled() -> None:
    """Cookie in any case is there already, and a star says more."""
    for field, expected in (("COOKIE", "COOKIE"), ("*", "*, Cookie")):
        response = page()
        response.headers["Vary"] = field
        FINISH(touched(is_live=False), response)
        assert response.headers["Vary"] == expected


def test_answer_for_bearer_credentials_is_private_and_depends_on_them() -> None:
    """Whatever the handler has said (RFC 9111 3.5)."""
    request = make_request(headers={"authorization": "Bearer x"})
    response = page()
    response.headers["Cache-Control"] = "public, s-maxage=60"
    FINISH(request, response)
    assert response.headers["Cache-Control"] == "private"
    assert response.headers["Vary"] == "Authorization"
