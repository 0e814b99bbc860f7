"""Aggregates over relations count each row once, whatever else the query asks for."""

from __future__ import annotations

import pytest

from asok_engine.errors import UsageError
from asok_engine.records.aggregates import aggregate_at
from asok_engine.records.errors import UnknownName
from asok_engine.records.fields.secret import Password
from asok_engine.records.plans.count import aggregate, aggregate_one
from asok_engine.records.plans.values import values
from asok_engine.records.query import Query
from asok_engine.records.record import Record
from tests.engine.records.blog import Author, Comment, Post, blog
from tests.engine.records.driver import Driver

AUTHOR, POST, COMMENT = Author.__description__, Post.__description__, Comment.__description__


def test_two_counts_do_not_multiply_each_other() -> None:
    """Each is a subquery of its own."""
    driver = blog()
    query = Query(POST).annotate(
        comments_n=aggregate_at(POST, "count", "comments"), tags_n=aggregate_at(POST, "count", "tags")
    )
    found = driver.fetch(query.order_by("-comments_n", "id"))
    assert [(post.id, post.comments_n, post.tags_n) for post in found] == [
        (1, 2, 2),
        (2, 1, 0),
        (3, 0, 1),
        (4, 0, 0),
    ]
    assert [post.id for post in driver.fetch(query.where(comments_n__gt=1))] == [1]


def test_aggregates_go_along_paths() -> None:
    """Through several relations, and over fields at their end."""
    driver = blog()
    query = Query(AUTHOR).annotate(
        heard=aggregate_at(AUTHOR, "count", "posts.comments"),
        tagged=aggregate_at(AUTHOR, "count", "posts__tags", distinct=True),
        views=aggregate_at(AUTHOR, "sum", "posts.views"),
        best=aggregate_at(AUTHOR, "max", "posts.views"),
        popular=aggregate_at(AUTHOR, "count", "posts", condition=lambda place: place.ref("views") > 10),
    )
    ada, bob = driver.fetch(query.order_by("id"))
    assert (ada.heard, ada.tagged, ada.views, ada.best, ada.popular) == (2, 2, 40, 30, 1)
    assert (bob.heard, bob.tagged, bob.views, bob.best, bob.popular) == (1, 0, 20, 20, 1)
    counted = Query(COMMENT).annotate(siblings=aggregate_at(COMMENT, "count", "post.comments"))
    assert [comment.siblings for comment in driver.fetch(counted.order_by("id"))] == [2, 2, 1]


def test_aggregates_over_own_rows() -> None:
    """For groups and totals."""
    driver = blog()
    total = driver.run(
        aggregate(
            Query(POST),
            n=aggregate_at(POST, "count"),
            live=aggregate_at(POST, "count", condition=lambda place: place.ref("live") == True),  # noqa: E712
            mean=aggregate_at(POST, "avg", "views"),
            double=aggregate_at(POST, "sum", Post.views * 2),
            writers=aggregate_at(POST, "count", "author", distinct=True),
            last=aggregate_at(POST, "max", "author.name"),
        )
    )
    assert total == {"n": 4, "live": 3, "mean": 25.0, "double": 200, "writers": 2, "last": "Bob"}
    grouped = driver.run(values(Query(POST).annotate(n=aggregate_at(POST, "count")).order_by("live"), "live"))
    assert grouped == [{"live": False, "n": 1}, {"live": True, "n": 3}]


def test_wrong_names_are_told() -> None:
    """Aggregates and paths."""
    with pytest.raises(UnknownName, match="Did you mean 'count'"):
        aggregate_at(POST, "cont")
    for path in ("nothing", "comments.nothing", "comments.text.x", "views.x"):
        with pytest.raises(UnknownName):
            aggregate_at(POST, "count", path)
    with pytest.raises(UsageError, match="needs a field"):
        aggregate_at(POST, "sum")


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("sum", "at"),
        ("avg", "title"),
        ("sum", "comments.text"),
        ("avg", "author.name"),
        ("max", "word"),
        ("sum", "word"),
    ],
)
def test_measure_that_means_nothing_is_refused(name: str, field: str) -> None:
    """The sum of days, the average of names, the greatest password: 400, since names come from outside too."""

    class Guest(Record):
        """Somebody with a password."""

        word = Password()

    description = Guest.__description__ if field == "word" else POST
    with pytest.raises(UnknownName, match=f"has no {name}") as raised:
        aggregate_at(description, name, field)
    assert raised.value.status == 400
    if "." not in field:
        with pytest.raises(UnknownName, match=f"has no {name}"):
            Driver(Post, Guest).run(aggregate_one(Query(description), name, field))


def test_every_measure_of_a_number_is_taken() -> None:
    """And least and greatest of what has an order."""
    for name in ("sum", "avg", "min", "max", "count"):
        assert aggregate_at(POST, name, "views") is not None
    for name, field in (("max", "at"), ("min", "title"), ("count", "at")):
        assert aggregate_at(POST, name, field) is not None
