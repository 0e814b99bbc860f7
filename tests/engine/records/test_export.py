"""A record becomes a dict of what may be shown."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from asok_engine.records.errors import NotLoaded, UnknownName
from asok_engine.records.export import to_dict
from asok_engine.records.fields.moment import DateTime
from asok_engine.records.fields.reference import ForeignKey
from asok_engine.records.fields.text import String
from asok_engine.records.plans.find import find
from asok_engine.records.query import Query
from asok_engine.records.record import Record
from asok_engine.records.zones import active_zone
from tests.engine.records.blog import Author, Post, blog


class Account(Record):
    """Has a secret."""

    name = String(20)
    secret = String(20, hidden=True)


def test_hidden_fields_stay_hidden() -> None:
    """Also where somebody asks for them by name."""
    account = Account(name="Ada", secret="s")
    assert to_dict(account) == {"id": None, "name": "Ada"}
    assert to_dict(account, only=["name", "secret"]) == {"name": "Ada"}


def test_names_choose() -> None:
    """`only` chooses, `leave_out` takes away, and an unknown name is told."""
    account = Account(name="Ada", secret="s")
    assert to_dict(account, only=["name"]) == {"name": "Ada"}
    assert to_dict(account, leave_out=["id"]) == {"name": "Ada"}
    with pytest.raises(UnknownName, match="nmae"):
        to_dict(account, only=["nmae"])


def test_loaded_relations_become_dicts() -> None:
    """One record, none, and many."""
    driver = blog()
    ada = driver.fetch(Query(Author.__description__).include("posts", "profile").where(id=1))[0]
    made = to_dict(ada, only=["name", "posts", "profile"])
    assert made["name"] == "Ada"
    assert [post["id"] for post in made["posts"]] == [1, 3]
    assert made["profile"]["bio"] == "counts"
    bob = driver.fetch(Query(Author.__description__).include("profile").where(id=2))[0]
    assert to_dict(bob, only=["profile"]) == {"profile": None}


def test_fields_that_were_not_read_are_left_out() -> None:
    """A record of some fields becomes a dict of those."""
    driver = blog()
    post = driver.fetch(Query(Post.__description__).only("title").where(id=1))[0]
    assert to_dict(post) == {"id": 1, "title": "Post 1"}
    assert set(to_dict(driver.run(find(Post.__description__, 1)))) > {"views", "author_id"}


def test_moments_are_told_in_the_zone_that_holds() -> None:
    """And a relation that was not loaded, and cannot be here, says so."""

    class Event(Record):
        id: int
        at = DateTime()

        @classmethod
        def records_of(cls, record: Record, relation: Any) -> Any:
            """Give something that is no list."""
            return object()

    class Guest(Record):
        id: int
        event_id = ForeignKey(Event, related_name="guests")

    event = Event(at=datetime(2026, 1, 1, tzinfo=UTC))
    token = active_zone.set(ZoneInfo("Asia/Tokyo"))
    try:
        assert to_dict(event, only=["at"])["at"].isoformat() == "2026-01-01T09:00:00+09:00"
    finally:
        active_zone.reset(token)
    with pytest.raises(NotLoaded, match="guests"):
        to_dict(event, only=["guests"])
    assert Guest.__description__.name == "Guest"
