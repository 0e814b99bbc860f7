"""Records are read by lists of values, grouped by them where a relation asks, and relations by paths."""

from __future__ import annotations

from asok_engine.records.loading import load_by
from asok_engine.records.query import Query
from tests.engine.records.blog import Post, blog

POSTS = Query(Post.__description__)


def test_long_lists_are_read_in_parts() -> None:
    """A prefetch of a thousand keys does not become one endless statement."""
    driver = blog()
    found = driver.run(load_by(POSTS, "id", list(range(1, 1200))))
    assert [post.id for post in found] == [1, 2, 3, 4]
    assert len(driver.texts) == 3
    assert driver.run(load_by(POSTS, "id", [])) == []
