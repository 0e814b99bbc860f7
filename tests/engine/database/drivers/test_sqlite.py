"""SQLite connections: how they are set up, and how they wait for each other."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from pathlib import Path

import pytest

from asok_engine.database.databases import databases
from asok_engine.database.drivers.sqlite import SqliteConnection, SqliteFile
from asok_engine.database.running import run, run_one, run_one_async
from asok_engine.database.transactions import transaction
from asok_engine.database.urls import parse_url
from asok_engine.errors import DatabaseError, LockUnavailable, TransactionFailed, UniqueError, UsageError
from tests.plans import change, create, read


def pragma(connection: SqliteConnection, name: str) -> object:
    """Read a pragma of a connection."""
    return connection.run(f"PRAGMA {name}", (), "rows")[0][0]


def test_connection_is_set_up_for_a_server(tmp_path: Path) -> None:
    """WAL, foreign keys, memory mapping; a durable one waits for the disk at each commit."""
    connection = SqliteConnection(SqliteFile(parse_url(f"sqlite:///{tmp_path}/a")))
    assert pragma(connection, "journal_mode") == "wal"
    assert pragma(connection, "foreign_keys") == 1
    assert pragma(connection, "synchronous") == 1
    assert int(str(pragma(connection, "mmap_size"))) > 0
    connection.close()
    durable = SqliteConnection(SqliteFile(parse_url(f"sqlite:///{tmp_path}/a?durable=1")))
    assert pragma(durable, "synchronous") == 2
    durable.close()


def test_reader_refuses_changes(tmp_path: Path) -> None:
    """A connection for reads on the loop cannot change anything by mistake."""
    file = SqliteFile(parse_url(f"sqlite:///{tmp_path}/a"))
    writer = SqliteConnection(file)
    writer.run("CREATE TABLE t (id integer)", (), "count")
    writer.close()
    reader = SqliteConnection(file, is_reader=True)
    with pytest.raises(DatabaseError, match="readonly"):
        reader.run("INSERT INTO t VALUES (1)", (), "count")
    reader.close()


def test_regular_expressions_are_there(tmp_path: Path) -> None:
    """SQLite has the word REGEXP and no function for it; this one is Python's."""
    connection = SqliteConnection(SqliteFile(parse_url(f"sqlite:///{tmp_path}/a")))
    rows = connection.run("SELECT 'abc' REGEXP '^a.c$', 'abc' REGEXP 'x', NULL REGEXP 'x'", (), "rows")
    assert rows == [(1, 0, None)]
    connection.close()


def test_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    """Some other file is refused when it is opened, and stays as it was."""
    (tmp_path / "a").write_bytes(b"something else entirely, and long enough" * 100)
    with pytest.raises(DatabaseError):
        SqliteConnection(SqliteFile(parse_url(f"sqlite:///{tmp_path}/a")))
    assert (tmp_path / "a").read_bytes().startswith(b"something")


def test_writer_waits_for_another_process_and_then_gives_up(tmp_path: Path) -> None:
    """A file that someone else holds is waited for, as long as `busy_timeout` says."""
    url = f"sqlite:///{tmp_path}/a"
    databases.configure({"default": parse_url(f"{url}?busy_timeout=0.4")})
    run(create())
    other = sqlite3.connect(tmp_path / "a", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    try:
        begun = time.monotonic()
        with pytest.raises(LockUnavailable):
            run_one(change("INSERT INTO t (id, n) VALUES (1, 1)"))
        assert 0.3 < time.monotonic() - begun < 3
        threading.Timer(0.2, other.execute, ("COMMIT",)).start()
        assert run_one(change("INSERT INTO t (id, n) VALUES (1, 1)")) == 1
    finally:
        other.close()
        databases.close()


@pytest.mark.parametrize("place", ["file", "memory"])
def test_plain_code_on_the_loop_does_not_wait_for_its_own_loop(sqlite_url: str, place: str) -> None:
    """Waiting for a task that cannot go on meanwhile is refused at once, with what to write instead."""
    databases.configure({"default": parse_url(sqlite_url if place == "file" else "sqlite://")})
    run(create())

    async def main() -> None:
        inside, done = asyncio.Event(), asyncio.Event()

        async def hold() -> None:
            async with transaction():
                inside.set()
                await done.wait()

        task = asyncio.ensure_future(hold())
        await inside.wait()
        begun = time.monotonic()
        with pytest.raises(UsageError, match="async form"):
            run_one(change("INSERT INTO t (id, n) VALUES (1, 1)"))
        assert time.monotonic() - begun < 1
        if place == "file":
            assert run_one(read("SELECT count(*) FROM t")) == [(0,)]
        done.set()
        await task
        await run_one_async(change("INSERT INTO t (id, n) VALUES (2, 1)"))

    asyncio.run(main())
    databases.close()


def test_transaction_that_sqlite_gave_up_is_not_committed(tmp_path: Path) -> None:
    """When the disk is full SQLite undoes the transaction; going on in the block says so and keeps nothing."""
    databases.configure({"default": parse_url(f"sqlite:///{tmp_path}/a")})
    run(create("id integer primary key, b blob"))
    with databases["default"].plain.lend() as connection:
        connection.run("PRAGMA max_page_count = 40", (), "rows")
    with pytest.raises(DatabaseError), transaction():
        run_one(change("INSERT INTO t (id, b) VALUES (1, ?)", b"x" * 1000))
        with pytest.raises(DatabaseError, match="full"):
            run_one(change("INSERT INTO t (id, b) VALUES (2, ?)", b"x" * 1_000_000))
    databases.close()
    databases.configure({"default": parse_url(f"sqlite:///{tmp_path}/a")})
    assert run_one(change("INSERT INTO t (id, b) VALUES (3, ?)", b"x")) == 1
    assert [row[0] for row in run_one(read("SELECT id FROM t"))] in ([3], [1, 3])
    databases.close()


def test_nothing_of_a_block_runs_after_sqlite_has_undone_it(sqlite_url: str) -> None:
    """Where an error undoes the whole transaction, what follows in the block is refused, not kept on its own."""
    databases.configure({"default": parse_url(sqlite_url)})
    run(create())
    with pytest.raises(TransactionFailed), transaction():
        run_one(change("INSERT INTO t (id, n) VALUES (1, 0)"))
        with pytest.raises(UniqueError):
            run_one(change("INSERT OR ROLLBACK INTO t (id, n) VALUES (1, 0)"))
        with pytest.raises(TransactionFailed):
            run_one(change("INSERT INTO t (id, n) VALUES (2, 0)"))

    async def main() -> None:
        async with transaction():
            await run_one_async(change("INSERT INTO t (id, n) VALUES (1, 0)"))
            with pytest.raises(UniqueError):
                await run_one_async(change("INSERT OR ROLLBACK INTO t (id, n) VALUES (1, 0)"))
            await run_one_async(change("INSERT INTO t (id, n) VALUES (2, 0)"))

    with pytest.raises(TransactionFailed):
        asyncio.run(main())
    assert run_one(read("SELECT id FROM t")) == []
    databases.close()
