"""Many records in few statements, all or none."""

from __future__ import annotations

import sqlite3

import pytest

from asok_engine.errors import DataError, UsageError
from asok_engine.records.changes import changed
from asok_engine.records.errors import InvalidRecord
from asok_engine.records.fields.number import Integer
from asok_engine.records.fields.text import String
from asok_engine.records.plans.bulk import bulk_create, bulk_update, upsert_all, upsert_one
from asok_engine.records.plans.count import count
from asok_engine.records.plans.values import pluck
from asok_engine.records.query import Query
from asok_engine.records.record import Record
from asok_engine.records.steps import AskDialect, Atomic
from tests.engine.records.blog import Author, Post, Tag, blog
from tests.engine.records.driver import Driver

POSTS, TAGS = Post.__description__, Tag.__description__


def test_records_get_their_keys() -> None:
    """In their order, whatever the number; they are stored then, and have not changed."""
    driver = blog()
    posts = [Post(title=f"t{number}", views=number) for number in range(300)]
    assert driver.run(bulk_create(POSTS, posts)) == posts
    assert [post.id for post in posts] == list(range(5, 305))
    assert len(driver.texts) == 4
    assert driver.run(pluck(Query(POSTS).where(id=104), "title")) == ["t99"]
    assert changed(posts[7]) == {}
    assert driver.run(bulk_create(POSTS, [])) == []


def test_records_that_need_care_get_it() -> None:
    """Coerced, with keys of their own or relations, in one call."""
    driver = blog()
    ada = Author(id=1, name="Ada")
    posts = [Post(title=1, views="5"), Post(id=77, title="own"), Post(title="with", author=ada)]
    driver.run(bulk_create(POSTS, posts, batch_size=1))
    assert posts[0].views == 5
    assert posts[1].id == 77
    assert posts[2].author_id == 1
    assert driver.run(count(Query(POSTS))) == 7


def test_all_problems_of_all_records_are_reported() -> None:
    """By position, before anything is written."""
    driver = blog()
    with pytest.raises(InvalidRecord) as error:
        driver.run(bulk_create(POSTS, [Post(title="a"), Post(views="x"), Post(title=None)]))
    assert error.value.errors.keys() == {"1.title", "1.views", "2.title"}
    assert driver.texts == []


def test_one_bad_row_writes_none() -> None:
    """One transaction for all."""
    driver = blog()
    with pytest.raises(sqlite3.IntegrityError):
        driver.run(bulk_create(TAGS, [Tag(name="a"), Tag(name="python")]))
    assert driver.run(count(Query(TAGS))) == 2


def test_rows_that_are_there_are_left() -> None:
    """Or updated, by the fields that tell."""
    driver = blog()
    driver.run(bulk_create(TAGS, [Tag(name="python"), Tag(name="go")], ignore_conflicts=True))
    assert driver.run(pluck(Query(TAGS).order_by("id"), "name")) == ["python", "sql", "go"]
    posts = [Post(id=1, title="new", views=1), Post(id=50, title="made")]
    driver.run(upsert_all(POSTS, posts, unique=["id"], update=["title"]))
    assert driver.run(pluck(Query(POSTS).where(id__in=[1, 50]).order_by("id"), "title")) == ["new", "made"]
    assert driver.run(pluck(Query(POSTS).where(id=1), "views")) == [10]
    driver.run(upsert_all(POSTS, [Post(id=1, title="again", views=3)], unique=["id"]))
    assert driver.run(pluck(Query(POSTS).where(id=1), "views")) == [3]
    driver.run(upsert_all(TAGS, [Tag(name="python")], unique=["name"]))
    assert driver.run(upsert_all(TAGS, [], unique=["name"])) == []
    with pytest.raises(UsageError, match="unique"):
        driver.run(upsert_all(TAGS, [Tag(name="x")], unique=[]))


def test_upsert_of_records_that_fill_different_fields_is_all_or_none() -> None:
    """They need a statement each, and one transaction."""
    driver = blog()
    posts = [Post(id=1, title="changed"), Post(id=60, title="no such author", author_id=99)]
    with pytest.raises(sqlite3.IntegrityError):
        driver.run(upsert_all(POSTS, posts, unique=["id"], update=["title"]))
    assert driver.run(pluck(Query(POSTS).where(id__in=[1, 60]), "title")) == ["Post 1"]


def test_some_fields_of_many_records_are_written() -> None:
    """In one statement with many rows."""
    driver = blog()
    posts = driver.fetch(Query(POSTS).order_by("id"))
    for post in posts:
        post.views, post.title = post.id, "not written"
    assert driver.run(bulk_update(POSTS, posts, ["views"])) == 4
    assert driver.run(pluck(Query(POSTS).order_by("id"), "views")) == [1, 2, 3, 4]
    assert driver.run(pluck(Query(POSTS).where(id=1), "title")) == ["Post 1"]
    assert driver.run(bulk_update(POSTS, [], ["views"])) == 0
    assert changed(posts[0]) == {"title": "not written"}
    with pytest.raises(UsageError, match="not in the database"):
        driver.run(bulk_update(POSTS, [Post(title="x")], ["views"]))


def test_many_are_changed_a_few_at_a_time() -> None:
    """All in one transaction, whatever the number of statements."""
    driver = blog()
    tags = driver.run(bulk_create(Tag.__description__, [Tag(name=f"t{number}") for number in range(5)]))
    for tag in tags:
        tag.name += "!"
    start = len(driver.texts)
    assert driver.run(bulk_update(Tag.__description__, tags, ["name"], batch_size=2)) == 5
    assert sum(text.startswith("UPDATE") for text in driver.since(start)) == 3
    assert driver.run(count(Query(Tag.__description__).where(name__endswith="!"))) == 5
    for tag in tags:
        tag.name = f"{tag.name}?"
    tags[-1].name = "python"
    with pytest.raises(sqlite3.IntegrityError):
        driver.run(bulk_update(Tag.__description__, tags, ["name"], batch_size=2))
    assert driver.run(count(Query(Tag.__description__).where(name__endswith="?"))) == 0


def test_one_is_inserted_or_changed_and_given() -> None:
    """The values tell whether it is there; `update` limits what changes."""

    class Sensor(Record):
        id: int
        code = String(10, unique=True)
        place = String(10, default="")
        heat = Integer(default=0)

    driver = Driver(Sensor)
    described = Sensor.__description__
    made = driver.run(upsert_one(described, {"code": "a"}, {"place": "roof", "heat": 1}))
    again = driver.run(upsert_one(described, {"code": "a"}, {"place": "hall", "heat": 2}, ["heat"]))
    assert (again, again.place, again.heat) == (made, "roof", 2)
    assert driver.run(upsert_one(described, {"code": "a"}, {})) == made
    assert driver.run(upsert_one(described, {"code": "b"}, {})).heat == 0


def test_value_that_the_database_refuses_is_looked_at_again() -> None:
    """So that its row and field are named, which the database does not know."""
    posts = [{"title": "a"}, {"title": "\ud800"}]
    plan = bulk_create(Post.__description__, posts)
    assert isinstance(next(plan), AskDialect)
    assert isinstance(plan.send(blog().dialect), Atomic)
    with pytest.raises(InvalidRecord, match="1.title is not valid Unicode"):
        plan.throw(DataError("That is too much."))


def test_size_of_batches_that_is_none_means_one_batch() -> None:
    """A negative one wrote nothing, and let the records believe that it had."""
    driver = blog()
    posts = driver.fetch(Query(Post.__description__))
    for post in posts:
        post.views = 77
    assert driver.run(bulk_update(Post.__description__, posts, ["views"], batch_size=-1)) == 4
    assert driver.run(pluck(Query(Post.__description__), "views")) == [77] * 4
