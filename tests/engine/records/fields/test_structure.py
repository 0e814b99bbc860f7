"""Documents, lists, bytes and vectors come back as they went in, and changes inside them are seen."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal as D
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asok_engine.errors import SetupError
from asok_engine.records.errors import FieldProblem
from asok_engine.records.fields.field import Field
from asok_engine.records.fields.moment import Date, DateTime
from asok_engine.records.fields.number import Decimal, Integer
from asok_engine.records.fields.structure import JSON, Array, Binary, Vector
from asok_engine.records.fields.text import String
from asok_engine.records.plans.find import find_by_key
from asok_engine.records.query import Query
from asok_engine.records.record import Record
from asok_engine.sql import types
from tests.engine.records.driver import Driver


class Point(msgspec.Struct):
    """A place."""

    x: int
    y: int = 0


class Bag(Record):
    """Many things."""

    id: int
    data = JSON(default={}, nullable=True)
    point = JSON(Point, nullable=True)
    words = Array(String(5), default=[])
    days = Array(Date(), nullable=True)
    raw = Binary(4, nullable=True)
    vector = Vector(2, nullable=True)


def test_values_come_back_and_inner_changes_are_saved() -> None:
    """A change inside a document or a list is no assignment, and is seen all the same."""
    driver = Driver(Bag)
    day = date(2026, 1, 31)
    bag = driver.save(
        Bag(
            data={"a": [1, {"b": None}]},
            point={"x": 1},
            words=["a"],
            days=[day],
            raw=bytearray(b"ab"),
            vector=[1, 2],
        )
    )
    assert bag.point == Point(1)
    found = driver.run(find_by_key(Bag.__description__, 1))
    assert (found.data, found.point, found.words, found.days) == (
        {"a": [1, {"b": None}]},
        Point(1),
        ["a"],
        [day],
    )
    assert (found.raw, found.vector) == (b"ab", [1.0, 2.0])
    count = len(driver.texts)
    driver.save(found, bag)
    assert len(driver.texts) == count
    found.data["a"].append(2)
    found.words.append("b")
    driver.save(found)
    assert driver.since(-1) == ["UPDATE bags SET data=?, words=? WHERE bags.id = ?"]
    bag.words.append("c")
    driver.save(bag)
    assert driver.since(-1) == ["UPDATE bags SET words=? WHERE bags.id = ?"]


def test_defaults_are_not_shared() -> None:
    """A list that one record changes is not that of another."""
    first, second = Bag(), Bag()
    first.words.append("x")
    first.data["a"] = 1
    assert (second.words, second.data) == ([], {})


def test_documents_are_asked_about_their_inside() -> None:
    """By keys and positions."""
    driver = Driver(Bag)
    driver.save(Bag(data={"name": "Ada", "n": 5, "on": True, "list": ["x", "y"], "in": {"deep": "z"}}))
    driver.save(Bag(data={"name": "Bob", "n": "many"}))
    bags = Query(Bag.__description__)
    for lookups in (
        {"data__name": "Ada"},
        {"data__n": 5},
        {"data__n__gt": 4},
        {"data__on": True},
        {"data__list__1": "y"},
        {"data__in__deep__startswith": "z"},
        {"data__on__isnull": False},
        {"data__icontains": "ADA"},
        {"data": {"name": "Ada", "n": 5, "on": True, "list": ["x", "y"], "in": {"deep": "z"}}},
    ):
        assert [bag.id for bag in driver.fetch(bags.where(**lookups))] == [1], lookups


json_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**53), 2**53),
        st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=5),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text("ab", max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(json_values)
def test_every_document_comes_back(value: Any) -> None:
    """Whatever JSON can hold."""
    field = JSON()
    made = field.clean(value) if value is not None else None
    if made is not None:
        assert field.from_column(field.to_column(made)) == value  # type: ignore[misc]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (JSON(), object()),
        (JSON(), {"a": "\0"}),
        (JSON(), float("nan")),
        (JSON(), {"a": [None, (1, float("inf"))]}),
        (JSON(), "\ud800"),
        (JSON(Point), {"y": 1}),
        (Array(String(2)), "ab"),
        (Array(String(2)), 5),
        (Array(String(2)), {"a": 1}),
        (Array(String(2)), ["abc"]),
        (Array(String(2)), [None]),
        (Array(Integer(), max_items=1), [1, 2]),
        (Binary(), "text"),
        (Binary(2), b"abc"),
        (Vector(2), [1]),
        (Vector(2), [1, float("nan")]),
        (Vector(2), "12"),
        (Vector(2), [1, "x"]),
        (Vector(2), 5),
    ],
)
def test_value_that_does_not_fit_is_refused(field: Field[Any], value: object) -> None:
    """With a sentence; a member of a list is told by its place."""
    with pytest.raises(FieldProblem):
        field.clean(value)


def test_members_of_a_list_are_read_by_their_field() -> None:
    """Where a list is text, a day comes back as a day."""
    assert Array(Decimal()).from_column(["1.50", None]) == [D("1.50"), None]  # type: ignore[misc]
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    assert Array(DateTime()).from_column([moment.isoformat()]) == [moment]  # type: ignore[misc]
    assert Array(Integer()).from_column is list
    with pytest.raises(FieldProblem, match=r"\[1\] must be a whole"):
        Array(Integer()).clean([1, "x"])
    with pytest.raises(SetupError, match="what it holds"):
        Array()


def test_types_of_columns() -> None:
    """By what is inside."""
    assert JSON().column_type == types.json()
    assert Array(Integer()).column_type == types.array(types.integer())
    assert Binary(3).column_type == types.binary(3)
    assert Vector(3).column_type == types.vector(3)
