"""A record takes over what the database has now."""

from __future__ import annotations

import pytest

from asok_engine.records.errors import RecordNotFound
from asok_engine.records.plans.find import find_by_key
from asok_engine.records.plans.refresh import refresh
from tests.engine.records.blog import Post, blog


def test_whole_record_is_read_again() -> None:
    """Changes that were not saved are gone, and so are relations that were loaded."""
    driver = blog()
    post = driver.run(find_by_key(Post.__description__, 1))
    assert post.author.name == "Ada"
    driver.connection.execute("UPDATE posts SET views = 99, author_id = 2 WHERE id = 1")
    post.title = "not saved"
    assert driver.run(refresh(post)) is post
    assert (post.title, post.views, post.author.name) == ("Post 1", 99, "Bob")
    count = len(driver.texts)
    driver.save(post)
    assert len(driver.texts) == count


def test_some_fields_are_read_again() -> None:
    """The others keep their changes, and are saved with them."""
    driver = blog()
    post = driver.run(find_by_key(Post.__description__, 1))
    driver.connection.execute("UPDATE posts SET views = 99 WHERE id = 1")
    post.title = "kept"
    driver.run(refresh(post, "views"))
    assert (post.title, post.views) == ("kept", 99)
    driver.save(post)
    assert driver.since(-1) == ["UPDATE posts SET title=? WHERE posts.id = ?"]


def test_row_that_is_gone_is_told() -> None:
    """As is a record that never had one."""
    driver = blog()
    post = driver.run(find_by_key(Post.__description__, 4))
    driver.connection.execute("DELETE FROM posts WHERE id = 4")
    with pytest.raises(RecordNotFound, match="gone"):
        driver.run(refresh(post))
    with pytest.raises(RecordNotFound, match="not in the database"):
        driver.run(refresh(Post(title="x")))
