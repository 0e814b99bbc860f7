"""The records of a relation to many are changed from the side of the one."""

from __future__ import annotations

import pytest

from asok_engine.errors import UsageError
from asok_engine.records.errors import UnknownName
from asok_engine.records.fields.number import Integer
from asok_engine.records.fields.reference import ForeignKey
from asok_engine.records.fields.text import String
from asok_engine.records.plans.find import find_by_key
from asok_engine.records.plans.get_or_create import get_or_create
from asok_engine.records.plans.load import query_of
from asok_engine.records.plans.pivot import attach, detach, sync
from asok_engine.records.plans.related import (
    add_related,
    clear_related,
    create_related,
    find_or_create_related,
    related_keys,
    remove_related,
    set_related,
)
from asok_engine.records.query import Query
from asok_engine.records.record import Record
from asok_engine.records.relations.many_to_many import ManyToMany
from tests.engine.records.blog import Author, Post, Tag, blog
from tests.engine.records.driver import Driver


class Crate(Record):
    """What things lie in."""

    id: int
    name = String(20)
    marks = ManyToMany["list[Mark]"]("Mark", related_name="crates")


class Thing(Record):
    """Something that may lie in a crate."""

    id: int
    name = String(20)
    crate_id = ForeignKey(Crate, nullable=True, related_name="things")


class Lid(Record):
    """Something that is nothing without its crate."""

    id: int
    size = Integer(default=1)
    crate_id = ForeignKey(Crate, related_name="lids")


class Mark(Record):
    """A word on crates."""

    id: int
    name = String(20)


@pytest.fixture
def driver() -> Driver:
    """Two crates, of which the first has the things a and b."""
    driver = Driver(Crate, Thing, Lid, Mark)
    one, _ = driver.save(Crate(name="one"), Crate(name="two"))
    driver.save(Thing(name="a", crate_id=one.id), Thing(name="b", crate_id=one.id), Thing(name="c"))
    driver.save(Mark(name="m"), Mark(name="n"))
    return driver


def crate(driver: Driver) -> Crate:
    """Give the first crate."""
    found: Crate = driver.fetch(Query(Crate.__description__).order_by("id"))[0]
    return found


def test_records_come_and_go_by_their_foreign_key(driver: Driver) -> None:
    """By record, saved or not, and by key; one that belongs elsewhere is not taken out."""
    one = crate(driver)
    fresh = Thing(name="d")
    driver.run(add_related(one, "things", [fresh, 3]))
    assert fresh.is_stored
    assert driver.run(related_keys(one, "things")) == [1, 2, 3, 4]
    assert driver.run(remove_related(one, "things", [fresh, 3, 99])) == 2
    assert fresh.crate_id is None
    driver.run(add_related(one, "things", []))
    assert driver.run(related_keys(one, "things")) == [1, 2]
    assert driver.run(clear_related(one, "things")) == 2
    assert driver.run(related_keys(one, "things")) == []


def test_exactly_these_records_are_left(driver: Driver) -> None:
    """Those that stay are not written."""
    one = crate(driver)
    start = len(driver.texts)
    driver.run(set_related(one, "things", ["2", Thing(name="e")]))
    assert driver.run(related_keys(one, "things")) == [2, 4]
    assert sum(text.startswith("UPDATE") for text in driver.since(start)) == 1


def test_record_that_needs_its_owner_is_not_taken_out(driver: Driver) -> None:
    """The refusal says what can be done instead."""
    one = crate(driver)
    made = driver.run(create_related(one, "lids", {"size": 5}))
    assert (made.crate_id, made.size) == (one.id, 5)
    for deed in (
        remove_related(one, "lids", [made]),
        clear_related(one, "lids"),
        set_related(one, "lids", []),
    ):
        with pytest.raises(UsageError, match="nullable"):
            driver.run(deed)


def test_records_come_and_go_through_a_pivot(driver: Driver) -> None:
    """A record that was never saved is saved first."""
    one = crate(driver)
    driver.run(add_related(one, "marks", [1, Mark(name="o")]))
    assert driver.run(related_keys(one, "marks")) == [1, 3]
    made = driver.run(create_related(one, "marks", {"name": "p"}))
    driver.run(set_related(one, "marks", [made, 2]))
    assert driver.run(related_keys(one, "marks")) == [2, 4]
    assert driver.run(remove_related(one, "marks", [2])) == 1
    assert driver.run(clear_related(one, "marks")) == 1


def test_record_is_found_or_made_in_its_relation(driver: Driver) -> None:
    """By foreign key only among those of the record; through a pivot among all, and joined."""
    one = crate(driver)
    found, is_made = driver.run(find_or_create_related(one, "things", get_or_create, {"name": "a"}, {}))
    assert (found.id, is_made) == (1, False)
    made, is_made = driver.run(find_or_create_related(one, "things", get_or_create, {"name": "c"}, {}))
    assert (made.crate_id, made.id, is_made) == (one.id, 4, True)
    mark, is_made = driver.run(find_or_create_related(one, "marks", get_or_create, {"name": "m"}, {}))
    assert (mark.id, is_made, driver.run(related_keys(one, "marks"))) == (1, False, [1])


def test_misuse_is_told(driver: Driver) -> None:
    """A wrong name, a record of another model, a relation to one, an owner that was never saved."""
    one = crate(driver)
    with pytest.raises(UnknownName, match="thing"):
        driver.run(add_related(one, "thing", []))
    with pytest.raises(UsageError, match="leads to Thing"):
        driver.run(add_related(one, "things", [one]))
    with pytest.raises(UsageError, match="one record"):
        driver.run(clear_related(driver.save(Thing(name="z", crate_id=one.id)), "crate"))
    with pytest.raises(UsageError, match="save it"):
        driver.run(add_related(Crate(name="new"), "things", []))


def test_record_of_another_model_is_refused_on_every_way() -> None:
    """Its key is that of another record, which would come or go in its place."""
    driver = blog()
    post, author = (
        driver.run(find_by_key(Post.__description__, 1)),
        driver.run(find_by_key(Author.__description__, 1)),
    )
    tag = driver.run(find_by_key(Tag.__description__, 2))
    for plan in (
        attach(post, "tags", author),
        detach(post, "tags", [author]),
        sync(post, "tags", [author]),
        add_related(post, "tags", [author]),
        set_related(author, "posts", [tag]),
        add_related(author, "posts", [tag]),
    ):
        with pytest.raises(UsageError, match="is none"):
            driver.run(plan)
    with pytest.raises(UsageError, match="is none"):
        driver.run(remove_related(author, "posts", [tag]))
    assert [each.id for each in driver.fetch(query_of(post, "tags"))] == [1, 2]
    assert len(driver.fetch(query_of(author, "posts"))) == 2
