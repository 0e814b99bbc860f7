"""The quick way gives a row only when the careful way would give the same one."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asok_engine.records.changes import checked, to_columns
from asok_engine.records.errors import InvalidRecord
from asok_engine.records.fields.moment import Date, DateTime
from asok_engine.records.fields.number import Boolean, Decimal, Float, Integer
from asok_engine.records.fields.reference import ForeignKey
from asok_engine.records.fields.text import String, Text
from asok_engine.records.record import Record
from tests.engine.records.blog import Author, Comment


class Sample(Record):
    """A field of many kinds, with and without conditions."""

    id: int
    name = String(3)
    text = Text(nullable=True)
    code = String(2, regex="[a-z]*")
    size = Integer(min_value=0, max_value=9)
    rate = Float()
    bounded = Float(max_value=2.0)
    on = Boolean()
    at = DateTime[datetime]()
    day = Date[date]()
    price = Decimal(4, 1)
    kind = String(choices=["a", "b"])
    author_id = ForeignKey(Author, nullable=True)


values = {
    "name": st.one_of(st.text("ab\0", max_size=4), st.integers(0, 99), st.none()),
    "text": st.one_of(st.text("ab", max_size=3), st.none()),
    "code": st.sampled_from(["a", "AB", "abc"]),
    "size": st.one_of(st.integers(-2, 12), st.sampled_from(["3", 2.0, True, None, 2.5])),
    "rate": st.one_of(st.floats(), st.integers(0, 3)),
    "bounded": st.floats(0, 3),
    "on": st.sampled_from([True, False, 1, "no", "x"]),
    "at": st.sampled_from([datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1), "2026-01-01", "x"]),
    "day": st.sampled_from([date(2026, 1, 1), datetime(2026, 1, 1), "2026-01-01", 5]),
    "price": st.sampled_from(["1.5", "1.55", 2, "x"]),
    "kind": st.sampled_from(["a", "c"]),
    "author_id": st.sampled_from([None, 1, "2", Author(id=3), Author()]),
}


@given(st.fixed_dictionaries(values))
def test_quick_way_decides_nothing_else_than_the_careful_one(given_values: dict[str, Any]) -> None:
    """Where it gives a row, the careful way gives the same, and reports nothing."""
    quick = Sample.__description__.quick_row
    assert quick is not None
    row = quick(Sample(**given_values).__dict__)
    record = Sample(**given_values)
    fields = [field for field in Sample.__description__.fields.values() if not field.is_counted]
    try:
        careful: list[Any] | None = to_columns(Sample.__description__, checked(record, fields))
    except InvalidRecord:
        careful = None
    if row is not None:
        assert row == careful
        assert [type(value) for value in row] == [type(value) for value in careful or []]
    rows = Sample.__description__.quick_rows
    assert rows is not None
    many = rows([given_values])
    assert (many is None) == (row is None)
    if many is not None:
        assert many[1] == [row]
        assert many[0][0].__dict__ == record.__dict__
        assert not many[0][0].is_stored


def test_plain_record_goes_the_quick_way() -> None:
    """Or nothing would be won."""
    quick = Author.__description__.quick_row
    assert quick is not None
    assert quick(Author(name="Ada").__dict__) == ["Ada"]


@pytest.mark.parametrize(
    "given_values", [{"name": 5}, {"name": "x" * 51}, {"name": None}, {}, {"id": 7, "name": "x"}]
)
def test_record_that_needs_care_does_not(given_values: dict[str, Any]) -> None:
    """What has a key of its own, a missing value or one to coerce."""
    quick = Author.__description__.quick_row
    assert quick is not None
    assert quick(Author(**given_values).__dict__) is None


def test_many_go_the_quick_way_together_or_not_at_all() -> None:
    """A name that is no field, a missing one, a value that needs care: all of them are looked at again."""
    quick = Author.__description__.quick_rows
    assert quick is not None
    ready = Author(name="Ada")
    found = quick([ready, {"name": "Bo"}])
    assert found is not None
    assert found[0][0] is ready
    assert found[1] == [["Ada"], ["Bo"]]
    for other in ({"name": "x", "age": 3}, {"age": 3}, {}, {"name": 5}, "Ada", None):
        assert quick([{"name": "Bo"}, other]) is None, other


def test_record_with_a_relation_that_was_set_is_looked_at_first() -> None:
    """Its key may have come since."""
    quick = Comment.__description__.quick_rows
    assert quick is not None
    values: dict[str, Any] = {"text": "a", "post_id": 1}
    assert quick([Comment(**values, author_id=None)]) is not None
    assert quick([Comment(**values, author=Author(id=1, name="Ada"))]) is None


def test_model_that_sets_its_own_values_has_no_quick_way_for_many() -> None:
    """A default that is made, a moment that is stamped, a slug that is taken from a title."""

    class Stamped(Record):
        at = DateTime[datetime](auto_now_add=True)

    assert Stamped.__description__.quick_row is not None
    assert Stamped.__description__.quick_rows is None
