"""Seeing statements: counted per context, told by a hook, logged without values."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from asok_engine.database.databases import databases
from asok_engine.database.observing import MANY_ROWS, watch_statements
from asok_engine.database.running import run, run_one
from asok_engine.database.transactions import transaction
from asok_engine.database.urls import parse_url
from asok_engine.errors import QueryError
from asok_engine.records.steps import Plan
from asok_engine.telemetry.hooks import statement_finished
from tests.plans import change, change_many, create, read


@pytest.fixture
def open_database(sqlite_url: str) -> Iterator[Callable[..., None]]:
    """Open the default database with options, with the table `t` in it."""

    def opened(**options: Any) -> None:
        databases.configure({"default": parse_url(sqlite_url, **options)})
        run(create())

    yield opened
    databases.close()


def test_statements_of_a_block_are_counted(
    open_database: Callable[..., None], perform: Callable[[Plan[Any]], Any]
) -> None:
    """Number, time, and how often each text ran; statements in transactions and for many rows, too."""
    open_database()

    def plan() -> Plan[Any]:
        for number in range(3):
            yield read("SELECT n FROM t WHERE id = ?", number)
        yield change_many("INSERT INTO t (id, n) VALUES (?, ?)", [(1, 1), (2, 2)])

    with watch_statements() as seen:
        perform(plan())
        with transaction():
            run_one(change("UPDATE t SET n = 0"))
    assert seen.count == 5
    assert seen.seconds > 0
    assert seen.repeated(2) == [("SELECT n FROM t WHERE id = ?", 3)]
    run_one(read("SELECT 1"))
    assert seen.count == 5


def test_tasks_and_threads_of_a_block_count_in_it(open_database: Callable[..., None]) -> None:
    """What a block starts belongs to it; two blocks at the same time do not mix."""
    open_database()

    async def ask(times: int) -> int:
        with watch_statements() as seen:
            await asyncio.gather(*(asyncio.to_thread(run_one, read("SELECT 1")) for _ in range(times)))
            return seen.count

    async def main() -> list[int]:
        return await asyncio.gather(ask(2), ask(5))

    assert asyncio.run(main()) == [2, 5]


def test_hook_hears_of_each_statement(open_database: Callable[..., None]) -> None:
    """The hook gets alias, text, time and error, and never a value."""
    open_database()
    heard: list[dict[str, Any]] = []

    @statement_finished.connect
    def hear(sender: object, **arguments: Any) -> None:
        heard.append(arguments)

    try:
        run_one(read("SELECT n FROM t WHERE s = ?", "a-value"))
        with pytest.raises(QueryError):
            run_one(read("SELEC"))
    finally:
        statement_finished.disconnect(hear)
    assert [one["text"] for one in heard] == ["SELECT n FROM t WHERE s = ?", "SELEC"]
    assert heard[0]["database"] == "default"
    assert heard[0]["error"] is None
    assert isinstance(heard[1]["error"], QueryError)
    assert "a-value" not in str(heard)


def test_log_has_the_text_and_no_values(
    open_database: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    """With `log_queries` each statement is a line with its time and outcome; otherwise none is."""
    caplog.set_level(logging.INFO, "asok.database")
    open_database(log_queries=True)
    run_one(read("SELECT n FROM t WHERE s = ?", "a-value"))
    assert "0 rows: SELECT n FROM t WHERE s = ?" in caplog.messages[-1]
    assert "a-value" not in caplog.text
    with pytest.raises(QueryError):
        run_one(read("SELEC"))
    assert "QueryError: SELEC" in caplog.messages[-1]
    caplog.clear()
    open_database()
    run_one(read("SELECT 1"))
    assert not caplog.messages


def test_slow_statement_is_logged_as_a_warning(
    open_database: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    """What takes longer than `slow_query` is named, whatever else is logged."""
    open_database(slow_query=0.000001)
    caplog.clear()
    run_one(read("SELECT 1"))
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "Slow statement on default" in caplog.messages[0]


NUMBERS = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < ?) SELECT n FROM c"


def test_reading_many_rows_without_a_limit_is_told_once(
    open_database: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    """In development, with the line; a limit, few rows, and whoever is not in development hear nothing."""
    open_database()
    for advice in (False, True):
        with watch_statements() as seen:
            seen.gives_advice = advice
            for text, rows in (
                (NUMBERS, MANY_ROWS),
                (f"{NUMBERS} LIMIT 1001", 5000),
                (NUMBERS, MANY_ROWS + 1),
            ):
                for _ in range(2):
                    assert len(run_one(read(text, rows))) <= MANY_ROWS + 1
    (told,) = [each.getMessage() for each in caplog.records if "rows at once" in each.getMessage()]
    assert f"{__file__} line " in told
    assert "read 1001 rows" in told
    assert "paginate" in told
