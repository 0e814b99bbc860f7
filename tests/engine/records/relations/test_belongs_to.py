"""A record points to another one by a key; the object and the key stay together."""

from __future__ import annotations

import pytest

from asok_engine.errors import UsageError
from asok_engine.records.errors import NotLoaded
from asok_engine.records.fields.reference import ForeignKey
from asok_engine.records.fields.text import String
from asok_engine.records.query import Query
from asok_engine.records.record import Record
from asok_engine.records.relations.belongs_to import BelongsTo
from tests.engine.records.blog import Author, Post, blog
from tests.engine.records.driver import Driver


def test_key_and_object_follow_each_other() -> None:
    """Setting one sets the other; an object whose key was replaced is not given any more."""
    driver = blog()
    post = driver.fetch(Query(Post.__description__).where(id=1))[0]
    assert post.author.name == "Ada"
    post.author_id = 2
    assert post.author.name == "Bob"
    post.author = None
    assert (post.author_id, post.author) == (None, None)
    post.author = 1
    assert post.author_id == 1
    assert post.author.name == "Ada"
    post.author = Author(id=2, name="Bob")
    assert post.author_id == 2


def test_record_of_another_model_is_refused() -> None:
    """A post is no author."""
    with pytest.raises(UsageError, match="leads to Author"):
        Post(author=Post())


def test_relation_may_go_by_another_field_than_the_key() -> None:
    """By a unique code."""

    class Country(Record):
        id: int
        code = String(2, unique=True)

    class City(Record):
        id: int
        country_code = ForeignKey(Country, to_field="code", relation="country")
        country: BelongsTo[Country]

    driver = Driver(Country, City)
    driver.save(Country(code="de"), City(country=Country(id=1, code="de")))
    city = driver.fetch(Query(City.__description__))[0]
    assert city.country_code == "de"
    assert city.country.id == 1
    assert len(driver.fetch(Query(City.__description__).where(country__code="de"))) == 1
    assert len(driver.fetch(City.__description__.relations["country"].query(city))) == 1


def test_record_that_was_read_without_the_key_does_not_say_that_it_leads_nowhere() -> None:
    """Neither when it is asked, nor when its relations are loaded; what was joined is there."""
    driver = blog()
    titles = Query(Post.__description__).only("title").where(id=1)
    post = driver.fetch(titles)[0]
    for ask in (lambda: post.author, lambda: driver.fetch(titles.include("author"))):
        with pytest.raises(NotLoaded, match="author_id was not loaded"):
            ask()
    assert driver.fetch(titles.join("author"))[0].author.id == 1
    assert Post(title="new").author is None
