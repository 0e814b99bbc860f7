"""Values without records, grouped where aggregates stand beside them."""

from __future__ import annotations

import pytest

from asok_engine.errors import UsageError
from asok_engine.records.errors import UnknownName
from asok_engine.records.plans.values import count_values, is_aggregate, pluck, values, values_list
from asok_engine.records.query import Query
from asok_engine.sql.functions import Aggregate
from asok_engine.sql.select import Subquery
from tests.engine.records.blog import Comment, Post, blog

POSTS = Query(Post.__description__).order_by("id")


def test_values_of_fields_paths_and_annotations() -> None:
    """In the form that a record would have."""
    driver = blog()
    rows = driver.run(values(POSTS.annotate(double=Post.views * 2), "id", "live", "author__name", "double"))
    assert rows[1] == {"id": 2, "live": False, "author__name": "Bob", "double": 40}
    assert rows[3]["author__name"] is None
    assert driver.run(values_list(POSTS.limit(1), "title", "views")) == [("Post 1", 10)]
    assert driver.run(pluck(POSTS, Post.views)) == [10, 20, 30, 40]
    assert driver.run(values(POSTS.limit(1)))[0].keys() == Post.__description__.fields.keys()
    assert driver.run(values(POSTS.only("title").limit(1))) == [{"id": 1, "title": "Post 1"}]
    assert driver.run(values(POSTS.none())) == []
    assert driver.run(values_list(POSTS.none(), "id")) == []


def test_values_group_the_rows_of_an_aggregate() -> None:
    """One row per author."""
    driver = blog()
    query = Query(Post.__description__).annotate(n=Aggregate("count"), total=Aggregate("sum", Post.views))
    rows = driver.run(values(query.order_by("author_id"), "author_id"))
    assert rows == [
        {"author_id": None, "n": 1, "total": 40},
        {"author_id": 1, "n": 2, "total": 40},
        {"author_id": 2, "n": 1, "total": 20},
    ]
    by_name = driver.run(values(query.having(Aggregate("count") > 1), "author__name"))
    assert by_name == [{"author__name": "Ada", "n": 2, "total": 40}]
    grouped = driver.run(values(query.group_by("live").order_by("-n"), "live"))
    assert [(row["live"], row["n"]) for row in grouped] == [(True, 3), (False, 1)]


def test_wrong_name_is_told() -> None:
    """And an expression without a name has to get one."""
    with pytest.raises(UnknownName):
        blog().run(pluck(POSTS, "titel"))
    with pytest.raises(UsageError, match="Annotate"):
        blog().run(values(POSTS, Post.views + 1))


def test_aggregate_is_found_inside_an_expression() -> None:
    """Not inside a subquery, which has rows of its own."""
    assert is_aggregate(Aggregate("count") + 1)
    assert not is_aggregate(Post.views + 1)
    inner = Query(Comment.__description__).select()
    assert not is_aggregate(Subquery(inner))


def test_groups_are_chosen_and_counted() -> None:
    """A condition on an aggregate is one on groups; what is counted is rows of values, not records."""
    driver = blog()
    grouped = Query(Post.__description__).annotate(n=Aggregate("count"))
    every = driver.run(values(grouped, "author_id"))
    chosen = grouped.where(n__gt=1)
    assert driver.run(values(chosen, "author_id")) == [row for row in every if row["n"] > 1]
    assert driver.run(count_values(grouped, "author_id")) == len(every)
    assert driver.run(count_values(chosen.none(), "author_id")) == 0
    assert len(every) > driver.run(count_values(chosen, "author_id")) > 0
    with pytest.raises(UsageError, match="whole records"):
        driver.run(values(Query(Post.__description__).combine("union", Query(Post.__description__)), "id"))
