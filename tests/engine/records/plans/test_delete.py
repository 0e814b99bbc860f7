"""A delete does what the models that point to the record say, or does nothing."""

from __future__ import annotations

import pytest

from asok_engine.records.errors import RestrictedDelete
from asok_engine.records.fields.moment import CreatedAt, SoftDelete, UpdatedAt
from asok_engine.records.fields.reference import ForeignKey
from asok_engine.records.fields.text import String
from asok_engine.records.plans.count import count
from asok_engine.records.plans.delete import delete, force_delete, incoming, restore
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
