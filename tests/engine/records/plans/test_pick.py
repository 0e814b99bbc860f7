"""One record of a query, in an order that is always the same."""

from __future__ import annotations

import pytest

from asok_engine.errors import UsageError
from asok_engine.records.errors import RecordNotFound, SeveralRecords
from asok_engine.records.plans.pick import at, first, first_or_fail, last, only_one, reversed_query
from asok_engine.records.query import Query
from asok_engine.sql.expressions import Order
from tests.engine.records.blog import Author, Post, blog

POSTS = Query(Post.__description__)


def test_first_and_last_follow_the_order() -> None:
    """By key where there is none."""
    driver = blog()
    assert driver.run(first(POSTS)).id == 1
    assert driver.run(last(POSTS)).id == 4
    assert driver.run(first(POSTS.order_by("-views"))).id == 4
    assert driver.run(last(POSTS.order_by("-views"))).id == 1
    assert driver.run(last(POSTS.order_by("id").limit(2))).id == 2
    assert driver.run(first(POSTS.order_by("id").offset(2))).id == 3
    assert driver.run(first(POSTS.where(id=99))) is None
    assert driver.run(last(POSTS.where(id=99))) is None
    assert driver.run(last(POSTS.where(id=99).limit(1))) is None
    assert driver.run(first(POSTS.limit(0))) is None


def test_order_of_the_model_is_turned_too() -> None:
    """And where nulls stand."""
    options = Post.__description__.options
    options.ordering = ("-views",)
    try:
        assert blog().run(last(POSTS)).id == 1
    finally:
        options.ordering = ()
    turned = reversed_query(POSTS.order_by(Order(Post.at, nulls="last"))).orders[0]
    assert (turned.is_descending, turned.nulls) == (True, "first")


def test_only_one_is_only_one() -> None:
    """None and several are told apart."""
    driver = blog()
    assert driver.run(only_one(POSTS.where(id=2))).id == 2
    with pytest.raises(RecordNotFound, match="no Post"):
        driver.run(only_one(POSTS.where(id=99)))
    with pytest.raises(SeveralRecords, match="More than one Post"):
        driver.run(only_one(POSTS))
    assert driver.run(only_one(POSTS.order_by("id").limit(1))).id == 1
    with pytest.raises(RecordNotFound):
        driver.run(first_or_fail(Query(Author.__description__).where(name="nobody")))
    assert driver.run(first_or_fail(Query(Author.__description__))).id == 1


def test_record_is_given_by_its_place() -> None:
    """Counted from the front of what the query has; a place that is not there is an IndexError."""
    driver = blog()
    posts = POSTS
    assert driver.run(at(posts, 0)).id == 1
    assert driver.run(at(posts.order_by("-id"), 1)).id == 3
    assert driver.run(at(posts.offset(1).limit(2), 1)).id == 3
    with pytest.raises(IndexError, match="Post at 9"):
        driver.run(at(posts, 9))
    with pytest.raises(IndexError):
        driver.run(at(posts.limit(1), 1))
    with pytest.raises(UsageError, match="front"):
        driver.run(at(posts, -1))
