"""Expressions that learn their model from the query that gets them."""

from __future__ import annotations

from typing import Any

import pytest

from asok_engine.errors import UsageError
from asok_engine.records.deferred import Deferred, Group, Measured, Named, NearTo, narrowed, resolved
from asok_engine.records.errors import FieldProblem, UnknownName
from asok_engine.records.fields.structure import Vector
from asok_engine.records.query import Query
from asok_engine.records.record import Record
from asok_engine.sql.search import Distance
from tests.engine.records.blog import Author, Post, blog


class Count(Measured):
    """A count."""

    function = "count"


POSTS = Query(Post.__description__)


def found(group: Group, query: Query = POSTS) -> list[Any]:
    """Give the keys of the posts that meet a group."""
    return [record.id for record in blog().fetch(narrowed(query, group).order_by("id"))]


def test_group_holds_together_what_is_in_it() -> None:
    """And, or, not, nested; an empty one says nothing."""
    everything = found(Group())
    assert len(everything) == 4
    first, second = Group(id=1), Group(id=2)
    assert found(first | second) == [1, 2]
    assert found(first & second) == []
    assert found(~(first | second)) == [3, 4]
    assert found(~~first) == [1]
    assert found(Group() | first) == [1]
    assert found(Group(first | second, id__gt=1)) == [2]
    assert found(Group(Post.id > 1)) == [2, 3, 4]
    with pytest.raises(UsageError, match="no condition"):
        found(Group("id"))  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        first | 5  # type: ignore[operator]


def test_group_joins_what_its_paths_need() -> None:
    """Also where a path goes through one record to many."""
    assert found(Group(author__posts__id=1)) == found(Group(author__posts__id=1) | Group(id=1))
    assert 1 in found(Group(author__posts__id=1))
    with pytest.raises(UnknownName, match="writer"):
        found(Group(writer=1))


def test_arithmetic_keeps_its_order() -> None:
    """With the deferred value on either side."""
    value = Named("id")
    cases: dict[str, Group] = {
        "plus": Group(id=(2 + value) - 2),
        "minus": Group(id=5 - (5 - value)),
        "times": Group(id=(2 * value * 3) / 6),
        "negative": Group(id=-(-value)),
        "rest": Group(id=value % 100),
    }
    for name, group in cases.items():
        assert found(group) == [1, 2, 3, 4], name
    assert found(Group(id__in=[value, 99])) == [1, 2, 3, 4]
    halves = POSTS.order_by(resolved((60 / value).desc(), POSTS))
    assert [post.id for post in blog().fetch(halves)] == [1, 2, 3, 4]


def test_order_of_missing_values_is_one_of_two() -> None:
    """First or last."""
    ordered = resolved(Named("id").asc(nulls_first=True), POSTS)
    assert (ordered.nulls, ordered.is_descending) == ("first", False)
    assert resolved(Named("id").desc(nulls_last=True), POSTS).nulls == "last"
    with pytest.raises(UsageError, match="not both"):
        Named("id").asc(nulls_first=True, nulls_last=True)


def test_filter_of_an_aggregate_speaks_of_its_records() -> None:
    """A lookup about anything else is refused; a deferred value in it is one of the outer record."""
    authors = Query(Author.__description__)
    own = Group(posts__author_id=Named("id"), posts__id__gt=1)
    counted = authors.annotate(n=resolved(Count("posts", filter=own), authors)).order_by("id")
    plain = authors.annotate(n=resolved(Count("posts"), authors)).order_by("id")
    driver = blog()
    less = [author.n for author in driver.fetch(counted)]
    assert sum(less) == sum(author.n for author in driver.fetch(plain)) - 1
    with pytest.raises(UsageError, match="posts__"):
        resolved(Count("posts", filter=~Group(name="Ada")), authors)


def test_distance_checks_its_vector() -> None:
    """By the field."""

    class Star(Record):
        id: int
        place = Vector(2)

    query = Query(Star.__description__)
    assert isinstance(resolved(NearTo("place", [1, 2]), query), Distance)
    with pytest.raises(FieldProblem):
        resolved(NearTo("place", [1]), query)


def test_value_without_a_meaning_says_so() -> None:
    """The base resolves to nothing."""
    with pytest.raises(UsageError):
        Deferred().resolve(POSTS)
    assert resolved(5, POSTS) == 5
