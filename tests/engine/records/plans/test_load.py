"""Relations that were not loaded are loaded for all records of one result at once."""

from __future__ import annotations

import pytest

from asok_engine.errors import UsageError
from asok_engine.records.errors import UnknownName
from asok_engine.records.plans.find import find
from asok_engine.records.plans.load import load_relations, query_of
from asok_engine.records.query import Query
from tests.engine.records.blog import Author, Post, blog

POSTS = Query(Post.__description__).order_by("id")


def test_reading_a_relation_loads_it_for_every_peer() -> None:
    """A loop over a hundred posts that reads each author asks once."""
    driver = blog()
    posts = driver.fetch(POSTS)
    assert [post.author.name if post.author else "" for post in posts] == ["Ada", "Bob", "Ada", ""]
    assert len(driver.texts) == 2
    assert [len(post.comments) for post in posts] == [2, 1, 0, 0]
    assert [len(post.tags) for post in posts] == [2, 0, 1, 0]
    assert len(driver.texts) == 4


def test_record_alone_loads_for_itself() -> None:
    """One that came without others, or was made here."""
    driver = blog()
    author = driver.fetch(Query(Author.__description__).where(id=1))[0]
    assert [post.id for post in author.posts] == [1, 3]
    made = driver.save(Post(title="x", author_id=2))
    assert made.author.name == "Bob"


def test_relations_of_records_at_hand_are_loaded() -> None:
    """By paths, as in a query."""
    driver = blog()
    posts = driver.fetch(POSTS)
    driver.run(load_relations(posts, "author.profile", "comments"))
    count = len(driver.texts)
    assert posts[0].author.profile.bio == "counts"
    assert len(posts[0].comments) == 2
    assert len(driver.texts) == count
    assert driver.run(load_relations([], "author")) is None


def test_relation_of_one_record_is_a_query() -> None:
    """It can be narrowed; an unknown name and a record that was not saved are told."""
    driver = blog()
    ada = driver.run(find(Author.__description__, 1))
    assert [post.id for post in driver.fetch(query_of(ada, "posts").where(views__gt=10))] == [3]
    with pytest.raises(UnknownName, match="post"):
        query_of(ada, "pots")
    with pytest.raises(UsageError, match="save it"):
        query_of(Author(name="x"), "posts")
