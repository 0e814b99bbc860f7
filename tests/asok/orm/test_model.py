"""What a model is by itself; what it does on databases is held by `tests/contracts/test_models.py`."""

from __future__ import annotations

import asyncio
import inspect
from pathlib import Path

import pytest

from asok.orm.model import Model
from asok.orm.query import Query
from asok_engine.database.databases import databases
from asok_engine.database.urls import parse_url
from asok_engine.errors import DatabaseError, UsageError
from asok_engine.records.errors import NotLoaded, UnknownName
from asok_engine.records.fields.number import Boolean
from asok_engine.records.fields.text import String
from tests.asok.orm.blog import Note, Person, Post, Tag

#: Deeds that ask a database, by name: each has a twin.
DEEDS = (
    "all find find_or_fail first first_or_fail count exists paginate create save update update_safe delete "
    "force_delete restore refresh increment decrement load attach detach sync destroy force_destroy "
    "bulk_create bulk_update upsert first_or_create update_or_create search raw check_password create_table"
).split()


@pytest.mark.parametrize("name", DEEDS)
def test_every_deed_has_an_async_twin_with_the_same_arguments(name: str) -> None:
    """`x` and `x_async` differ by nothing but the await."""
    plain, twin = getattr(Model, name), getattr(Model, f"{name}_async")
    assert inspect.signature(plain).parameters == inspect.signature(twin).parameters
    assert not inspect.iscoroutinefunction(plain)
    assert inspect.iscoroutinefunction(twin)
    assert inspect.getdoc(plain)
    assert inspect.getdoc(twin)


def test_no_async_deed_is_without_a_plain_one() -> None:
    """The list above is complete."""
    twins = {name.removesuffix("_async") for name in dir(Model) if name.endswith("_async")}
    assert twins == set(DEEDS)


def test_class_methods_of_sets_give_queries() -> None:
    """They ask nothing by themselves."""
    queries = (
        Post.query(),
        Post.where(views=1),
        Post.where_in("views", [1]),
        Post.where_not_in("views", [1]),
        Post.filter_by(views=1),
        Post.exclude(views=1),
        Post.order_by("views"),
        Post.latest(),
        Post.select("title"),
        Post.with_("person"),
        Post.on("other"),
        Note.with_trashed(),
        Note.only_trashed(),
        Post.without_global_scope(),
    )
    assert all(isinstance(query, Query) for query in queries)


def test_relation_is_loaded_for_all_peers_and_never_on_an_event_loop(blog: None) -> None:
    """Plain code asks once for all records of a result; on a loop the error names the prefetch to add."""
    ada = Person.create(name="Ada", email="a@x.org")
    for number in range(3):
        Post.create(title=str(number), person=ada)
    assert [post.person.name for post in Post.all()] == ["Ada"] * 3

    async def read() -> None:
        post = await Post.find_async(1)
        assert post is not None
        with pytest.raises(NotLoaded, match=r'Post\.with_\("person"\)'):
            _ = post.person
        await post.load_async("person")
        assert post.person == ada
        loaded = await Post.with_("person").first_async()
        assert loaded is not None
        assert loaded.person == ada

    asyncio.run(read())


def test_transaction_undoes_what_was_done_inside(blog: None) -> None:
    """Plain and async, nested ones as savepoints, and as a decorator."""
    with pytest.raises(ZeroDivisionError), Person.transaction():
        Person.create(name="Ada", email="a@x.org")
        _ = 1 / 0
    assert Person.count() == 0
    with Person.transaction():
        Person.create(name="Ada", email="a@x.org")
        with pytest.raises(ZeroDivisionError), Person.transaction():
            Person.create(name="Bob", email="b@x.org")
            _ = 1 / 0
    assert Person.query().pluck("name") == ["Ada"]

    @Person.transaction()
    async def both() -> None:
        await Person.create_async(name="Eve", email="e@x.org")
        await Person.create_async(name="Eve again", email="e@x.org")

    with pytest.raises(Exception, match="taken"):
        asyncio.run(both())
    assert Person.count() == 1


def test_async_deeds_stay_in_the_transaction_around_them(blog: None) -> None:
    """What is awaited inside a transaction is undone with it (asok 3.4 C6)."""

    async def work() -> None:
        try:
            async with Person.transaction():
                await Person.create_async(name="Ada", email="a@x.org")
                assert await Person.count_async() == 1
                raise ZeroDivisionError
        except ZeroDivisionError:
            pass
        assert await Person.count_async() == 0

    asyncio.run(work())


def test_destroy_needs_a_condition() -> None:
    """All rows of a table do not go by a slip."""
    with pytest.raises(UsageError, match="query"):
        Person.destroy()
    with pytest.raises(UsageError):
        Person.force_destroy()


def test_model_knows_its_database(blog: None) -> None:
    """For what is done below models."""
    assert Person.get_engine().dialect.name == "sqlite"


class Rooted(Model):
    """Has a scope that holds everywhere, also in what inherits it."""

    __abstract__ = True
    _global_scopes = {"live": lambda query: query.where(live=True)}  # noqa: RUF012
    live = Boolean(default=True)


class Plant(Rooted):
    """Is seen while it lives."""

    name = String(20)


def test_global_scope_holds_everywhere_unless_one_says_otherwise(tmp_path: Path) -> None:
    """In every deed, in OR groups, unions, counts, updates and deletions."""
    databases.configure({"default": parse_url(f"sqlite:///{tmp_path / 'scopes.sqlite3'}")})
    try:
        Plant.create_table()
        rose, weed = Plant.create(name="rose"), Plant.create(name="weed", live=False)
        assert Plant.query().pluck("name") == ["rose"]
        assert Plant.find(weed.id) is None
        assert Plant.find(name="weed") is None
        assert Plant.where(name="rose").or_where(name="weed").count() == 1
        assert Plant.where(name="rose").union(Plant.where(name="weed")).all() == [rose]
        assert Plant.query().update(name="x") == 1
        assert Plant.without_global_scope("live").count() == 2
        assert Plant.without_global_scope().where(name="weed").exists()
        assert Plant.query().delete() == 1
        assert Plant.without_global_scope().count() == 1
        with pytest.raises(UnknownName, match="lve"):
            Plant.without_global_scope("lve")
    finally:
        databases.close()


def test_table_is_made_when_one_says_so(tmp_path: Path) -> None:
    """Plain and async, with the pivots of its relations; without that nothing makes a table."""
    databases.configure({"default": parse_url(f"sqlite:///{tmp_path / 'made.sqlite3'}")})
    try:
        with pytest.raises(DatabaseError, match="asok migrate"):
            Tag.count()
        assert set(Tag.create_table()) == {"tags", "post_tag"}
        assert Tag.create_table() == []
        assert asyncio.run(Note.create_table_async()) == ["notes"]
        assert (Tag.count(), Note.count()) == (0, 0)
    finally:
        databases.close()


def test_database_in_memory_is_one_for_plain_and_async_code() -> None:
    """Whatever thread or loop asks (asok 3.4 C14)."""
    databases.configure({"default": parse_url("sqlite://")})
    try:
        Note.create_table()
        Note.create(text="plain")
        assert asyncio.run(Note.create_async(text="async")).id == 2
        assert asyncio.run(Note.count_async()) == Note.count() == 2
    finally:
        databases.close()
