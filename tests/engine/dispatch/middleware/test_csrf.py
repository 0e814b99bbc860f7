"""The check itself, without a face: what it looks at and how often it makes tokens."""

from __future__ import annotations

from typing import Any

import pytest

from asok_engine.backends.sessions.contract import NewSession
from asok_engine.backends.sessions.memory import MemorySessions
from asok_engine.dispatch.middleware.csrf import Csrf, CsrfFailed
from asok_engine.dispatch.middleware.sessions import SessionCookie, Sessions, handle_of
from asok_engine.errors import ForbiddenError, UsageError
from asok_engine.security.csrf import CsrfTokens
from asok_engine.security.signing import Signer
from asok_engine.wire.request import Request
from tests.engine.dispatch.exchanges import make_request, page

SECRET = "a-secret-of-enough-characters-0123456789"
SIGNER = Signer(SECRET, "session")


def make(**options: Any) -> tuple[Csrf, MemorySessions]:
    """Make a check over a store in memory."""
    store = MemorySessions()
    cookie = SessionCookie(SIGNER, secure=False, same_site="Lax", max_age_seconds=100)
    return Csrf(CsrfTokens(SECRET), Sessions(store, cookie), secure=False, **options), store


def post(token: str = "", cookie: str = "", **headers: str) -> Request:
    """Make a request that changes something."""
    fields = {"cookie": cookie, "x-csrf-token": token, **headers}
    return make_request("/", "POST", {name: value for name, value in fields.items() if value})


def seed_of(csrf: Csrf) -> tuple[str, str]:
    """Give a token and the cookie that goes with it, as a page gives them."""
    request, response = make_request(), page()
    token = csrf.token(request)
    csrf.finish(request, response)
    return token, response.cookies[0].decode().partition(";")[0]


def test_refusal_is_a_forbidden_with_a_code_of_its_own() -> None:
    """Error pages for 403 show it; programs tell it from other refusals."""
    csrf, _ = make()
    with pytest.raises(CsrfFailed) as failure:
        csrf.check(post())
    assert isinstance(failure.value, ForbiddenError)
    assert (failure.value.code, failure.value.status) == ("csrf-failed", 403)


def test_second_question_costs_nothing() -> None:
    """A form that validates after the check does not look again."""
    csrf, _ = make()
    token, cookie = seed_of(csrf)
    request = post(token, cookie)
    csrf.check(request)
    request.__dict__["headers"] = None
    csrf.check(request)


def test_one_answer_has_one_token_and_a_body_that_is_its_own() -> None:
    """Ten forms of a page share a token; no tag is made of such a page."""
    csrf, _ = make()
    request = make_request()
    assert request.is_one_time is False
    assert len({csrf.token(request) for _ in range(10)}) == 1
    assert request.is_one_time is True


def test_token_of_a_dead_session_is_not_good() -> None:
    """The session has ended, and its forms with it."""
    csrf, store = make()
    store.create(NewSession(handle_of("x"), {}))
    cookie = f"asok_session={SIGNER.sign('x')}"
    token = csrf.token(make_request(headers={"cookie": cookie}))
    csrf.check(post(token, cookie))
    store.delete(handle_of("x"))
    with pytest.raises(CsrfFailed):
        csrf.check(post(token, cookie))


def test_seed_of_the_visitor_does_not_open_a_session() -> None:
    """Who plants a seed beside somebody's session has gained nothing."""
    csrf, store = make()
    store.create(NewSession(handle_of("x"), {}))
    token, seed = seed_of(csrf)
    csrf.check(post(token, seed))
    with pytest.raises(CsrfFailed):
        csrf.check(post(token, f"{seed}; asok_session={SIGNER.sign('x')}"))


def test_streamed_answer_gives_no_seed_after_its_head() -> None:
    """The cookie could not be sent any more; the message says when to ask."""
    csrf, _ = make()
    request = make_request("/report")
    request.is_streaming = True
    with pytest.raises(UsageError, match=r"/report.*before the stream"):
        csrf.token(request)


def test_debug_adds_a_word_for_developers() -> None:
    """What is missing, and the switch, stand in the message in debug only."""
    for debug in (True, False):
        csrf, _ = make(debug=debug)
        with pytest.raises(CsrfFailed) as failure:
            csrf.check(post())
        assert ("X-CSRF-Token" in str(failure.value)) is debug


def test_malformed_trusted_origin_trusts_nobody() -> None:
    """What is no origin is not one that opens."""
    csrf, _ = make(trusted_origins=["", "*", "null", "https://partner.example"])
    token, cookie = seed_of(csrf)
    csrf.check(post(token, cookie, origin="https://partner.example"))
    for origin in ("null", "*"):
        with pytest.raises(CsrfFailed):
            csrf.check(post(token, cookie, origin=origin))


def test_bearer_credentials_need_no_token_and_get_no_cookie() -> None:
    """No other site makes a browser send them; another scheme is no excuse."""
    csrf, _ = make()
    request = post(authorization="bearer x")
    csrf.check(request)
    assert csrf.token(request)
    response = page()
    csrf.finish(request, response)
    assert response.cookies == ()
    with pytest.raises(CsrfFailed):
        csrf.check(post(authorization="Basic x"))
