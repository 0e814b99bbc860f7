"""A save inserts all values or updates what has changed, with hooks, stamps and versions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from asok_engine.errors import DataError, UsageError
from asok_engine.records.errors import InvalidRecord, StaleRecord
from asok_engine.records.fields.moment import Date, DateTime
from asok_engine.records.fields.number import Integer
from asok_engine.records.fields.text import String
from asok_engine.records.plans.delete import delete
from asok_engine.records.plans.find import find_by_key
from asok_engine.records.plans.save import save
from asok_engine.records.record import Record
from asok_engine.sql.statements import Statement
from tests.engine.records.blog import Author, Post, blog
from tests.engine.records.driver import Driver


def test_record_gets_its_key_from_the_database() -> None:
    """And is stored from then on."""
    driver = blog()
    post = driver.save(Post(title="a"))
    assert post.id == 5
    assert post.is_stored


def test_record_with_a_key_of_its_own_is_inserted_with_it() -> None:
    """`id=77` is no update of a row that is not there (asok 3.4 C1)."""
    driver = blog()
    post = driver.save(Post(id=77, title="a"))
    assert driver.since(0)[-1].startswith("INSERT INTO posts (id, title")
    assert driver.run(find_by_key(Post.__description__, 77)) == post


def test_only_what_has_changed_is_written() -> None:
    """Two copies of a record do not undo each other's changes (aksara 3.3: no lost update)."""
    driver = blog()
    first, second = (driver.run(find_by_key(Post.__description__, 1)) for _ in range(2))
    first.title, second.views = "changed", 99
    driver.save(first, second)
    assert driver.since(-2) == [
        "UPDATE posts SET title=? WHERE posts.id = ?",
        "UPDATE posts SET views=? WHERE posts.id = ?",
    ]
    again = driver.run(find_by_key(Post.__description__, 1))
    assert (again.title, again.views) == ("changed", 99)
    count = len(driver.texts)
    driver.save(first)
    assert len(driver.texts) == count


def test_update_may_be_limited_to_some_fields() -> None:
    """What else has changed stays for another save."""
    driver = blog()
    post = driver.run(find_by_key(Post.__description__, 1))
    post.title, post.views = "x", 5
    driver.run(save(post, only=["views"]))
    again = driver.run(find_by_key(Post.__description__, 1))
    assert (again.title, again.views) == ("Post 1", 5)
    driver.save(post)
    assert driver.since(-1) == ["UPDATE posts SET title=? WHERE posts.id = ?"]


def test_row_that_is_gone_is_told() -> None:
    """A save that reaches no row does not claim to have worked."""
    driver = blog()
    first, second = (driver.run(find_by_key(Post.__description__, 4)) for _ in range(2))
    driver.run(delete(second))
    first.title = "x"
    with pytest.raises(StaleRecord, match="deleted"):
        driver.save(first)


class Versioned(Record):
    """A model that counts its changes."""

    id: int
    title = String()
    version = Integer(default=1)

    class Meta:
        version = "version"


def test_change_of_an_outdated_record_is_refused() -> None:
    """The second of two who read the same version loses, and its record keeps its version (reliability 121)."""
    driver = Driver(Versioned)
    driver.save(Versioned(title="a"))
    first, second = (driver.run(find_by_key(Versioned.__description__, 1)) for _ in range(2))
    first.title = "b"
    driver.save(first)
    assert first.version == 2
    second.title = "c"
    with pytest.raises(StaleRecord, match="changed"):
        driver.save(second)
    assert second.version == 1
    first.title = "d"
    driver.save(first)
    assert driver.run(find_by_key(Versioned.__description__, 1)).version == 3


def test_key_that_changes_moves_the_row() -> None:
    """The row is found by the key that it had."""

    class Country(Record):
        code = String(2, primary_key=True)

    driver = Driver(Country)
    country = driver.save(Country(code="de"))
    country.code = "fr"
    driver.save(country)
    assert driver.run(find_by_key(Country.__description__, "fr")) == country


class Watched(Record):
    """A model with every hook."""

    id: int
    title = String()
    calls: list[str] = []

    def before_save(self) -> None:
        """Tidy up, as a user would."""
        self.calls.append("before_save")
        self.title = self.title.strip()

    def after_save(self) -> None:
        """Note the call."""
        self.calls.append("after_save")

    def before_create(self) -> None:
        """Note the call."""
        self.calls.append("before_create")

    def after_create(self) -> None:
        """Note the call."""
        self.calls.append(f"after_create {self.id}")

    def before_update(self) -> None:
        """Note the call."""
        self.calls.append("before_update")

    def after_update(self) -> None:
        """Note the call."""
        self.calls.append("after_update")

    def before_delete(self) -> None:
        """Note the call."""
        self.calls.append("before_delete")

    def after_delete(self) -> None:
        """Note the call."""
        self.calls.append("after_delete")


def test_hooks_are_called_around_the_statement() -> None:
    """What a hook changes is saved; nothing changed calls no hook of after."""
    driver = Driver(Watched)
    Watched.calls.clear()
    record = driver.save(Watched(title=" a "))
    assert record.title == "a"
    assert Watched.calls == ["before_save", "before_create", "after_create 1", "after_save"]
    Watched.calls.clear()
    record.title = "b "
    driver.save(record)
    assert Watched.calls == ["before_save", "before_update", "after_update", "after_save"]
    Watched.calls.clear()
    driver.save(record)
    assert Watched.calls == ["before_save", "before_update"]
    Watched.calls.clear()
    driver.run(delete(record))
    assert Watched.calls == ["before_delete", "after_delete"]


def test_moments_that_set_themselves_are_one_moment() -> None:
    """A fresh row was not updated before it was made (aksara 3.3)."""
    ticks = iter(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hour) for hour in range(100))

    def clock() -> datetime:
        return next(ticks)

    class Note(Record):
        id: int
        text = String()
        created = DateTime[datetime](auto_now_add=True, clock=clock)
        updated = DateTime[datetime](auto_now=True, clock=clock)
        day = Date[Any](auto_now_add=True, clock=clock)

    driver = Driver(Note)
    note = driver.save(Note(text="a"))
    assert note.created == note.updated
    assert note.day == note.created.date()
    before = note.updated
    driver.save(note)
    assert note.updated == before
    note.text = "b"
    driver.save(note)
    assert note.updated > note.created
    given = driver.save(Note(text="c", created=datetime(2020, 1, 1, tzinfo=UTC)))
    assert given.created.year == 2020


def test_wrong_values_write_nothing() -> None:
    """The report comes before the statement."""
    driver = blog()
    with pytest.raises(InvalidRecord):
        driver.save(Post(title=None))
    assert driver.texts == []


def test_target_that_was_saved_later_gives_its_key() -> None:
    """A relation may be set before its record has a key; one that has none at the end is told."""
    driver = blog()
    author = Author(name="Eve")
    post = Post(title="x", author=author)
    with pytest.raises(UsageError, match="not saved"):
        driver.save(post)
    driver.save(author)
    driver.save(post)
    assert post.author_id == author.id == 3


def test_row_of_another_database_is_written_there() -> None:
    """A record stays where it was read."""
    driver = blog()
    post = driver.run(find_by_key(Post.__description__, 1))
    post._origin.database = "archive"
    post.title = "x"
    plan = save(post)
    assert plan.send(None).database == "archive"  # type: ignore[union-attr]
    plan.close()


@pytest.mark.parametrize("gives_rows", [True, False])
def test_what_the_database_fills_in_stands_on_the_record(gives_rows: bool) -> None:
    """With the insert where it gives rows back, by the key where not; what was given stays as it is."""

    class Parcel(Record):
        name = String(20)
        state = String(10, server_default="open")
        rank = Integer(server_default=3)

    driver = Driver(Parcel)
    driver.dialect.supports_insert_returning = gives_rows
    driver.texts.clear()
    first, second = driver.save(Parcel(name="a"), Parcel(name="b", rank=5, state="shut"))
    assert (first.state, first.rank, first.id) == ("open", 3, 1)
    assert (second.state, second.rank, second.id) == ("shut", 5, 2)
    assert len(driver.texts) == (2 if gives_rows else 3)
    first.rank = 4
    driver.save(first)
    assert driver.texts[-1].startswith("UPDATE parcels SET rank")


def test_value_that_the_database_refuses_is_looked_at_again() -> None:
    """So that the field is named, which the database does not know; what nobody finds stays as it was told."""
    with pytest.raises(InvalidRecord, match="title is not valid Unicode") as caught:
        refused_by_the_database(Post(title="\ud800", author_id=1))
    assert list(caught.value.problems) == ["title"]
    with pytest.raises(DataError, match="too much"):
        refused_by_the_database(Post(title="a", author_id=1))


def refused_by_the_database(record: Record) -> None:
    """Save a record into a database that holds nothing."""
    plan = save(record)
    for step in plan:
        if isinstance(step, Statement):
            plan.throw(DataError("That is too much."))
