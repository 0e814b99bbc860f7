"""What is written for a driver reads back as the same value, and sorts as the value does."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asok_engine.errors import InputError
from asok_engine.sql.dialects import texts

moments = st.datetimes(timezones=st.just(UTC))


@given(moments, moments)
def test_moments_come_back_and_sort(first: datetime, second: datetime) -> None:
    """ISO text of one width sorts by time."""
    assert texts.datetime_of_text(texts.datetime_text(first)) == first
    assert (texts.datetime_text(first) < texts.datetime_text(second)) == (first < second)
    assert texts.as_utc(texts.naive_utc(first)) == first


def test_moment_of_another_zone_is_the_same_moment() -> None:
    """What comes from elsewhere is moved to UTC; without an offset it is UTC."""
    east = datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    assert texts.datetime_text(east) == "2026-01-01 00:00:00.000000"
    assert texts.naive_utc(east) == texts.naive_utc(datetime(2026, 1, 1)) == datetime(2026, 1, 1)
    assert texts.in_utc(east).tzinfo is UTC
    assert texts.in_utc(texts.in_utc(east)) == east
    assert texts.in_utc(datetime.min) == datetime.min.replace(tzinfo=UTC)
    for text in ("2026-01-01", "2026-01-01 00:00:00", "2026-01-01T02:00:00+02:00"):
        assert texts.datetime_of_text(text) == east
        assert texts.datetime_of_text(text).tzinfo is UTC


@given(st.timedeltas(timedelta(days=-10000), timedelta(days=10000)))
def test_spans_come_back(value: timedelta) -> None:
    """A span is a whole number of microseconds."""
    assert texts.span(texts.microseconds(value)) == value


@given(st.times())
def test_times_come_back(value: time) -> None:
    """As text, and as the span since midnight that MySQL gives."""
    assert time.fromisoformat(texts.time_text(value)) == value
    since = timedelta(
        hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond
    )
    assert texts.time_of_span(since) == texts.time_of_span(value) == value


@given(st.decimals(-(10**10), 10**10, places=2, allow_nan=False))
def test_decimals_come_back(value: Decimal) -> None:
    """What fits into a number of 64 bits is kept to the last place."""
    kept = float(texts.decimal_number(value))
    assert texts.decimal_of_number(kept, 2) == value
    assert texts.decimal_of_number(int(value), 2).as_tuple().exponent == -2


def test_decimal_that_sqlite_would_change_is_refused() -> None:
    """Money is never rounded in silence."""
    with pytest.raises(InputError, match="17 digits"):
        texts.decimal_number(Decimal("123456789012345.67"))


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), max_size=5))
def test_vectors_come_back(value: list[float]) -> None:
    """As packed floats and as pgvector's text."""
    assert texts.unpacked_floats(texts.packed_floats(value)) == value
    assert texts.vector_of_text(texts.vector_text(value)) == value


def test_json_comes_back() -> None:
    """Text for every driver."""
    value = {"a": [1, None, "ü"]}
    assert texts.json_value(texts.json_text(value)) == value


def test_lists_are_written_as_arrays_of_sql() -> None:
    """What would end a value, or be no value, is taken for its characters; None is NULL."""
    assert texts.list_of_texts(["a", None, "NULL", ""]) == '{"a",NULL,"NULL",""}'
    assert texts.list_of_texts(['a"},{', "b\\"]) == '{"a\\"},{","b\\\\"}'
    assert texts.list_of_texts([Shy("first")]) == '{"first"}'
    assert texts.list_of_plain([1, None, 0.1, Decimal("1.50")]) == "{1,NULL,0.1,1.50}"
    assert texts.list_of_booleans([True, None, False]) == "{t,NULL,f}"
    assert texts.list_of_moments([date(1, 1, 1), None]) == "{0001-01-01,NULL}"
    assert texts.list_of_moments([datetime(2026, 1, 1, tzinfo=UTC)]) == "{2026-01-01T00:00:00+00:00}"


class Shy(str):
    """A text that shows itself as another one, as some enumerations do."""

    def __str__(self) -> str:
        return "hidden"

    __format__ = object.__format__


@given(st.uuids())
def test_uuids_come_back(value: UUID) -> None:
    """As the class itself reads them, however they are written; what is none is refused."""
    for text in (str(value), value.hex, value.urn, f"{{{value}}}", str(value).upper()):
        made = texts.uuid_of_text(text)
        assert made == value == UUID(text)
        assert (type(made), made.is_safe, hash(made), str(made)) == (
            UUID,
            UUID(text).is_safe,
            hash(value),
            str(value),
        )


@pytest.mark.parametrize("text", ["", "x" * 32, "123", "0" * 33])
def test_what_is_no_uuid_is_refused(text: str) -> None:
    """With the error of the class."""
    with pytest.raises(ValueError, match="UUID|int"):
        texts.uuid_of_text(text)
