"""Who follows records is who they are now: rights that were taken away count within seconds."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from asok.auth import followers
from asok.auth.followers import FollowedQueries, Followers, barred_people
from asok_engine.errors import UsageError
from asok_engine.realtime.connection import Connection
from asok_engine.records.policy import ANONYMOUS
from tests.asok.auth.desk import make_desk, person


class Held:
    """A connection of somebody."""

    def __init__(self, user: Any) -> None:
        self.user = user


def asked(made: Followers, user: Any) -> Any:
    """Give the principal of somebody's connection."""
    connection: Any = Held(user)
    kept: Connection = connection
    return asyncio.run(made.principal_of(kept))


def test_person_is_read_again_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Roles that came or went, and a person who may not sign in any more or is gone, count soon."""
    app = make_desk(tmp_path)
    ada = person(app, roles=["agent"])
    user = app.models["User"].find(ada.id)
    made = Followers()
    assert asked(made, user).has_role("agent")
    assert asked(made, None) is ANONYMOUS
    ada.update(_trust=True, roles=["manager"])
    assert asked(made, user).has_role("agent")
    monkeypatch.setattr(followers, "AGAIN_SECONDS", 0)
    assert asked(made, user).has_role("manager")
    ada.update(_trust=True, is_active=False)
    assert asked(made, user) is ANONYMOUS
    ada.update(_trust=True, is_active=True)
    assert asked(made, user).id == ada.id
    ada.delete()
    assert asked(made, user) is ANONYMOUS
    app.shutdown()


def test_limit_of_a_token_outlasts_the_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And it limits nobody else: a connection of the same person without a token may do everything."""
    app = make_desk(tmp_path)
    ada = person(app, roles=["agent"])
    made = Followers()
    limited, whole = app.models["User"].find(ada.id), app.models["User"].find(ada.id)
    limited.limit_to(["tickets.view"])
    for seconds in (0, 60):
        monkeypatch.setattr(followers, "AGAIN_SECONDS", seconds)
        for _ in range(2):
            assert not asked(made, limited).can("tickets.edit")
            assert asked(made, limited).can("tickets.view")
            assert asked(made, whole).can("tickets.edit")
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


def test_people_who_are_gone_or_switched_off_are_barred(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever their session says; asked for in few statements, and never of what is no record."""
    monkeypatch.setattr(followers, "MOST_ASKED", 2)
    app = make_desk(tmp_path)
    made = [person(app, f"p{number}@example.com") for number in range(5)]
    users = [app.models["User"].find(each.id) for each in made]
    member = person(app, "m@example.com", "Member")
    assert asyncio.run(barred_people([*users, member, "a name"])) == []
    made[1].update(_trust=True, is_active=False)
    made[4].delete()
    assert asyncio.run(barred_people([*users, member])) == [users[1], users[4]]
