"""Only what differs from the row is written, coerced and checked, with a report of every field."""

from __future__ import annotations

import pytest

from asok_engine.records.changes import changed, checked, to_columns
from asok_engine.records.errors import InvalidRecord
from asok_engine.records.fields.structure import JSON
from asok_engine.records.plans.find import find_by_key
from asok_engine.records.query import Query
from asok_engine.records.record import Record
from tests.engine.records.blog import Post, blog
from tests.engine.records.driver import Driver


def test_every_field_that_is_wrong_is_reported() -> None:
    """Not only the first one (asok 3.4 C11: lengths and types hold at save)."""
    post = Post(title="a" * 101, views="many", live="maybe", at="2026-01-01")
    with pytest.raises(InvalidRecord) as error:
        checked(post, Post.__description__.fields.values())
    assert error.value.errors == {
        "title": ["has 101 characters; at most 100 fit"],
        "views": ["must be a whole number"],
        "live": ["must be true or false"],
    }


def test_values_are_coerced_on_the_record() -> None:
    """After a save the record holds what the database holds."""
    post = Post(title=5, views="7", live="on", at="2026-01-01")
    values = checked(post, Post.__description__.fields.values())
    assert (values["title"], values["views"], values["live"]) == ("5", 7, True)
    assert post.views == 7


def test_unchanged_record_has_no_changes() -> None:
    """An assignment of an equal value is no change."""
    driver = blog()
    post = driver.fetch(Query(Post.__description__).where(id=1))[0]
    post.title = "Post" + " 1"
    post.views = "10"
    post.at = post.at.replace()
    assert changed(post) == {}
    post.views = 11
    assert changed(post) == {"views": 11}


def test_wrong_change_is_reported() -> None:
    """A change is checked as a new value is."""
    driver = blog()
    post = driver.fetch(Query(Post.__description__).where(id=1))[0]
    post.title = None
    with pytest.raises(InvalidRecord, match="title is required"):
        changed(post)


def test_field_that_was_not_read_and_was_set_is_a_change() -> None:
    """`only` leaves fields out; what is given anew is written, and checked too."""
    driver = blog()
    post = driver.fetch(Query(Post.__description__).only("title").where(id=1))[0]
    assert changed(post) == {}
    post.views = "5"
    assert changed(post) == {"views": 5}
    driver.save(post)
    assert driver.since(0)[-1] == "UPDATE posts SET views=? WHERE posts.id = ?"
    assert changed(post) == {}
    post.live = "perhaps"
    with pytest.raises(InvalidRecord, match="live"):
        changed(post)


def test_columns_come_in_the_order_of_the_values() -> None:
    """NULL is not converted."""
    assert to_columns(Post.__description__, {"title": "a", "author_id": None}) == ["a", None]


class Paper(Record):
    """Holds a document."""

    id: int
    content = JSON()


def test_change_between_values_that_are_equal_is_seen_in_a_document() -> None:
    """Python says that True, 1 and 1.0 are equal; in JSON they are three values. The order of keys is none."""
    driver = Driver(Paper)
    paper = driver.save(Paper(content={"a": {"b": 1}, "c": 2}))
    for value in (True, 1.0, 1):
        paper.content["a"]["b"] = value
        driver.save(paper)
        again = driver.run(find_by_key(Paper.__description__, 1))
        assert type(again.content["a"]["b"]) is type(value)
    paper.content = {"c": 2, "a": {"b": 1}}
    assert changed(paper) == {}
    paper.content["a"]["b"] = object()
    with pytest.raises(InvalidRecord):
        changed(paper)
