"""The laws of form tokens, which hang on the session, on every store of sessions and both protocols."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import pytest

from asok_engine.testing.client import TestClient
from tests.asok.effects.sites import KEY, make_app
from tests.asok.effects.test_csrf import PAGES, token_of

Protocol = Literal["asgi", "wsgi"]


@pytest.fixture(params=["memory", "file", "redis"])
def stored(request: pytest.FixtureRequest) -> Mapping[str, Any]:
    """The settings of one store."""
    settings: dict[str, Any] = {"SESSION_BACKEND": request.param, "RATE_LIMIT": False}
    if request.param == "redis":
        settings["REDIS_URL"] = request.getfixturevalue("redis_url")
    return settings


@pytest.fixture(params=["asgi", "wsgi"])
def visitor(
    request: pytest.FixtureRequest, tmp_path: Path, stored: Mapping[str, Any]
) -> Iterator[TestClient]:
    """A visitor of an application whose sessions are in one store, over one protocol."""
    with TestClient(make_app(tmp_path, stored, pages=PAGES), request.param) as client:
        yield client


def send(client: TestClient, token: str) -> int:
    """Send a form; give the status."""
    return client.post("/plain", {"csrf_token": token}).status_code


def test_token_is_the_sessions_own(visitor: TestClient) -> None:
    """One of nobody's is dead once somebody signs in, and one of a session when it ends (case 84)."""
    before = token_of(visitor)
    assert send(visitor, before) == 200
    # A session that begins takes the token along; a sign-in does not.
    visitor.get("/keep")
    assert send(visitor, before) == 200
    visitor.get("/enter")
    assert send(visitor, before) == 403
    during = token_of(visitor)
    assert [send(visitor, during) for _ in range(2)] == [200, 200]
    visitor.get("/enter")
    # The id has changed again: so has what tokens are bound to.
    assert send(visitor, during) == 403
    last = token_of(visitor)
    visitor.get("/leave")
    assert send(visitor, last) == 403


def test_token_of_another_visitor_is_refused(visitor: TestClient) -> None:
    """Signed in or not, and also when both are the same person in two sessions (case 84)."""
    other = TestClient(visitor.app, visitor.protocol)
    assert send(visitor, token_of(other)) == 403
    for client in (visitor, other):
        client.get("/enter")
    assert send(visitor, token_of(other)) == 403
    assert send(visitor, token_of(visitor)) == 200


def test_token_survives_what_is_put_into_the_session(visitor: TestClient) -> None:
    """Values come and go without spoiling the form in the other tab."""
    token = token_of(visitor)
    for _ in range(3):
        visitor.get("/keep")
        assert send(visitor, token) == 200


def test_token_of_a_session_is_dead_without_its_cookie(visitor: TestClient) -> None:
    """What stands in a page that somebody saved is worth nothing to others (case 84)."""
    visitor.get("/enter")
    token = token_of(visitor)
    stranger = TestClient(visitor.app, visitor.protocol)
    assert send(stranger, token) == 403
    assert send(visitor, token) == 200


def test_token_is_good_in_every_process_and_after_a_change_of_the_key(
    tmp_path: Path, stored: Mapping[str, Any], visitor: TestClient
) -> None:
    """Stores that outlive a process carry it on; a key that is gone takes the token with it (case 91)."""
    if stored["SESSION_BACKEND"] == "memory":
        pytest.skip("sessions in memory end with their process")
    visitor.get("/enter")
    token, cookies = token_of(visitor), dict(visitor.cookies)
    fresh = {"SECRET_KEY": "another-key-abcdefghijklmnopqrstuvwxyz-0123"}
    for settings, status in (
        ({}, 200),
        ({**fresh, "SECRET_KEY_FALLBACKS": [KEY]}, 200),
        ({**fresh, "SECRET_KEY_FALLBACKS": []}, 403),
    ):
        app = make_app(tmp_path, {**stored, **settings}, pages=PAGES)
        with TestClient(app, visitor.protocol) as elsewhere:
            elsewhere.cookies.update(cookies)
            assert send(elsewhere, token) == status
