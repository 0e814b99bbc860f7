"""What a session says about a person, and what it must not say."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from asok import TestClient
from asok_engine.records.fields.secret import PasswordHash
from asok_engine.security.passwords import Passwords
from tests.asok.auth.desk import GOOD, make_desk, person, sign_in


@pytest.mark.parametrize("how", ["plain", "async"])
@pytest.mark.parametrize("claim", ["1", [1], [1, None], {"id": 1}, [[1], "x"], [1, "x", "y"], None, [1, ""]])
def test_a_session_that_says_something_else_is_nobodys(tmp_path: Path, claim: object, how: str) -> None:
    """Whoever can write into the store still needs the stamp; what cannot be read signs nobody in."""
    page = (
        "def get(request):\n    request.session['cart'] = 'tea'\n"
        f"    request.session.own['user'] = {claim!r}\n    return 'ok'\n"
    )
    app = make_desk(tmp_path, pages={"forge/page.py": page})
    person(app)
    client = TestClient(app)
    assert client.get("/forge").text == "ok"
    assert client.get(f"/{how}/show").json["user"] is None


def test_the_log_says_who_signed_in_and_never_what_was_typed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Success names the person's key, failure the address alone: people type passwords as names (ASVS V16.3)."""
    app = make_desk(tmp_path)
    user = person(app)
    caplog.set_level(logging.INFO, "asok.security")
    client = TestClient(app, client=("203.0.113.5", 9))
    sign_in(client, "my-secret-typed-as-name", "wrong")
    sign_in(client)
    client.post("/async/out")
    lines = [r.getMessage() for r in caplog.records if r.name == "asok.security"]
    assert lines == [
        "Sign-in failed from 203.0.113.5.",
        f"users:{user.id} signed in from 203.0.113.5.",
        f"users:{user.id} signed out.",
    ]


def test_the_sessions_of_a_person_can_be_listed_and_ended(tmp_path: Path) -> None:
    """Somebody sees where they are signed in, and ends one of them (ASVS V7.5)."""
    app = make_desk(tmp_path)
    user = person(app)
    one, other = TestClient(app), TestClient(app)
    sign_in(one)
    sign_in(other)
    services = app.services
    sessions = services.sessions.of_user(services.people.user_key(user))
    assert len(sessions) == 2
    assert services.sessions.end_all(services.people.user_key(user), but=sessions[0].handle) == 1
    assert [client.get("/async/show").json["user"] for client in (one, other)].count(None) == 1


@pytest.mark.parametrize("how", ["plain", "async"])
def test_a_hash_of_lower_cost_is_made_anew_at_sign_in(tmp_path: Path, how: str) -> None:
    """The owner's next sign-in raises it; they stay signed in there, and wherever else they are."""
    app = make_desk(tmp_path)
    weak = PasswordHash(Passwords(memory_kib=7168, passes=1).hash(GOOD))
    user = person(app, password=PasswordHash(Passwords().hash(GOOD)))
    here, there = TestClient(app), TestClient(app)
    user.update(password=weak)
    people, asked = app.services.people, app.services.people.passwords
    people.passwords = Passwords(memory_kib=7168, passes=1)
    sign_in(there, how=how)
    assert "m=7168,t=1" in user.refresh().password.stored
    people.passwords = asked
    sign_in(here, how=how)
    stored = user.refresh().password
    assert "m=19456,t=2" in stored.stored
    assert stored.matches(GOOD)
    for client in (here, there):
        assert client.get(f"/{how}/show").json["user"] == "ada@example.com"
    user.update(password=GOOD)
    for client in (here, there):
        assert client.get(f"/{how}/show").json["user"] is None


@pytest.mark.parametrize(
    "waiting",
    [
        "1",
        [1],
        [1, "x", "now", True, ""],
        {"key": 1},
        None,
        [[1], "x", 1.0, True, "/"],
        [1, "", 9e99, True, ""],
    ],
)
def test_what_no_sign_in_has_left_waits_for_no_code(tmp_path: Path, waiting: object) -> None:
    """A session that holds something else there is that of a visitor."""
    page = (
        "def get(request):\n"
        f"    request.session.own['waiting'] = {waiting!r}\n"
        "    return {'waiting': request.auth.codes.is_waiting}\n"
    )
    app = make_desk(tmp_path, pages={"forge/page.py": page})
    assert TestClient(app).get("/forge").json == {"waiting": False}
