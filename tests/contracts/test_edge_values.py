"""Values at the edge of what a database can hold: each comes back as it went in, or is refused in our words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal as D
from functools import partial
from typing import Any

import pytest

from asok_engine.database.databases import Database
from asok_engine.errors import InputError
from asok_engine.records.errors import InvalidRecord
from asok_engine.records.fields.moment import Date, DateTime, Duration, Time
from asok_engine.records.fields.number import BigInteger, Decimal, Float, Integer, SmallInteger
from asok_engine.records.fields.structure import JSON, Array
from asok_engine.records.fields.text import String, Text
from asok_engine.records.plans.bulk import bulk_create, bulk_update
from asok_engine.records.plans.change import update_all
from asok_engine.records.plans.save import save
from asok_engine.records.plans.tables import create_tables
from asok_engine.records.plans.values import pluck
from asok_engine.records.query import Query
from asok_engine.records.record import Record
from asok_engine.records.steps import Plan

pytestmark = [pytest.mark.servers, pytest.mark.slow]

Perform = Callable[[Plan[Any]], Any]


class Edge(Record):
    """A field of each kind that has an edge."""

    moment = DateTime(nullable=True)
    day = Date(nullable=True)
    clock = Time(nullable=True)
    span = Duration(nullable=True)
    money = Decimal(10, 2, nullable=True)
    small = SmallInteger(nullable=True)
    whole = Integer(nullable=True)
    big = BigInteger(nullable=True)
    ratio = Float(nullable=True)
    short = String(20, nullable=True)
    long = Text(nullable=True)
    document = JSON(nullable=True)
    words = Array(String(20), nullable=True)
    numbers = Array(BigInteger(), nullable=True)

    class Meta:
        table_name = "contract_edges"


EDGES = Query(Edge.__description__)
NAN, INFINITY = float("nan"), float("inf")
EAST, WEST = timezone(timedelta(hours=14)), timezone(-timedelta(hours=12))

VALUES: dict[str, list[Any]] = {
    "moment": [
        datetime.min,
        datetime.max,
        datetime.min.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
        datetime.min.replace(tzinfo=EAST),
        datetime.min.replace(tzinfo=WEST),
        datetime.max.replace(tzinfo=EAST),
        datetime.max.replace(tzinfo=WEST),
        datetime(1, 1, 2, tzinfo=UTC),
        datetime(1, 1, 2, tzinfo=EAST),
        datetime(999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(1000, 1, 1, tzinfo=UTC),
        datetime(1582, 10, 10, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        "0001-01-01T00:00",
        "9999-12-31T23:59:59.999999+00:00",
        "10000-01-01T00:00",
        date.min,
        date.max,
    ],
    "day": [
        date.min,
        date(1, 1, 2),
        date(999, 12, 31),
        date(1000, 1, 1),
        date.max,
        "0001-01-01",
        "9999-12-31",
    ],
    "clock": [time.min, time.max, time(23, 59, 59, 999999), "23:59:59.999999", "24:00", time(1, fold=1)],
    "span": [
        timedelta.min,
        timedelta.max,
        timedelta(microseconds=-1),
        timedelta(days=10**8),
        1e300,
        NAN,
        "PT1E9S",
    ],
    "money": [
        D(10) ** 1000,
        D("1e-1000"),
        D("99999999.99"),
        D("-99999999.99"),
        D("99999999.995"),
        D("NaN"),
        D("sNaN"),
        D("Infinity"),
        D("-0"),
        NAN,
        INFINITY,
        10**1000,
        "1e999999",
        "NaN",
    ],
    "small": [
        -(2**15),
        2**15 - 1,
        2**15,
        10**1000,
        NAN,
        INFINITY,
        1e308,
        D(10) ** 1000,
        D("NaN"),
        "9" * 5000,
    ],
    "whole": [
        -(2**31),
        2**31 - 1,
        2**31,
        10**1000,
        NAN,
        INFINITY,
        -INFINITY,
        1e308,
        D("sNaN"),
        D("Infinity"),
    ],
    "big": [-(2**63), 2**63 - 1, 2**63, 10**1000, NAN, INFINITY, 1e308, D("1e99999"), "９"],
    "ratio": [
        NAN,
        INFINITY,
        -INFINITY,
        1.7976931348623157e308,
        5e-324,
        -0.0,
        10**400,
        D("1e400"),
        "1e999",
        "nan",
    ],
    "short": ["a\0b", "\ud800", "\U0010ffff", "x" * 20, "x" * 21, "\U0001f600" * 20, "\ufeff", " ", ""],
    "long": ["a\0b", "\udfff", "\uffff", "\U0001f600", " ", ""],
    "document": [
        "\ud800",
        {"\0": 1},
        {"\ud800": 1},
        NAN,
        [INFINITY],
        2**53,
        2**64,
        10**30,
        -0.0,
        1e-320,
        [],
        {},
    ],
    "words": [["a\0"], ["\ud800"], [""], [None], [], ["x" * 21], ["NULL"], ["{}", '"', "\\", ","]],
    "numbers": [[2**63], [-(2**63), 2**63 - 1], [NAN], [INFINITY], [10**1000]],
}


@pytest.fixture
def ready(database: Database, perform: Perform) -> Perform:
    """Make the table."""
    perform(create_tables([Edge.__description__]))
    return perform


def ways(name: str, value: Any) -> dict[str, Callable[[], Plan[int]]]:
    """Give every way to write a value; each gives the key of the row."""

    def saved() -> Plan[int]:
        return (yield from save(Edge(**{name: value}))).id  # type: ignore[no-any-return]

    def updated() -> Plan[int]:
        edge = yield from save(Edge())
        setattr(edge, name, value)
        yield from save(edge)
        return edge.id  # type: ignore[no-any-return]

    def all_updated() -> Plan[int]:
        edge = yield from save(Edge())
        yield from update_all(EDGES.where(id=edge.id), {name: value})
        return edge.id  # type: ignore[no-any-return]

    def bulk_created() -> Plan[int]:
        made = yield from bulk_create(Edge.__description__, [{name: value}, {name: value}])
        return made[1].id  # type: ignore[attr-defined, no-any-return]

    def bulk_updated() -> Plan[int]:
        edge = yield from save(Edge())
        setattr(edge, name, value)
        yield from bulk_update(Edge.__description__, [edge], [name])
        return edge.id  # type: ignore[no-any-return]

    return {each.__name__: each for each in (saved, updated, all_updated, bulk_created, bulk_updated)}


def written(perform: Perform, name: str, value: Any, way: Callable[[], Plan[int]]) -> str:
    """Write a value; say what is wrong with what came of it."""
    field = Edge.__description__.fields[name]
    try:
        key = perform(way())
    except InvalidRecord as error:
        return "" if name in str(error) and error.problems else f"does not say which field: {error}"
    found, wanted = perform(pluck(EDGES.where(id=key), name))[0], field.clean(value)
    return "" if type(found) is type(wanted) and found == wanted else f"gives {found!r} for {wanted!r}"


def compared(perform: Perform, name: str, value: Any, lookup: str) -> str:
    """Look for a value; say what is wrong with what came of it."""

    def plan() -> Plan[Any]:
        return (yield from EDGES.where(**{f"{name}__{lookup}": [value] if lookup == "in" else value}).fetch())

    try:
        perform(plan())
    except InputError as error:
        return "" if name in str(error) and error.status < 500 else f"does not say which field: {error}"
    return ""


@pytest.mark.parametrize("name", list(VALUES))
def test_value_comes_back_or_is_refused(ready: Perform, name: str) -> None:
    """Whichever way it is written, and whatever it is compared with."""
    wrong = {}
    for number, value in enumerate(VALUES[name]):
        trials = {way: partial(written, ready, name, value, plan) for way, plan in ways(name, value).items()}
        if name not in ("document", "words", "numbers"):
            trials |= {each: partial(compared, ready, name, value, each) for each in ("exact", "gt", "in")}
        for trial, perform in trials.items():
            try:
                complaint = perform()
            except Exception as error:
                complaint = repr(error)
            if complaint:
                wrong[number, repr(value)[:40], trial] = complaint[:200]
    assert not wrong
