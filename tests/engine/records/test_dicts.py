"""Records become dicts without what is hidden, and take values from outside without what is protected."""

from __future__ import annotations

import pytest

from asok_engine.records.dicts import fill, to_dict
from asok_engine.records.errors import UnknownName
from asok_engine.records.fields.moment import CreatedAt, SoftDelete
from asok_engine.records.fields.number import Boolean
from asok_engine.records.fields.text import String
from asok_engine.records.query import Query
from asok_engine.records.record import Record
from tests.engine.records.blog import Author, Post, blog


class Account(Record):
    """Something with fields that are not for everyone."""

    id: int
    name = String()
    secret = String(hidden=True, default="x")
    is_admin = Boolean(protected=True, default=False)
    created_at = CreatedAt()
    deleted_at = SoftDelete()


def test_hidden_fields_stay_out() -> None:
    """Unless one asks by name or for all."""
    account = Account(id=1, name="Ada")
    assert to_dict(account) == {"id": 1, "name": "Ada", "is_admin": False, "deleted_at": None}
    assert to_dict(account, only=["name", "secret"]) == {"name": "Ada", "secret": "x"}
    assert "secret" in to_dict(account, hidden=True)
    assert "name" not in to_dict(account, without=["name"])
    with pytest.raises(UnknownName):
        to_dict(account, only=["nam"])


def test_loaded_relations_are_inside() -> None:
    """As dicts and lists of them; what stands above comes no second time."""
    driver = blog()
    author = driver.fetch(Query(Author.__description__).include("posts.comments", "profile").where(id=1))[0]
    for post in author.posts:
        post.__dict__["author"] = author
    made = to_dict(author)
    assert [post["title"] for post in made["posts"]] == ["Post 1", "Post 3"]
    assert made["posts"][0]["comments"][0]["text"] == "good"
    assert "author" not in made["posts"][0]
    assert made["profile"]["bio"] == "counts"
    post = driver.fetch(Query(Post.__description__).join("author").where(id=4))[0]
    assert to_dict(post)["author"] is None


def test_values_from_outside_leave_protected_fields_alone() -> None:
    """Keys, protected fields and marks are not decided by who sends a form."""
    account = Account(name="Ada")
    left = fill(account, {"name": "Eve", "is_admin": True, "id": 7, "deleted_at": None, "created_at": None})
    assert (account.name, account.is_admin, account.id) == ("Eve", False, None)
    assert left == ["is_admin", "id", "deleted_at", "created_at"]
    with pytest.raises(UnknownName, match="Did you mean 'name'"):
        fill(account, {"nam": 1})
    post = Post(title="a")
    assert fill(post, {"author": 2, "views": 3}) == []
    assert (post.author_id, post.views) == (2, 3)
