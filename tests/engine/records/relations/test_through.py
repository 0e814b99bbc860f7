"""Records at the end of a path of relations come once each."""

from __future__ import annotations

import pytest

from asok_engine.errors import UsageError
from asok_engine.records.errors import UnknownName
from asok_engine.records.fields.text import String
from asok_engine.records.query import Query
from asok_engine.records.relations.through import Through
from tests.engine.records.blog import Author, Comment, Post, Tag
from tests.engine.records.driver import Driver


class Critic(Author):
    """An author who knows what is said about her posts."""

    id: int
    remarks = Through["list[Comment]"]("posts.comments")
    tags = Through["list[Tag]"]("posts.tags")
    wrong = Through["list[Tag]"]("posts.nothing")
    note = String(default="")

    class Meta:
        table_name = "authors_of_note"


def filled() -> Driver:
    """Make the rows of a critic with two posts."""
    driver = Driver(Author, Post, Comment, Tag)
    driver.create(Critic)
    driver.save(Author(name="x"), Author(name="y"))
    driver.save(Critic(name="a"), Critic(name="b"))
    driver.save(Post(title="1", author_id=1), Post(title="2", author_id=1), Post(title="3", author_id=2))
    driver.save(
        Comment(post_id=1, text="one"), Comment(post_id=2, text="two"), Comment(post_id=3, text="three")
    )
    driver.save(Tag(name="t"))
    driver.connection.executescript("INSERT INTO post_tag VALUES (1, 1), (2, 1);")
    driver.texts.clear()
    return driver


def test_records_are_gathered_for_all() -> None:
    """A tag of two posts comes once."""
    Critic.__description__.relations["posts"]._remote = "author_id"  # type: ignore[attr-defined]
    driver = filled()
    critics = driver.fetch(Query(Critic.__description__).order_by("id"))
    assert [[comment.text for comment in critic.remarks] for critic in critics] == [["one", "two"], ["three"]]
    assert [len(critic.tags) for critic in critics] == [1, 0]
    critic = critics[0]
    found = driver.fetch(Critic.__description__.relations["remarks"].query(critic).order_by("id"))
    assert [comment.text for comment in found] == ["one", "two"]
    assert [tag.name for tag in driver.fetch(Critic.__description__.relations["tags"].query(critic))] == ["t"]
    named = Query(Critic.__description__).where(remarks__text="three")
    assert [each.id for each in driver.fetch(named)] == [2]
    tagged = Query(Critic.__description__).where(tags__name="t")
    assert [each.id for each in driver.fetch(tagged)] == [1]


def test_wrong_path_is_told() -> None:
    """As is a query that would narrow what lies between."""
    with pytest.raises(UnknownName):
        _ = Critic.__description__.relations["wrong"].target
    with pytest.raises(UsageError, match="Narrow those"):
        filled().run(Critic.__description__.relations["tags"].load([], Query(Tag.__description__)))
