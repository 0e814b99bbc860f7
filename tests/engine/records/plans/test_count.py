"""Numbers and aggregates over a query, in one statement each."""

from __future__ import annotations

from datetime import datetime

import pytest

from asok_engine.records.errors import UnknownName
from asok_engine.records.plans.count import aggregate, aggregate_one, count, exists
from asok_engine.records.query import Query
from asok_engine.sql.functions import Aggregate
from tests.engine.records.blog import Author, Post, blog

POSTS = Query(Post.__description__)


def test_records_are_counted() -> None:
    """As the query would find them: joined, cut, distinct, combined."""
    driver = blog()
    assert driver.run(count(POSTS)) == 4
    assert driver.since(0) == ["SELECT count(*) AS count_1 FROM posts"]
    assert driver.run(count(POSTS.where(author__name="Ada").order_by("author__name"))) == 2
    assert driver.run(count(POSTS.limit(3))) == 3
    assert driver.run(count(POSTS.order_by("id").offset(3))) == 1
    assert driver.run(count(POSTS.only("live").distinct())) == 4
    assert driver.run(count(POSTS.where(id=1).combine("union", POSTS.where(id__in=[1, 2])))) == 2
    assert driver.run(count(POSTS.where(id=99))) == 0
    assert driver.run(count(POSTS.none())) == 0


def test_existence_reads_one_key() -> None:
    """And no more (asok 3.4 C3: also without a condition)."""
    driver = blog()
    assert driver.run(exists(POSTS))
    assert driver.since(0) == ["SELECT posts.id FROM posts LIMIT ? OFFSET ?"]
    assert not driver.run(exists(POSTS.where(id=99)))
    assert not driver.run(exists(POSTS.none()))
    assert not driver.run(exists(POSTS.limit(0)))
    assert driver.run(exists(POSTS.where(id=99).combine("union", POSTS.where(id=1))))


def test_aggregates_over_all_records() -> None:
    """Also over a cut query, and through relations to one."""
    driver = blog()
    found = driver.run(
        aggregate(
            POSTS.order_by("id"),
            n=Aggregate("count"),
            total=Aggregate("sum", Post.views),
            mean=Aggregate("avg", Post.views),
            least=Aggregate("min", Post.views),
            most=Aggregate("max", Post.title),
            popular=Aggregate("count", only=Post.views > 20),
            authors=Aggregate("count", Post.author_id, True),
            newest=Aggregate("max", Post.at),
            name=Aggregate("max", Post.author.name.expression()),
        )
    )
    newest = found.pop("newest")
    assert isinstance(newest, datetime)
    assert found == {
        "n": 4,
        "total": 100,
        "mean": 25.0,
        "least": 10,
        "most": "Post 4",
        "popular": 2,
        "authors": 2,
        "name": "Bob",
    }
    assert driver.run(aggregate_one(POSTS.order_by("-views").limit(2), "sum", "views")) == 70
    assert driver.run(aggregate_one(POSTS.where(author__name="Ada"), "sum", "views")) == 40
    assert driver.run(aggregate_one(POSTS.none(), "sum", "views")) is None
    assert driver.run(aggregate_one(POSTS.none(), "count", "views")) == 0
    with pytest.raises(UnknownName):
        driver.run(aggregate_one(POSTS, "sum", "view"))
    assert driver.run(aggregate_one(Query(Author.__description__).where(id=99), "max", "name")) is None
