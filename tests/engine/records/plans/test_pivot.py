"""Records are joined and parted through a pivot, all or none."""

from __future__ import annotations

import sqlite3

import pytest

from asok_engine.errors import UsageError
from asok_engine.records.errors import InvalidRecord, UnknownName
from asok_engine.records.fields.moment import DateTime
from asok_engine.records.fields.number import Integer
from asok_engine.records.fields.reference import ForeignKey
from asok_engine.records.fields.text import String
from asok_engine.records.plans.find import find_by_key
from asok_engine.records.plans.pivot import attach, attached_keys, detach, sync, toggle
from asok_engine.records.record import Record
from asok_engine.records.relations.many_to_many import ManyToMany
from tests.engine.records.blog import Post, Tag, blog
from tests.engine.records.driver import Driver


def test_records_are_joined_once() -> None:
    """By record or key, one or many; what is joined already stays."""
    driver = blog()
    post = driver.run(find_by_key(Post.__description__, 2))
    assert post.tags == []
    assert driver.run(attach(post, "tags", [Tag(id=1), "2", 1])) == [1, 2]
    assert driver.run(attach(post, "tags", 2)) == []
    assert driver.run(attached_keys(post, "tags")) == [1, 2]
    assert [tag.id for tag in post.tags] == [1, 2]


def test_records_are_parted() -> None:
    """Some or all."""
    driver = blog()
    post = driver.run(find_by_key(Post.__description__, 1))
    assert driver.run(detach(post, "tags", 1)) == 1
    assert driver.run(detach(post, "tags", [])) == 0
    assert driver.run(detach(post, "tags")) == 1
    assert post.tags == []


def test_sync_leaves_exactly_what_is_given() -> None:
    """In one transaction (asok 3.4 C13)."""
    driver = blog()
    post = driver.run(find_by_key(Post.__description__, 3))
    done = driver.run(sync(post, "tags", [2]))
    assert (done.attached, done.detached) == ([2], [1])
    done = driver.run(toggle(post, "tags", [1, 2]))
    assert (done.attached, done.detached) == ([1], [2])
    with pytest.raises(sqlite3.IntegrityError):
        driver.run(sync(post, "tags", [2, 999]))
    assert driver.run(attached_keys(post, "tags")) == [1]


def test_wrong_relation_key_or_record_is_told() -> None:
    """Before anything is written."""
    driver = blog()
    post = driver.run(find_by_key(Post.__description__, 3))
    with pytest.raises(UnknownName, match="Did you mean 'tags'"):
        driver.run(attach(post, "tag", 1))
    with pytest.raises(UnknownName):
        driver.run(attach(post, "comments", 1))
    with pytest.raises(InvalidRecord):
        driver.run(attach(post, "tags", "x"))
    with pytest.raises(UsageError, match="save it"):
        driver.run(attach(Post(title="x"), "tags", 1))
    with pytest.raises(UsageError, match="no other columns"):
        driver.run(attach(post, "tags", 2, {"weight": 1}))


def test_pivot_with_a_model_gets_its_values() -> None:
    """Those that are given, and the defaults."""

    class Member(Record):
        id: int
        name = String()
        teams = ManyToMany["list[Team]"]("Team", through="Membership")

    class Team(Record):
        id: int
        name = String()

    class Membership(Record):
        id: int
        member_id = ForeignKey(Member)
        team_id = ForeignKey(Team)
        level = Integer(default=1)
        since = DateTime(auto_now_add=True)

    driver = Driver(Member, Team, Membership)
    member = driver.save(Member(name="a"))
    driver.save(Team(name="t"), Team(name="u"))
    driver.run(attach(member, "teams", 1, {"level": "5"}))
    driver.run(attach(member, "teams", 2))
    rows = driver.connection.execute("SELECT team_id, level, since IS NOT NULL FROM memberships").fetchall()
    assert rows == [(1, 5, 1), (2, 1, 1)]


def test_what_is_no_key_is_told() -> None:
    """By the name of the relation, and nothing is written."""
    driver = blog()
    post = driver.run(find_by_key(Post.__description__, 1))
    with pytest.raises(InvalidRecord) as caught:
        driver.run(sync(post, "tags", [1, "no key"]))
    assert caught.value.field == "tags"
    assert driver.run(attached_keys(post, "tags")) == [1, 2]
