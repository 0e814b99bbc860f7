"""A statement that somebody wrote gives records of a model."""

from __future__ import annotations

import pytest

from asok_engine.errors import UsageError
from asok_engine.records.errors import NotLoaded
from asok_engine.records.plans.raw import raw
from tests.engine.records.blog import Post, blog

DESCRIPTION = Post.__description__


def test_columns_may_come_in_any_order_and_others_beside_them() -> None:
    """The records are whole, know their rows, and can be saved."""
    driver = blog()
    text = (
        "SELECT views, at, live, title, author_id, id, 'x' AS other FROM posts WHERE views > ? ORDER BY id;"
    )
    posts = driver.run(raw(DESCRIPTION, text, [15]))
    assert [(post.id, post.title, post.views) for post in posts] == [
        (2, "Post 2", 20),
        (3, "Post 3", 30),
        (4, "Post 4", 40),
    ]
    posts[0].title = "changed"
    driver.save(posts[0])
    assert driver.run(raw(DESCRIPTION, "SELECT * FROM posts WHERE title = :t", {"t": "changed"})) == [
        posts[0]
    ]


def test_columns_that_are_not_read_are_not_loaded() -> None:
    """The key must be among them; a name of SQL that is no field stands on the record as it is."""
    driver = blog()
    post = driver.run(raw(DESCRIPTION, "SELECT id, title, 7 AS seven FROM posts ORDER BY id DESC"))[0]
    assert (post.id, post.title, post.seven) == (4, "Post 4", 7)
    with pytest.raises(NotLoaded, match="views"):
        _ = post.views
    with pytest.raises(UsageError, match="not the key 'id'"):
        driver.run(raw(DESCRIPTION, "SELECT title FROM posts"))
    assert driver.run(raw(DESCRIPTION, "SELECT title FROM posts WHERE id = 0")) == []


def test_values_and_places_are_counted() -> None:
    """Before the database sees the statement."""
    with pytest.raises(UsageError):
        blog().run(raw(DESCRIPTION, "SELECT * FROM posts WHERE id = ?"))
