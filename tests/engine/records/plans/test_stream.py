"""A query is read piece by piece."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from asok_engine.errors import UsageError
from asok_engine.records.plans.stream import stream
from asok_engine.records.query import Query
from tests.engine.records.blog import Post, blog

POSTS = Query(Post.__description__).order_by("id")


def test_records_come_one_by_one() -> None:
    """Whatever the size of the pieces."""
    driver = blog()
    assert [post.id for post in driver.run(stream(POSTS.join("author"), size=3))] == [1, 2, 3, 4]


async def test_records_come_one_by_one_under_a_loop() -> None:
    """An async driver gives pieces to await."""

    async def pieces() -> AsyncIterator[list[Any]]:
        yield [1, 2]
        yield [3]

    plan = stream(POSTS)
    plan.send(None)
    with pytest.raises(StopIteration) as end:
        plan.send(pieces())
    assert [record async for record in end.value.value] == [1, 2, 3]


def test_prefetching_needs_all_records() -> None:
    """So a stream refuses it and says what to do."""
    with pytest.raises(UsageError, match="Join them"):
        blog().run(stream(POSTS.include("comments")))


def test_query_of_nothing_streams_nothing() -> None:
    """It asks the database, which finds nothing."""
    assert list(blog().run(stream(POSTS.none()))) == []
