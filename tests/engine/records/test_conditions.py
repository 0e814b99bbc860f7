"""Names and values become conditions, and a value that does not fit is told with the name as it was asked for."""

from __future__ import annotations

import pytest

from asok_engine.errors import InputError
from asok_engine.records.errors import UnknownName
from asok_engine.records.query import Query
from tests.engine.records.blog import Author, Comment, Post, blog

POSTS = Query(Post.__description__)


def ids(query: Query) -> list[int]:
    """Give the keys of what a query finds."""
    return [record.id for record in blog().fetch(query)]


def test_lookups_about_one_relation_to_many_given_apart_may_be_met_by_different_records() -> None:
    """Each condition asks for itself whether such a record exists."""
    assert ids(POSTS.where(comments__text="good").where(comments__text="bad")) == [1]


def test_query_stands_where_a_list_does() -> None:
    """A query stands where a list of values does."""
    authors = Query(Author.__description__).where(name="Ada")
    assert ids(POSTS.where(author_id__in=authors).order_by("id")) == [1, 3]
    assert ids(POSTS.where(id__in=Query(Comment.__description__).only("post_id")).order_by("id")) == [1, 2]
    assert ids(POSTS.compare("author_id", "not in", authors)) == [2]
    assert ids(POSTS.where(author_id=authors.limit(1).as_subquery()).order_by("id")) == [1, 3]
    assert ids(POSTS.where(views__in=POSTS.where(id=2).as_subquery("views"))) == [2]


def test_expressions_are_compared_as_names_are() -> None:
    """A field and a path of the class take an operator, and a wrong value is told."""
    assert ids(POSTS.compare(Post.views, ">=", "30").order_by("id")) == [3, 4]
    assert ids(POSTS.compare(Post.author.name, "=", "Ada").order_by("id")) == [1, 3]
    with pytest.raises(InputError, match="views"):
        POSTS.compare(Post.views, "=", "many")


def test_lookups_about_one_relation_to_many_are_met_by_one_record() -> None:
    """Given together; each call of `where` may be met by another one."""
    driver = blog()
    authors = Query(Author.__description__)
    first, second = driver.fetch(Query(Post.__description__).where(author_id=1).order_by("id"))[:2]
    together = authors.where(posts__title=first.title, posts__id=second.id)
    assert driver.fetch(together) == []
    assert [
        each.id for each in driver.fetch(authors.where(posts__title=first.title, posts__id=first.id))
    ] == [1]
    apart = authors.where(posts__title=first.title).where(posts__id=second.id)
    assert [each.id for each in driver.fetch(apart)] == [1]
    assert [each.id for each in driver.fetch(authors.where(posts=first, posts__in=[first, second]))] == [1]
    with pytest.raises(UnknownName, match="titel"):
        authors.where(posts__titel="x", posts__id=1)
