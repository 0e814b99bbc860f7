"""Records that have the own key: found by the target's foreign key, as a list or as one."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from asok_engine.errors import SetupError, UsageError
from asok_engine.records import loading
from asok_engine.records.errors import NotLoaded
from asok_engine.records.fields.number import BigInteger
from asok_engine.records.fields.reference import ForeignKey
from asok_engine.records.fields.text import String
from asok_engine.records.plans.load import load_relations, query_of
from asok_engine.records.plans.related import clear_related, create_related
from asok_engine.records.query import Query
from asok_engine.records.record import Record
from asok_engine.records.relations.belongs_to import BelongsTo
from asok_engine.records.relations.has import HasMany
from tests.engine.records.blog import Author, Post, blog
from tests.engine.records.driver import Driver


def test_query_of_one_record() -> None:
    """The relation's records can be narrowed before they are read."""
    driver = blog()
    ada = driver.fetch(Query(Author.__description__).where(id=1))[0]
    posts = Author.__description__.relations["posts"].query(ada)
    assert [post.id for post in driver.fetch(posts.where(views__gt=10))] == [3]


def test_foreign_key_is_found_or_named() -> None:
    """One foreign key to the model is clear; two need a word; a plain field named after the model does."""

    class Person(Record):
        sent = HasMany["list[Letter]"]("Letter", "sender")
        received = HasMany["list[Letter]"]("Letter", "receiver_id")
        letters = HasMany["list[Letter]"]("Letter")
        pets = HasMany["list[Pet]"]("Pet")
        toys = HasMany["list[Toy]"]("Toy")

    class Letter(Record):
        sender_id = ForeignKey(Person)
        receiver_id = ForeignKey(Person)

    class Pet(Record):
        person_id = BigInteger()

    class Toy(Record):
        pass

    relations = Person.__description__.relations
    assert relations["sent"].remote_name == "sender_id"  # type: ignore[attr-defined]
    assert relations["received"].remote_name == "receiver_id"  # type: ignore[attr-defined]
    assert relations["pets"].remote_name == "person_id"  # type: ignore[attr-defined]
    with pytest.raises(SetupError, match="sender_id"):
        _ = relations["letters"].remote_name  # type: ignore[attr-defined]
    with pytest.raises(SetupError, match="none"):
        _ = relations["toys"].remote_name  # type: ignore[attr-defined]
    assert Letter.__description__.relations.keys() == {"sender", "receiver"}
    assert Pet.__name__ == "Pet"


def authors_with_posts(driver: Driver) -> Any:
    """Give the authors and their posts, with nothing noted yet of what ran."""
    authors = driver.fetch(Query(Author.__description__).include("posts").order_by("id"))
    driver.texts.clear()
    return authors


def test_targets_know_the_record_that_they_were_loaded_for() -> None:
    """The way back needs no statement, and gives the very object."""
    driver = blog()
    authors = authors_with_posts(driver)
    assert [post.author is author for author in authors for post in author.posts] == [True] * 3
    assert not driver.texts
    post = authors[0].posts[0]
    post.author_id = authors[1].id
    assert post.author == authors[1]
    post.author_id = None
    assert post.author is None


def test_relation_of_targets_is_loaded_for_all_of_them_at_once() -> None:
    """Whoever they belong to, as long as the result that they hang on is held."""
    driver = blog()
    authors = authors_with_posts(driver)
    assert [len(post.comments) for author in authors for post in author.posts] == [2, 0, 1]
    assert len(driver.texts) == 1
    only = driver.fetch(Query(Author.__description__).where(id=1).include("posts"))[0].posts
    driver.texts.clear()
    assert [len(post.comments) for post in only] == [2, 0]
    assert len(driver.texts) == 1


def test_way_back_is_read_where_the_record_is_gone_or_not_whole() -> None:
    """A record that nobody holds is forgotten; one with some of its fields is not the record."""
    driver = blog()
    posts = [post for author in authors_with_posts(driver) for post in author.posts]
    gc.collect()
    assert [post.author.name for post in posts] == ["Ada", "Ada", "Bob"]
    assert driver.texts
    some = driver.fetch(Query(Author.__description__).only("id").include("posts"))
    assert some[0].posts[0].author.name == "Ada"


def test_more_records_than_one_list_takes_get_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """In several statements, in the order asked for, and all targets are of one result."""
    monkeypatch.setattr(loading, "LIST_LIMIT", 1)
    driver = blog()
    narrowed = Query(Post.__description__).order_by("-id")
    authors = driver.fetch(
        Query(Author.__description__).include("posts", narrowed={"posts": narrowed}).order_by("id")
    )
    assert [[post.id for post in author.posts] for author in authors] == [[3, 1], [2]]
    driver.texts.clear()
    assert [post.author is author for author in authors for post in author.posts] == [True] * 3
    assert [len(post.comments) for author in authors for post in author.posts] == [0, 2, 1]
    assert len(driver.texts) == 3


def test_relation_that_finds_nothing_is_an_empty_list() -> None:
    """Also where it is known beforehand that nothing can be found."""
    driver = blog()
    narrowed = Query(Post.__description__).none()
    authors = driver.fetch(Query(Author.__description__).include("posts", narrowed={"posts": narrowed}))
    assert [author.posts for author in authors] == [[], []]


class Shelf(Record):
    """Has things by its code, which it may be without."""

    id: int
    code = String(20, nullable=True)
    things = HasMany["list[Thing]"]("Thing", remote="shelf_code", local="code")


class Thing(Record):
    """May stand on no shelf."""

    id: int
    shelf_code = String(20, nullable=True)
    shelf = BelongsTo["Shelf | None"](Shelf, "shelf_code", "code")


def test_what_belongs_to_nobody_does_not_belong_to_a_record_without_a_value() -> None:
    """Neither when it is asked for, nor when relations are loaded, changed or cleared."""
    driver = Driver(Shelf, Thing)
    named, bare = driver.save(Shelf(code="a"), Shelf())
    thing, lost = driver.save(Thing(shelf_code="a"), Thing())
    shelves = Query(Shelf.__description__)
    assert [thing.id for thing in driver.fetch(query_of(named, "things"))] == [thing.id]
    assert driver.fetch(query_of(bare, "things")) == driver.fetch(query_of(lost, "shelf")) == []
    assert [len(shelf.things) for shelf in driver.fetch(shelves.include("things").order_by("id"))] == [1, 0]
    assert driver.run(clear_related(bare, "things")) == 0
    with pytest.raises(UsageError, match="has no code"):
        driver.run(create_related(bare, "things", {}))
    part = driver.fetch(shelves.only("id"))[0]
    for plan in (lambda: query_of(part, "things"), lambda: driver.run(load_relations([part], "things"))):
        with pytest.raises(NotLoaded, match="code was not loaded"):
            plan()
