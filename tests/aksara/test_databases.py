"""DATABASE_URL, DATABASE_POOL and LOG_QUERIES of aksara, watched on a real server."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

import pytest

from aksara.conf import configure, reset_settings
from aksara.databases import close_databases, database_options, open_databases
from asok_engine.database.databases import databases
from asok_engine.database.running import run_one_async
from asok_engine.errors import PoolExhausted
from tests.plans import read

Result = TypeVar("Result")


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    reset_settings()
    yield
    databases.close()
    reset_settings()


def with_databases(use: Callable[[Any], Awaitable[Result]]) -> Result:
    """Open the databases of the settings, let `use` have the pool of the default one, close them."""

    async def main() -> Result:
        opened = await open_databases()
        try:
            return await use(opened[0].on_loop.pool)  # type: ignore[attr-defined]
        finally:
            await close_databases(opened)

    return asyncio.run(main())


@pytest.mark.setting("aksara.DATABASE_URL")
def test_url_names_the_database(postgres_url: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows come from the database that is named; a relative file is below the project."""
    configure(database_url=postgres_url)

    async def name(pool: Any) -> Any:
        return (await run_one_async(read("SELECT current_database()")))[0][0]

    assert with_databases(name) == postgres_url.rpartition("/")[2]
    (tmp_path / "manage.py").write_text("")
    (tmp_path / "pyproject.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    reset_settings()
    configure(database_url="sqlite:///mine.sqlite3")
    assert database_options()["default"].name == str(tmp_path / "mine.sqlite3")


@pytest.mark.setting("aksara.DATABASE_POOL")
@pytest.mark.setting("aksara.DATABASE_POOL.min_size")
def test_so_many_connections_are_opened_at_the_start(postgres_url: str) -> None:
    """Five unless something else is said; an address may say it as well, and is heard first."""

    async def size(pool: Any) -> Any:
        return pool.size, pool.idle

    configure(database_url=postgres_url)
    assert with_databases(size) == (5, 5)
    configure(database_pool={"min_size": 2})
    assert with_databases(size) == (2, 2)
    configure(database_url=f"{postgres_url}?min_size=1")
    assert with_databases(size) == (1, 1)


@pytest.mark.setting("aksara.DATABASE_POOL.max_size")
def test_never_more_connections_than_allowed(postgres_url: str) -> None:
    """Fifty statements at once share three connections."""
    configure(database_url=f"{postgres_url}?timeout=0.2", database_pool={"min_size": 0, "max_size": 3})

    async def largest(pool: Any) -> int:
        await asyncio.gather(*(run_one_async(read("SELECT 1")) for _ in range(50)))
        held = [await pool.take() for _ in range(3)]
        with pytest.raises(PoolExhausted, match="All 3"):
            await run_one_async(read("SELECT 1"))
        for connection in held:
            pool.give(connection)
        return int(pool.size)

    assert with_databases(largest) == 3


@pytest.mark.setting("aksara.DATABASE_POOL.max_queries")
def test_connection_is_replaced_after_its_statements(postgres_url: str) -> None:
    """After `max_queries` statements another server process answers."""
    configure(database_url=postgres_url, database_pool={"min_size": 0, "max_queries": 2})

    async def processes(pool: Any) -> int:
        rows = [await run_one_async(read("SELECT pg_backend_pid()")) for _ in range(8)]
        return len({row[0][0] for row in rows})

    assert with_databases(processes) >= 4


@pytest.mark.setting("aksara.DATABASE_POOL.max_inactive_connection_lifetime")
def test_idle_connection_is_closed_after_its_time(postgres_url: str) -> None:
    """What nobody uses goes, down to `min_size`."""
    pool = {"min_size": 1, "max_inactive_connection_lifetime": 0.1}
    configure(database_url=postgres_url, database_pool=pool)

    async def shrinks(pool: Any) -> int:
        held = [await pool.take() for _ in range(4)]
        for connection in held:
            pool.give(connection)
        assert pool.size == 4
        for _ in range(100):
            if pool.size == 1:
                break
            await asyncio.sleep(0.02)
        return int(pool.size)

    assert with_databases(shrinks) == 1


@pytest.mark.setting("aksara.LOG_QUERIES")
@pytest.mark.parametrize("is_on", [True, False])
def test_statements_are_logged_when_asked_for(
    postgres_url: str, is_on: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Each statement is a line with its text, its time, and none of its values."""
    caplog.set_level(logging.INFO, "asok.database")
    configure(database_url=postgres_url, log_queries=is_on)

    async def ask(pool: Any) -> None:
        await run_one_async(read("SELECT 0 + ?", 4242))

    with_databases(ask)
    assert ("SELECT 0 + $1" in caplog.text) is is_on
    assert "4242" not in caplog.text
