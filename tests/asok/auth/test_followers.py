"""Who is at the other end of a connection is judged again as a page would judge them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from asok.auth import followers
from asok.auth.claims import stamp_of
from asok.auth.followers import FollowedQueries, PeopleNow, follower_of
from asok_engine.backends.sessions.session import Session
from asok_engine.errors import UsageError
from asok_engine.realtime.gate import PersonNow
from asok_engine.records.policy import ANONYMOUS
from tests.asok.auth.desk import make_desk, person


class Held:
    """A connection of somebody."""

    def __init__(self, user: Any) -> None:
        self.user = user


def test_follower_is_who_the_connection_has(tmp_path: Path) -> None:
    """With roles and the limit of a token; a guest is nobody."""
    app = make_desk(tmp_path)
    user = person(app, roles=["agent"])
    held: Any = Held(user)
    assert follower_of(held).can("tickets.edit")
    user.limit_to(["tickets.view"])
    assert not follower_of(held).can("tickets.edit")
    assert follower_of(held).can("tickets.view")
    held.user = None
    assert follower_of(held) is ANONYMOUS
    app.shutdown()


def test_model_is_one_query_and_other_things_are_refused(tmp_path: Path) -> None:
    """So that those who follow a whole model share their looks."""
    app = make_desk(tmp_path)
    user: Any = app.models["User"]
    queries = FollowedQueries()
    assert queries.of(user) is queries.of(user)
    narrowed = user.where(name="Ada")
    assert queries.of(narrowed) is narrowed._query
    with pytest.raises(UsageError, match="expected a model or a query"):
        queries.of("User")
    app.shutdown()


def now(app: Any, *known: Any) -> list[PersonNow]:
    """Give who people are now; each is (person, session), or a person who came with a token."""
    pairs = [each if isinstance(each, tuple) else (each, None) for each in known]
    return asyncio.run(PeopleNow(app.services.people)(pairs))


def session_of(app: Any, user: Any, *acting: Any) -> Session:
    """Give the session of somebody who is signed in, and may act for somebody since a moment."""
    session = Session(lambda: "an id")
    session.own["user"] = [user.pk, stamp_of(user, app.services.people.field)]
    if acting:
        session.own["acting"] = list(acting)
    return session


def test_people_are_read_anew_or_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In few statements, each an object of its own, and never what is no record."""
    monkeypatch.setattr(followers, "MOST_ASKED", 2)
    app = make_desk(tmp_path)
    made = [person(app, f"p{number}@example.com", roles=["agent"]) for number in range(5)]
    users = [app.models["User"].find(each.id) for each in made]
    member = app.models["Member"].find(person(app, "m@example.com", "Member").id)
    asked = [(user, session_of(app, user)) for user in users]
    asked += [asked[0], (member, Session(lambda: "")), ("a name", Session(lambda: ""))]
    before = now(app, *asked)
    assert [each.person for each in before] == [known for known, _ in asked]
    assert not any(each.has_changed for each in now(app, *[(b.person, a[1]) for a, b in zip(asked, before)]))
    made[0].update(_trust=True, roles=["manager"])
    made[1].update(_trust=True, is_active=False)
    made[4].delete()
    after = now(app, *asked)
    assert [each.person for each in after] == [
        users[0],
        None,
        users[2],
        users[3],
        None,
        users[0],
        member,
        "a name",
    ]
    assert [each.has_changed for each in after] == [True, True, False, False, True, True, False, False]
    assert users[0].has_role("agent")
    assert after[0].person.has_role("manager")
    assert after[0].person is not after[5].person
    app.shutdown()


def test_limit_of_a_token_outlasts_the_reading(tmp_path: Path) -> None:
    """And it limits nobody else: the same person without a token may do everything."""
    app = make_desk(tmp_path)
    ada = person(app, roles=["agent"])
    limited = app.models["User"].find(ada.id)
    limited.limit_to(["tickets.view"])
    both = now(app, limited, (ada, session_of(app, ada)), ada)
    assert [each.person.can("tickets.edit") for each in both] == [False, True, True]
    assert both[0].person.can("tickets.view")
    app.shutdown()


def test_session_of_another_password_is_nobodys(tmp_path: Path) -> None:
    """As on pages: wherever it was changed. A token goes on."""
    app = make_desk(tmp_path)
    ada = person(app)
    session = session_of(app, ada)
    ada.update(password="set by somebody in a shell")
    assert [each.person for each in now(app, (ada, session), ada)] == [None, ada]
    app.shutdown()


def test_who_acts_for_somebody_may_do_so_still(tmp_path: Path) -> None:
    """For an hour, as long as their own account and right are there."""
    app = make_desk(tmp_path)
    people = app.services.people
    boss, ada = person(app, "boss@example.com", is_admin=True), person(app)
    session, over = (session_of(app, boss, ada.pk, people.clock() - seconds) for seconds in (10, 3700))
    assert [each.person for each in now(app, (ada, session), (ada, over))] == [ada, None]
    boss.update(_trust=True, is_admin=False)
    assert now(app, (ada, session))[0].person is None
    boss.update(_trust=True, is_admin=True, is_active=False)
    assert now(app, (ada, session))[0].person is None
    app.shutdown()
