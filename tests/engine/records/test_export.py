"""A record becomes a dict of what may be shown."""

from __future__ import annotations

import pytest

from asok_engine.records.errors import UnknownName
from asok_engine.records.export import to_dict
from asok_engine.records.fields.text import String
from asok_engine.records.plans.find import find
from asok_engine.records.query import Query
from asok_engine.records.record import Record
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
