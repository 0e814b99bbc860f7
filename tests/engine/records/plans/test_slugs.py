"""Slugs are made before the save, free ones where they must be."""

from __future__ import annotations

from asok_engine.records.fields.slug import Slug
from asok_engine.records.fields.text import String
from asok_engine.records.plans.bulk import bulk_create
from asok_engine.records.record import Record
from tests.engine.records.driver import Driver


class Article(Record):
    """Something with an address."""

    id: int
    title = String()
    slug = Slug(12, populate_from="title", unique=True)
    path = Slug(populate_from="title", always_update=True, nullable=True)


def test_slug_is_made_once_and_is_free() -> None:
    """A number is added to one that is taken, and the slug stays when the title changes."""
    driver = Driver(Article)
    first, second, third = driver.save(
        Article(title="Hello World"), Article(title="Hello World"), Article(title="日本")
    )
    assert [first.slug, second.slug, third.slug] == ["hello-world", "hello-worl-2", "item"]
    first.title = "Changed"
    driver.save(first)
    assert (first.slug, first.path) == ("hello-world", "changed")
    driver.save(first)
    given = driver.save(Article(title="x", slug="own"))
    assert given.slug == "own"


def test_many_records_get_theirs() -> None:
    """And one that is emptied gets another."""
    driver = Driver(Article)
    article = Article(title="One")
    driver.run(bulk_create(Article.__description__, [article]))
    assert article.slug == "one"
    article.slug = ""
    driver.save(article)
    assert article.slug == "one"
    untitled = Article(slug="a")
    untitled.title = None  # type: ignore[assignment]
    assert untitled.slug == "a"
