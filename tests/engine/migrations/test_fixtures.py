"""Rows go out as JSON and come in again the same, on and between all databases."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from asok_engine.errors import UsageError
from asok_engine.migrations.fixtures import dump_rows, from_json, load_rows, to_json
from asok_engine.migrations.link import Link, MigrationError, open_link
from asok_engine.sql import types
from asok_engine.sql.metadata import create_statements
from asok_engine.sql.tables import Column, ForeignKey, Table, Unique
from tests.engine.migrations.samples import ID

NODES = Table(
    "nodes",
    (
        ID,
        Column("name", types.string(50)),
        Column("up_id", types.bigint(), nullable=True),
        Column("double", types.integer(), nullable=True, computed="1 + 1"),
    ),
    uniques=(Unique(("name",)),),
    foreign_keys=(ForeignKey(("up_id",), "nodes"),),
)
THINGS = Table(
    "things",
    (
        Column("order", types.uuid()),
        Column("part", types.integer()),
        Column("node_id", types.bigint(), nullable=True),
        Column("price", types.decimal(8, 2)),
        Column("at", types.datetime()),
        Column("day", types.date()),
        Column("clock", types.time()),
        Column("span", types.duration()),
        Column("doc", types.json()),
        Column("tags", types.array(types.string(9))),
        Column("raw", types.binary()),
        Column("flag", types.boolean()),
        Column("ratio", types.float_()),
        Column("ip", types.inet()),
        Column("note", types.text(), nullable=True),
    ),
    primary_key=("order", "part"),
    foreign_keys=(ForeignKey(("node_id",), "nodes"),),
)
TABLES = [THINGS, NODES]
ROWS: list[dict[str, Any]] = [
    {"table": "nodes", "row": {"id": 4, "name": "leaf", "up_id": 9}},
    {"table": "nodes", "row": {"id": 9, "name": "root ü 'x' %", "up_id": None}},
    {
        "table": "things",
        "row": {
            "order": str(UUID(int=5)),
            "part": 1,
            "node_id": 4,
            "price": "1.50",
            "at": "2026-01-02T03:04:05.000006+00:00",
            "day": "2026-01-02",
            "clock": "03:04:05.000006",
            "span": 90_000_000_001,
            "doc": {"a": [1, None, "ü"]},
            "tags": ["a", 'b",\\'],
            "raw": "base64:AP8=",
            "flag": True,
            "ratio": 0.5,
            "ip": "10.0.0.1",
            "note": None,
        },
    },
]


def lines_of(rows: list[dict[str, Any]]) -> list[str]:
    return ["[", *(f"{json.dumps(row)}," for row in rows), "]"]


@pytest.fixture
def link(database_url: str) -> Iterator[Link]:
    """A database of each kind with the tables."""
    with open_link(database_url) as link:
        for text in create_statements(TABLES, link.dialect):
            link.run(text)
        yield link


def dumped(link: Link) -> list[dict[str, Any]]:
    output = io.StringIO()
    dump_rows(link, TABLES, output)
    found: list[dict[str, Any]] = json.loads(output.getvalue())
    return found


def test_every_value_comes_back_as_it_went(link: Link) -> None:
    """Loading and dumping give the same text on every database, in the order of references."""
    assert load_rows(link, TABLES, lines_of(ROWS)) == 3
    assert dumped(link) == ROWS


def test_second_load_changes_nothing_and_a_changed_row_is_updated(link: Link) -> None:
    """Rows are found by their key, whatever else is unique."""
    load_rows(link, TABLES, lines_of(ROWS))
    load_rows(link, TABLES, lines_of(ROWS))
    assert dumped(link) == ROWS
    load_rows(link, TABLES, [json.dumps({"table": "nodes", "row": {"id": 9, "name": "trunk"}})])
    assert link.query("SELECT id, name, up_id FROM nodes ORDER BY id") == [(4, "leaf", 9), (9, "trunk", None)]


def test_keys_go_on_after_those_that_were_loaded(link: Link) -> None:
    """The next row that the database counts does not collide."""
    load_rows(link, TABLES, lines_of(ROWS))
    link.run("INSERT INTO nodes (name) VALUES ('next')")
    assert link.query("SELECT id FROM nodes WHERE name = 'next'") == [(10,)]


def test_load_is_all_or_nothing(link: Link) -> None:
    """A row that is refused takes all others back."""
    bad = {"table": "things", "row": {**ROWS[2]["row"], "node_id": 77}}
    with pytest.raises(MigrationError):
        load_rows(link, TABLES, lines_of([*ROWS[:2], bad]))
    assert dumped(link) == []


def test_progress_is_told(link: Link) -> None:
    """Each table with the rows so far."""
    told: list[tuple[str, int]] = []
    load_rows(link, TABLES, lines_of(ROWS), tell=lambda name, count: told.append((name, count)))
    assert told == [("nodes", 2), ("things", 3)]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("hello", "Line 1 is no row: 'hello'"),
        ('{"table": "nodes"}', "Line 1 is no row"),
        ('{"table": "nobody", "row": {}}', "rows of 'nobody'"),
        ('{"table": "nodes", "row": {"id": 1, "nam": "x"}}', "the column 'nam'"),
        ('{"table": "nodes", "row": {"name": "x"}}', "no 'id', which is its key"),
    ],
)
def test_line_that_is_no_row_is_shown(sqlite_url: str, line: str, said: str) -> None:
    """With its number, and what was expected."""
    with open_link(sqlite_url) as link:
        for text in create_statements(TABLES, link.dialect):
            link.run(text)
        with pytest.raises(UsageError, match=said):
            load_rows(link, TABLES, [line])


@pytest.mark.parametrize(
    ("value", "kind", "written"),
    [
        (1.5, types.decimal(8, 2), "1.50"),
        ("2026-01-02 03:04:05.000000", types.datetime(), "2026-01-02T03:04:05.000000+00:00"),
        (datetime(2026, 1, 2, tzinfo=UTC), types.datetime(), "2026-01-02T00:00:00.000000+00:00"),
        (timedelta(hours=3), types.time(), "03:00:00"),
        (timedelta(microseconds=7), types.duration(), 7),
        (1, types.boolean(), True),
        ("[1]", types.json(), [1]),
        (math.inf, types.float_(), "inf"),
        (memoryview(b"\x01"), types.binary(), "base64:AQ=="),
        (Decimal("2"), types.decimal(4, 0), "2"),
        (None, types.text(), None),
    ],
)
def test_forms_of_all_drivers_become_one(value: Any, kind: types.ColumnType, written: Any) -> None:
    """A dump does not tell which database it is from."""
    assert to_json(value, kind) == written
    if written is not None and kind.kind in ("float", "decimal"):
        assert float(from_json(written, kind, "sqlite")) == float(value)
