"""Statements and plans for tests of databases: written once, run on each database, plain and async.

`sql` makes a statement of a text with `?` for each value, in the style of whatever
database it meets. A test written as a plan runs under `run` and under `run_async`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, TypeVar

from asok_engine.database.databases import databases
from asok_engine.database.running import run_async
from asok_engine.records.steps import Plan
from asok_engine.sql.compiler import Returns, Template
from asok_engine.sql.dialects.contract import Dialect
from asok_engine.sql.statements import Bound, Many, Shape

__all__ = ["change", "change_many", "create", "perform_async", "read", "sql"]

Result = TypeVar("Result")


def _shape(text: str, returns: Returns, *, writes: bool, is_cheap: bool) -> Shape:
    def write(dialect: Dialect) -> Template:
        is_format = dialect.parameter_style == "format"
        parts = (text.replace("%", "%%") if is_format else text).split("?")
        marks = {
            "qmark": lambda number: "?",
            "numeric_dollar": lambda number: f"${number}",
            "format": lambda number: "%s",
        }
        mark = marks[dialect.parameter_style]
        words = [parts[0]]
        for number, part in enumerate(parts[1:], 1):
            words += [mark(number), part]
        return Template("".join(words), returns)

    return Shape(write, writes=writes, is_cheap=is_cheap)


def sql(
    text: str,
    *values: Any,
    returns: Returns = "rows",
    writes: bool = False,
    is_cheap: bool = False,
    database: str = "default",
) -> Bound:
    """Make a statement of a text with `?` for each value."""
    return _shape(text, returns, writes=writes, is_cheap=is_cheap).bind(values, database)


def read(text: str, *values: Any) -> Bound:
    """Make a statement that reads rows."""
    return sql(text, *values)


def change(text: str, *values: Any) -> Bound:
    """Make a statement that changes rows and gives how many."""
    return sql(text, *values, returns="count", writes=True)


def change_many(text: str, rows: Sequence[Sequence[Any]]) -> Many:
    """Make a statement that runs once for each row of values."""
    return _shape(text, "count", writes=True, is_cheap=False).bind_many(rows)


def create(columns: str = "id integer primary key, n integer not null, s varchar(40)") -> Plan[None]:
    """Make the table `t`, empty."""
    yield change("DROP TABLE IF EXISTS t")
    yield change(f"CREATE TABLE t ({columns})")


def perform_async(plan: Plan[Result]) -> Result:
    """Run a plan on an event loop of its own, and close what was opened on it."""

    async def perform() -> Result:
        try:
            return await run_async(plan)
        finally:
            for database in databases:
                await database.close_async()

    return asyncio.run(perform())
