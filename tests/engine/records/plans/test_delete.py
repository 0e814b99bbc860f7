"""A delete does what the models that point to the record say, or does nothing."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from asok_engine.records.errors import RestrictedDelete
from asok_engine.records.events import model_events
from asok_engine.records.fields.moment import CreatedAt, SoftDelete, UpdatedAt
from asok_engine.records.fields.reference import ForeignKey
from asok_engine.records.fields.text import String
from asok_engine.records.plans.count import count
from asok_engine.records.plans.delete import delete, force_delete, force_delete_each, incoming, restore
from asok_engine.records.plans.find import find_by_key
from asok_engine.records.query import Query
from asok_engine.records.record import Record
from tests.engine.records.blog import Author, Comment, Post, Tag, blog
from tests.engine.records.driver import Driver


def test_row_of_a_record_goes() -> None:
    """The record is stored no longer; a second delete asks nothing."""
    driver = blog()
    tag = driver.run(find_by_key(Tag.__description__, 2))
    assert driver.run(delete(tag)) == 1
    assert not tag.is_stored
    assert driver.run(delete(tag)) == 0
    assert driver.run(force_delete(tag)) == 0
    assert driver.run(find_by_key(Tag.__description__, 2)) is None


def test_rows_that_belong_to_it_go_with_it() -> None:
    """By the database's own cascade."""
    driver = blog()
    driver.run(delete(driver.run(find_by_key(Post.__description__, 1))))
    assert driver.run(count(Query(Comment.__description__))) == 1
    assert {child.name for child, _ in incoming(Author.__description__)} >= {"Post", "Comment", "Profile"}


class Owner(Record):
    """Somebody whom others point to."""

    id: int
    name = String()


class Kept(Record):
    """Does not let its owner go."""

    id: int
    owner_id = ForeignKey(Owner, on_delete="PROTECT")


class Freed(Record):
    """Forgets its owner."""

    id: int
    owner_id = ForeignKey(Owner, on_delete="SET_NULL", nullable=True)


class FreedByHand(Record):
    """Forgets its owner without help of the database."""

    id: int
    owner_id = ForeignKey(Owner, on_delete="SET_NULL", nullable=True, constraint=False)


class Gone(Record):
    """Goes with its owner, and notes it."""

    id: int
    owner_id = ForeignKey(Owner)
    deleted: list[int] = []

    def before_delete(self) -> None:
        """Note the key."""
        self.deleted.append(self.id)


def test_record_that_others_need_stays() -> None:
    """PROTECT and RESTRICT are told before anything is deleted."""
    driver = Driver(Owner, Kept, Freed, FreedByHand, Gone)
    owner = driver.save(Owner(name="a"))
    driver.save(Kept(owner_id=1), Gone(owner_id=1))
    Gone.deleted.clear()
    with pytest.raises(RestrictedDelete, match="a Kept points to it by 'owner_id'"):
        driver.run(delete(owner))
    assert Gone.deleted == []
    assert owner.is_stored


def test_others_follow_or_are_freed() -> None:
    """Hooks of what goes along are called; what is freed stays."""
    driver = Driver(Owner, Kept, Freed, FreedByHand, Gone)
    owner = driver.save(Owner(name="a"))
    driver.save(Freed(owner=owner), FreedByHand(owner=owner), Gone(owner=owner), Gone(owner=owner))
    Gone.deleted.clear()
    assert driver.run(delete(owner)) == 1
    assert Gone.deleted == [1, 2]
    assert driver.run(count(Query(Gone.__description__))) == 0
    for model in (Freed, FreedByHand):
        assert driver.run(find_by_key(model.__description__, 1)).owner_id is None


class Note(Record):
    """Deleted softly."""

    id: int
    text = String()
    created_at = CreatedAt()
    updated_at = UpdatedAt()
    deleted_at = SoftDelete()


NOTES = Query(Note.__description__)


def test_softly_deleted_record_is_marked_and_left_out() -> None:
    """Other changes of the record are not written by the way, and not lost."""
    driver = Driver(Note)
    note = driver.save(Note(text="a"))
    note.text = "b"
    assert driver.run(delete(note)) == 1
    assert note.deleted_at is not None
    assert driver.since(-1) == ["UPDATE notes SET deleted_at=? WHERE notes.id = ?"]
    assert driver.fetch(NOTES) == []
    assert [found.text for found in driver.fetch(NOTES.with_trashed())] == ["a"]
    assert len(driver.fetch(NOTES.only_trashed())) == 1
    assert driver.run(delete(note)) == 0
    driver.run(restore(note))
    assert driver.fetch(NOTES) == [note]
    assert driver.run(restore(note)) is note
    driver.save(note)
    assert [found.text for found in driver.fetch(NOTES)] == ["b"]


def test_or_group_and_union_find_no_deleted_record() -> None:
    """Scopes hold around everything (asok 3.4 C2)."""
    driver = Driver(Note)
    first, second = driver.save(Note(text="a"), Note(text="b"))
    driver.run(delete(first))
    assert driver.fetch(NOTES.where(text="b").either(text="a")) == [second]
    assert driver.fetch(NOTES.where(text="b").combine("union", NOTES.where(text="a"))) == [second]
    assert driver.run(count(NOTES)) == 1


def test_soft_deletion_can_be_overruled() -> None:
    """The row goes for good; what was never stored is nothing to delete."""
    driver = Driver(Note)
    note = driver.save(Note(text="a"))
    assert driver.run(force_delete(note)) == 1
    assert driver.run(count(NOTES.with_trashed())) == 0
    assert driver.run(delete(Note(text="x"))) == 0


class Reply(Record):
    """An answer to another one, which may answer a third."""

    id: int
    parent_id = ForeignKey("self", nullable=True, on_delete="CASCADE")
    other_id = ForeignKey("self", nullable=True, on_delete="CASCADE")
    told: list[str] = []

    def before_delete(self) -> None:
        """Note it."""
        self.told.append(f"before {self.id}")

    def after_delete(self) -> None:
        """Note it."""
        self.told.append(f"after {self.id}")


REPLIES = Query(Reply.__description__)


def replies(*parents: tuple[int | None, int | None]) -> Driver:
    """Give a driver with replies, each with the keys that it points to, whether they are there yet or not."""
    driver = Driver(Reply)
    for _ in parents:
        driver.save(Reply())
    for reply, (parent, other) in zip(driver.fetch(REPLIES.order_by("id")), parents, strict=True):
        reply.parent_id, reply.other_id = parent, other
        driver.save(reply)
    Reply.told.clear()
    return driver


def test_chain_of_any_length_goes() -> None:
    """From its end to its beginning, in one transaction, with hooks around what they are about."""
    length = 1500
    driver = replies((None, None), *((number, None) for number in range(1, length)))
    first = driver.run(find_by_key(Reply.__description__, 1))
    assert driver.run(delete(first)) == 1
    assert driver.run(count(REPLIES)) == 0
    assert Reply.told == [
        *(f"before {number}" for number in range(1, length + 1)),
        *(f"after {number}" for number in range(length, 0, -1)),
    ]


def test_error_at_the_end_of_a_chain_undoes_all_of_it() -> None:
    """It arrives as it was raised."""
    driver = replies((None, None), (1, None), (2, None))
    driver.connection.execute(
        "CREATE TRIGGER no BEFORE DELETE ON replies BEGIN SELECT raise(ABORT, 'no'); END"
    )
    with pytest.raises(sqlite3.IntegrityError, match="no"):
        driver.run(delete(driver.run(find_by_key(Reply.__description__, 1))))
    assert driver.run(count(REPLIES)) == 3
    assert Reply.told == ["before 1", "before 2", "before 3"]


@pytest.mark.parametrize(
    ("pointers", "told"),
    [
        ([(1, None)], "before 1, after 1"),
        ([(2, None), (1, None)], "before 1, before 2, after 2, after 1"),
        ([(3, None), (1, None), (2, None)], "before 1, before 2, before 3, after 3, after 2, after 1"),
        ([(None, None), (1, None), (1, 2)], "before 1, before 2, before 3, after 3, after 2, after 1"),
        ([(None, None), (1, 3), (1, 2)], "before 1, before 2, before 3, after 3, after 2, after 1"),
    ],
)
def test_rows_that_point_to_each_other_go_once(
    pointers: list[tuple[int | None, int | None]], told: str
) -> None:
    """In a circle, to themselves, or on two ways: each has its hooks and its event once."""
    driver = replies(*pointers)
    events: list[Any] = []
    listener = model_events.listen(lambda event: events.extend(event.keys), Reply)
    try:
        assert driver.run(delete(driver.run(find_by_key(Reply.__description__, 1)))) == 1
    finally:
        model_events.unlisten(listener)
    assert ", ".join(Reply.told) == told
    assert sorted(events) == list(range(1, len(pointers) + 1))
    assert driver.run(count(REPLIES)) == 0


def test_each_of_many_goes_once() -> None:
    """What an earlier one has taken along counts among those that went, and is no longer stored."""
    driver = replies((None, None), (1, None), (2, None), (None, None))
    found = driver.fetch(REPLIES.where(id__lt=4).order_by("id"))
    assert driver.run(force_delete_each(found, "default")) == 3
    assert Reply.told == ["before 1", "before 2", "before 3", "after 3", "after 2", "after 1"]
    assert not any(each.is_stored for each in found)
    assert driver.run(count(REPLIES)) == 1
    assert len([text for text in driver.since(0) if text.startswith("DELETE")]) == 3
