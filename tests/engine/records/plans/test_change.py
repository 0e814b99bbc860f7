"""All records of a query are changed or deleted in one statement, with values as a save would write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from asok_engine.errors import UsageError
from asok_engine.records.errors import InvalidRecord, RecordNotFound, RestrictedDelete, UnknownName
from asok_engine.records.fields.moment import DateTime
from asok_engine.records.fields.number import Integer
from asok_engine.records.fields.reference import ForeignKey
from asok_engine.records.fields.text import String
from asok_engine.records.plans.change import delete_all, force_delete_all, increment, restore_all, update_all
from asok_engine.records.plans.count import count
from asok_engine.records.plans.find import find_by_key
from asok_engine.records.plans.values import pluck
from asok_engine.records.query import Query
from asok_engine.records.record import Record
from tests.engine.records.blog import Author, Post, Tag, blog
from tests.engine.records.driver import Driver
from tests.engine.records.plans.test_delete import Freed, FreedByHand, Gone, Kept, Note, Owner

POSTS = Query(Post.__description__)


def test_fields_are_changed_by_values_and_expressions() -> None:
    """Coerced, and computed by the database."""
    driver = blog()
    assert driver.run(update_all(POSTS.where(views__gt=20), {"views": Post.views + 1, "title": 5})) == 2
    assert driver.run(pluck(POSTS.order_by("id"), "views")) == [10, 20, 31, 41]
    assert driver.run(pluck(POSTS.where(title="5"), "id")) == [3, 4]
    assert driver.run(update_all(POSTS.where(id=4), {"author": Author(id=2)})) == 1
    assert driver.run(find_by_key(Post.__description__, 4)).author.name == "Bob"
    assert driver.run(update_all(POSTS, {})) == 0
    assert driver.run(update_all(POSTS.none(), {"views": 1})) == 0


def test_condition_through_relations_and_cuts_works_too() -> None:
    """They become a condition on the key."""
    driver = blog()
    assert driver.run(update_all(POSTS.where(author__name="Ada"), {"views": 1})) == 2
    assert driver.run(update_all(POSTS.order_by("-id").limit(1), {"views": 2})) == 1
    assert driver.run(pluck(POSTS.order_by("id"), "views")) == [1, 20, 1, 2]
    assert driver.run(delete_all(POSTS.where(comments__text="bad"))) == 2


def test_wrong_values_and_names_change_nothing() -> None:
    """All of them are reported."""
    driver = blog()
    with pytest.raises(InvalidRecord) as error:
        driver.run(update_all(POSTS, {"views": "x", "title": None}))
    assert error.value.errors.keys() == {"views", "title"}
    with pytest.raises(UnknownName):
        driver.run(update_all(POSTS, {"titel": "x"}))
    assert driver.texts == []


def test_records_are_deleted_in_one_statement() -> None:
    """Where nobody else has a say."""
    driver = blog()
    assert driver.run(delete_all(Query(Tag.__description__).where(name="sql"))) == 1
    assert driver.since(0) == ["DELETE FROM tags WHERE tags.name = ?"]
    assert driver.run(delete_all(Query(Tag.__description__))) == 1
    assert driver.run(force_delete_all(Query(Tag.__description__).none())) == 0


def test_records_that_others_point_to_are_deleted_with_care() -> None:
    """All or none, and hooks are called."""
    driver = Driver(Owner, Kept, Freed, FreedByHand, Gone)
    driver.save(Owner(name="a"), Owner(name="b"), Gone(owner_id=1), Kept(owner_id=2))
    with pytest.raises(RestrictedDelete):
        driver.run(delete_all(Query(Owner.__description__).order_by("id")))
    assert driver.run(count(Query(Owner.__description__))) == 2
    assert driver.run(delete_all(Query(Owner.__description__).where(id=1))) == 1
    assert driver.run(count(Query(Gone.__description__))) == 0


def test_softly_deleted_records_are_marked_together() -> None:
    """And restored together."""
    driver = Driver(Note)
    driver.save(Note(text="a"), Note(text="b"), Note(text="c"))
    notes = Query(Note.__description__)
    assert driver.run(delete_all(notes.where(text__in=["a", "b"]))) == 2
    assert driver.run(pluck(notes, "text")) == ["c"]
    assert driver.run(restore_all(notes.where(text="a"))) == 1
    assert driver.run(pluck(notes.order_by("id"), "text")) == ["a", "c"]
    assert driver.run(restore_all(notes.none())) == 0
    assert driver.run(restore_all(POSTS)) == 0
    assert driver.run(force_delete_all(notes.with_trashed())) == 3


def test_increments_are_not_lost() -> None:
    """Two who read the same number both count (reliability 121)."""
    driver = blog()
    first, second = (driver.run(find_by_key(Post.__description__, 1)) for _ in range(2))
    driver.run(increment(first, "views", 5))
    driver.run(increment(second, "views"))
    assert second.views == 16
    assert driver.run(increment(second, "views", -6, title="new")).title == "new"
    assert driver.run(pluck(POSTS.where(id=1), "views")) == [10]
    with pytest.raises(UsageError, match="save it"):
        driver.run(increment(Post(title="x"), "views"))
    driver.connection.execute("DELETE FROM comments")
    driver.connection.execute("DELETE FROM posts WHERE id = 1")
    with pytest.raises(RecordNotFound):
        driver.run(increment(first, "views"))


def test_missing_number_counts_as_none() -> None:
    """And the moment of the change is noted."""
    ticks = iter(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hour) for hour in range(100))

    class Counter(Record):
        id: int
        name = String(default="x")
        hits = Integer(nullable=True)
        updated = DateTime[datetime](auto_now=True, clock=lambda: next(ticks))

    driver = Driver(Counter)
    counter = driver.save(Counter())
    before = counter.updated
    driver.run(increment(counter, "hits", 3))
    assert counter.hits == 3
    assert counter.updated > before
    before = counter.updated
    driver.run(update_all(Query(Counter.__description__), {"name": "y"}))
    assert driver.run(find_by_key(Counter.__description__, 1)).updated > before


def test_key_of_several_fields_takes_plain_conditions_only() -> None:
    """A path would need a condition on one key."""

    class Seat(Record):
        row = Integer(primary_key=True)
        number = Integer(primary_key=True)
        free = Integer(default=1)

    driver = Driver(Seat)
    driver.save(Seat(row=1, number=1), Seat(row=1, number=2))
    assert driver.run(update_all(Query(Seat.__description__).where(number=2), {"free": 0})) == 1
    with pytest.raises(UsageError, match="several fields"):
        driver.run(update_all(Query(Seat.__description__).limit(1), {"free": 0}))


class Task(Record):
    """A part of another one."""

    id: int
    part_of_id = ForeignKey("self", nullable=True, on_delete="CASCADE")
    told: list[int] = []

    def before_delete(self) -> None:
        """Note it."""
        self.told.append(self.id)


def test_row_that_an_earlier_one_takes_along_is_deleted_once() -> None:
    """Its hooks come once, and it counts."""
    driver = Driver(Task)
    driver.save(Task(), Task(part_of_id=1), Task(part_of_id=2), Task())
    Task.told.clear()
    assert driver.run(delete_all(Query(Task.__description__).only("part_of_id").order_by("id"))) == 4
    assert Task.told == [1, 2, 3, 4]


def test_only_to_numbers_is_added() -> None:
    """SQLite would read a text as 0 and write the sum in its place."""
    driver = blog()
    post = driver.run(find_by_key(Post.__description__, 1))
    with pytest.raises(UsageError, match="title holds no number"):
        driver.run(increment(post, "title"))
    assert driver.run(find_by_key(Post.__description__, 1)).title == "Post 1"
