"""Moments are aware and in UTC, whatever form they come in."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from asok_engine.records.errors import FieldProblem
from asok_engine.records.fields.field import Field
from asok_engine.records.fields.moment import Date, DateTime, Duration, Time, utc_now
from asok_engine.records.zones import active_zone
from asok_engine.sql import types

MOMENT = datetime(2026, 1, 31, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("field", "value", "result"),
    [
        (DateTime(), MOMENT, MOMENT),
        (DateTime(), MOMENT.astimezone(ZoneInfo("Asia/Tokyo")), MOMENT),
        (DateTime(), MOMENT.replace(tzinfo=None), MOMENT),
        (DateTime(), "2026-01-31T14:30:00+00:00", MOMENT),
        (DateTime(), "2026-01-31 14:30", MOMENT),
        (DateTime(), "2026-01-31T15:30:00+01:00", MOMENT),
        (DateTime(), date(2026, 1, 31), datetime(2026, 1, 31, tzinfo=UTC)),
        (Date(), date(2026, 1, 31), date(2026, 1, 31)),
        (Date(), MOMENT, date(2026, 1, 31)),
        (Date(), "2026-01-31", date(2026, 1, 31)),
        (Date(), "2026-01-31T14:30", date(2026, 1, 31)),
        (Time(), time(14, 30), time(14, 30)),
        (Time(), "14:30", time(14, 30)),
        (Time(), MOMENT, time(14, 30)),
        (Duration(), timedelta(hours=1), timedelta(hours=1)),
        (Duration(), timedelta(days=-106_751_991), timedelta(days=-106_751_991)),
        (Duration(), 90, timedelta(seconds=90)),
        (Duration(), 1.5, timedelta(seconds=1.5)),
        (Duration(), "02:30:00", timedelta(hours=2, minutes=30)),
        (Duration(), "1 00:00:01", timedelta(days=1, seconds=1)),
        (Duration(), "90.5", timedelta(seconds=90.5)),
        (Duration(), "P1DT2.000003S", timedelta(days=1, seconds=2, microseconds=3)),
        (Duration(), "-PT1M", timedelta(minutes=-1)),
    ],
)
def test_value_is_coerced(field: Field[Any], value: object, result: object) -> None:
    """Datetimes come back as datetimes, in UTC (asok 3.4 C10)."""
    made = field.clean(value)
    assert made == result
    assert type(made) is type(result)
    if isinstance(made, datetime):
        assert made.tzinfo is UTC


def test_naive_moment_is_meant_in_the_active_zone() -> None:
    """Half past two in Berlin in winter is half past one in UTC."""
    token = active_zone.set(ZoneInfo("Europe/Berlin"))
    try:
        assert DateTime().clean("2026-01-31 15:30") == MOMENT
    finally:
        active_zone.reset(token)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (DateTime(), "soon"),
        (DateTime(), 5),
        (DateTime(), "2026-13-01"),
        (DateTime(), "0001-01-01T00:00:00+14:00"),
        (Date(), "soon"),
        (Date(), 5),
        (Time(), "25:00"),
        (Time(), 5),
        (Time(), time(1, tzinfo=UTC)),
        (Duration(), "x"),
        (Duration(), "P1X"),
        (Duration(), True),
        (Duration(), 1e300),
        (Duration(), timedelta.min),
        (Duration(), timedelta(days=106_751_991)),
        (Duration(), "1:2:3:4"),
        (Duration(), []),
    ],
)
def test_value_that_does_not_fit_is_refused(field: Field[Any], value: object) -> None:
    """With an example of the form."""
    with pytest.raises(FieldProblem):
        field.clean(value)


def test_subclass_of_a_day_is_a_day() -> None:
    """What another library brings."""

    class Day(date):
        pass

    assert type(Date().clean(Day(2026, 1, 31))) is date


def test_types_of_columns_and_stamps() -> None:
    """auto_now sets at each save, auto_now_add at the first."""
    assert DateTime().column_type == types.datetime()
    assert Date().column_type == types.date()
    assert Time().column_type == types.time()
    assert Duration().column_type == types.duration()
    added, now = DateTime(auto_now_add=True), DateTime(auto_now=True)
    assert (added.sets_at_create, added.sets_at_save) == (True, False)
    assert (now.sets_at_create, now.sets_at_save) == (True, True)
    assert utc_now().tzinfo is UTC
