"""One value among a few."""

from __future__ import annotations

import enum

import pytest

from asok_engine.errors import SetupError
from asok_engine.records.errors import FieldProblem
from asok_engine.records.fields.choice import Choice, Enum
from asok_engine.records.query import Query
from asok_engine.records.record import Record
from asok_engine.sql import types
from tests.engine.records.driver import Driver


class State(enum.Enum):
    """Of a ticket."""

    OPEN = "open"
    IN_WORK = "in work"


class Level(enum.IntEnum):
    """Of a ticket, too."""

    LOW = 1
    HIGH = 2


class Ticket(Record):
    """Something to do."""

    id: int
    state = Enum(State, default=State.OPEN)
    level = Enum(Level, nullable=True)
    kind = Choice(["bug", "wish"], default="bug")


def test_members_come_back_as_members() -> None:
    """The column holds their values; conditions take members, values and names."""
    driver = Driver(Ticket)
    driver.save(Ticket(state="in work", level="2", kind="wish"))
    driver.save(Ticket(state="OPEN"))
    found = driver.fetch(Query(Ticket.__description__).where(state=State.IN_WORK))[0]
    assert (found.state, found.level, found.kind) == (State.IN_WORK, Level.HIGH, "wish")
    assert len(driver.fetch(Query(Ticket.__description__).where(Ticket.level.is_null()))) == 1
    assert len(driver.fetch(Query(Ticket.__description__).where(state__in=["open", "IN_WORK"]))) == 2
    count = len(driver.texts)
    driver.save(found)
    assert len(driver.texts) == count


def test_other_values_are_refused() -> None:
    """With the list of those that are not."""
    with pytest.raises(FieldProblem, match="open, in work"):
        Enum(State).clean("closed")
    with pytest.raises(FieldProblem):
        Enum(Level).clean("3")
    with pytest.raises(FieldProblem, match="one of bug, wish"):
        Choice(["bug", "wish"]).clean("idea")


def test_kinds_of_columns_and_labels() -> None:
    """Texts or whole numbers; nothing else, and not nothing."""
    assert Enum(State).column_type.kind == "enum"
    assert Enum(Level).column_type == types.integer()
    assert Enum(State).labels == {State.OPEN: "Open", State.IN_WORK: "In work"}
    assert Choice([("a", "First")]).choices == {"a": "First"}
    mixed = enum.Enum("mixed", {"A": 1, "B": "b"})
    with pytest.raises(SetupError, match="texts or whole numbers"):
        Enum(mixed)
    with pytest.raises(SetupError, match="no choices"):
        Choice([])
