"""A record is found or made; whoever comes second finds it."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from asok_engine.errors import UniqueError
from asok_engine.records.errors import InvalidRecord, SeveralRecords
from asok_engine.records.plans.count import count
from asok_engine.records.plans.get_or_create import get_or_create, update_or_create
from asok_engine.records.query import Query
from asok_engine.records.steps import Atomic
from tests.engine.records.blog import Author, Post, Tag, blog
from tests.engine.records.driver import Driver

TAGS, POSTS = Query(Tag.__description__), Query(Post.__description__)


def test_record_is_found_or_made() -> None:
    """With defaults for what is not looked for, also by a function."""
    driver = blog()
    tag, made = driver.run(get_or_create(TAGS, {"name": "python"}))
    assert (tag.id, made) == (1, False)
    tag, made = driver.run(get_or_create(TAGS, {"name": "go"}))
    assert (tag.id, made) == (3, True)
    post, made = driver.run(
        get_or_create(
            POSTS, {"title__iexact": "new", "author": Author(id=1)}, {"title": lambda: "New", "views": 7}
        )
    )
    assert (post.title, post.views, post.author_id, made) == ("New", 7, 1, True)
    again, made = driver.run(get_or_create(POSTS, {"title__iexact": "new", "author": Author(id=1)}))
    assert (again, made) == (post, False)


def test_several_records_are_told() -> None:
    """One was meant."""
    with pytest.raises(SeveralRecords):
        blog().run(get_or_create(POSTS, {"live": True}))
    with pytest.raises(SeveralRecords):
        blog().run(update_or_create(POSTS, {"live": True}, {"views": 1}))


class Racing(Driver):
    """Lets somebody else be first, once, right before an insert; tells of it as the database would."""

    raced = False

    def perform(self, step: Any) -> Any:
        """Perform one step."""
        if isinstance(step, Atomic) and not self.raced and step.plan.gi_code.co_name == "save":
            self.raced = True
            self.connection.execute("INSERT INTO tags (name) VALUES ('go')")
        try:
            return super().perform(step)
        except sqlite3.IntegrityError as error:
            raise UniqueError(str(error)) from error


def racing() -> Racing:
    """Make a driver with an empty table."""
    return Racing(Post, Author, Tag)


def test_second_of_two_finds_the_record_of_the_first() -> None:
    """Nobody hears of the race (aksara 3.3)."""
    driver = racing()
    tag, made = driver.run(get_or_create(TAGS, {"name": "go"}))
    assert (tag.name, made) == ("go", False)
    assert driver.run(count(TAGS)) == 1
    driver = racing()
    tag, made = driver.run(update_or_create(TAGS, {"name": "go"}))
    assert (tag.name, made) == ("go", False)


def test_another_unique_key_is_no_race() -> None:
    """Then there is nothing to find, and the error goes on."""
    driver = racing()
    driver.raced = True
    driver.save(Tag(name="taken"))
    with pytest.raises(UniqueError):
        driver.run(get_or_create(TAGS, {"id": 77}, {"name": "taken"}))
    with pytest.raises(UniqueError):
        driver.run(update_or_create(TAGS, {"id": 77}, {"name": "taken"}))


def test_record_is_changed_or_made() -> None:
    """The row is locked while it is changed."""
    driver = blog()
    post, made = driver.run(update_or_create(POSTS, {"title": "Post 1"}, {"views": lambda: 99}))
    assert (post.id, post.views, made) == (1, 99, False)
    post, made = driver.run(update_or_create(POSTS, {"title": "Post 9"}, {"views": 9}))
    assert (post.id, post.views, made) == (5, 9, True)


def test_values_that_are_not_trusted_reach_no_protected_field() -> None:
    """They help to find and are not set."""
    driver = blog()
    field = Tag.__description__.fields["name"]
    field.protected = True
    try:
        with pytest.raises(InvalidRecord, match="name is required"):
            driver.run(get_or_create(TAGS, {"name": "go"}, trusts=False))
        with pytest.raises(InvalidRecord, match="name is required"):
            driver.run(update_or_create(TAGS, {"name": "go"}, trusts=False))
        assert driver.run(get_or_create(TAGS, {"name": "sql"}, trusts=False))[1] is False
    finally:
        field.protected = False
