"""Columns are read from text in a few forms, and nothing else of the text is taken."""

from __future__ import annotations

import pytest

from asok_engine.errors import UsageError
from asok_engine.records.columns import read_column
from asok_engine.records.errors import UnknownName
from asok_engine.records.query import Query
from asok_engine.sql.functions import Aggregate
from tests.engine.records.blog import Post, blog

POSTS = Query(Post.__description__)


@pytest.mark.parametrize(
    ("text", "name", "function"),
    [
        ("COUNT(*) AS n", "n", "count"),
        ("count( * )", "count", "count"),
        ("Sum(views) as total", "total", "sum"),
        ("MAX(views)", "max_views", "max"),
        ("COUNT(DISTINCT author.name) AS names", "names", "count"),
    ],
)
def test_aggregates_are_read(text: str, name: str, function: str) -> None:
    """With the name that was given, or one of their own."""
    read, expression = read_column(POSTS, text)
    assert read == name
    assert isinstance(expression, Aggregate)
    assert expression.name == function
    assert expression.is_distinct is ("DISTINCT" in text)


def test_fields_and_paths_are_read() -> None:
    """A field stays a field; a path, or another name, makes it an expression."""
    assert read_column(POSTS, " title ") == ("title", None)
    assert read_column(POSTS, "author.name")[0] == "author_name"
    assert read_column(POSTS, "title AS heading")[0] == "heading"


@pytest.mark.parametrize(
    "text",
    ["title; DROP TABLE posts", "COUNT(*) AS n, 1", "SUM(*)", "title AS 1x", "'x'", "", "COUNT(DISTINCT *)"],
)
def test_other_text_is_refused(text: str) -> None:
    """Whatever has none of the forms is an error that shows the forms."""
    with pytest.raises(UnknownName):
        read_column(POSTS, text)


@pytest.mark.parametrize("text", ["titel", "SUM(titel)", "author.nam", "SLEEP(views)"])
def test_unknown_names_are_told(text: str) -> None:
    """Of fields, paths and functions."""
    with pytest.raises(UnknownName):
        read_column(POSTS, text)


def test_query_reads_selected_columns() -> None:
    """Groups come without the key; single records with it."""
    driver = blog()
    groups = POSTS.where(author__isnull=False).select_columns("author_id", "COUNT(*) AS n", "SUM(views) AS v")
    found = driver.fetch(groups.group_by("author_id").order_by("author_id"))
    assert [(each.author_id, each.n, each.v) for each in found] == [(1, 2, 40), (2, 1, 20)]
    assert driver.fetch(POSTS.select_columns("COUNT(*) AS n"))[0].n == 4
    post = driver.fetch(POSTS.select_columns(Post.title, "author.name AS writer").order_by("id"))[0]
    assert (post.id, post.title, post.writer) == (1, "Post 1", "Ada")
    grouped = POSTS.group_by("live").select_columns("live").order_by("live")
    assert [each.live for each in driver.fetch(grouped)] == [False, True]
    with pytest.raises(UsageError, match="name"):
        POSTS.select_columns(Post.views + 1)


def test_aggregate_over_a_relation_is_of_each_row() -> None:
    """The rows are not grouped; what is called as an annotation is taken for it."""
    driver = blog()
    found = driver.fetch(POSTS.select_columns("title", "COUNT(comments) AS n").order_by("id"))
    assert [(post.title, post.n) for post in found] == [
        ("Post 1", 2),
        ("Post 2", 1),
        ("Post 3", 0),
        ("Post 4", 0),
    ]
    doubled = POSTS.annotate(double=Post.views + Post.views)
    assert driver.fetch(doubled.select_columns("SUM(double) AS n").reorder())[0].n == 200
