"""The registry: aliases, what happens when nothing is configured, copies, forks and loops."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from asok_engine.database.databases import Databases, databases, forget_own_writes
from asok_engine.database.running import run, run_one, run_one_async
from asok_engine.database.urls import parse_url
from asok_engine.errors import DatabaseUnavailable, SetupError, UsageError
from asok_engine.sql.statements import Statement
from tests.plans import change, create, read, sql


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    yield
    databases.close()
    databases.router = None


def test_unknown_alias_names_the_known_ones() -> None:
    """A misspelt alias is the program's fault and lists what there is."""
    databases.configure({"default": parse_url("sqlite://"), "archive": parse_url("sqlite://")})
    with pytest.raises(UsageError, match="archive, default"):
        run_one(sql("SELECT 1", database="archiv"))
    assert "archive" in databases
    assert "archiv" not in databases


def test_nothing_configured_says_what_to_set() -> None:
    """Without any database the error names DATABASE_URL."""
    with pytest.raises(SetupError, match="DATABASE_URL"):
        Databases()["default"]


@pytest.mark.parametrize(
    ("before", "after"), [(700, 5_000), (2_000, 5_000), (0, 0), (900, 900), (50_000, 50_000)]
)
def test_garbage_collector_gets_room_for_records_unless_somebody_chose_a_number(
    before: int, after: int
) -> None:
    """A list of some hundred records is no reason to look for garbage; what is off stays off."""
    thresholds = gc.get_threshold()
    own = Databases()
    try:
        gc.set_threshold(before, 11, 12)
        own.configure({})
        assert gc.get_threshold()[0] == before
        own.configure({"default": parse_url("sqlite:///:memory:")})
        assert gc.get_threshold()[:2] == (after, 11)
    finally:
        gc.set_threshold(*thresholds)
        own.configure({})


def test_last_resort_is_asked_once_and_only_then() -> None:
    """A script that uses models without an application gets what the face left for it."""
    asked: list[int] = []
    registry = Databases()

    def find() -> dict[str, object]:
        asked.append(1)
        return {"default": parse_url("sqlite://")}

    registry.add_last_resort(dict)
    registry.add_last_resort(find)  # type: ignore[arg-type]
    assert registry["default"] is registry["default"]
    assert asked == [1]
    registry.close()


def test_database_that_stays_the_same_keeps_its_connections(tmp_path: Path) -> None:
    """Configuring again closes only what has changed."""
    options = parse_url(f"sqlite:///{tmp_path}/a")
    databases.configure({"default": options, "other": parse_url(f"sqlite:///{tmp_path}/b")})
    before, other = databases["default"], databases["other"]
    databases.configure({"default": options, "other": parse_url(f"sqlite:///{tmp_path}/c")})
    assert databases["default"] is before
    assert databases["other"] is not other


def test_router_chooses_the_database(tmp_path: Path) -> None:
    """A router sees each statement and may send it elsewhere."""
    databases.configure(
        {"default": parse_url(f"sqlite:///{tmp_path}/a"), "archive": parse_url(f"sqlite:///{tmp_path}/b")},
        router=lambda statement: None if statement.writes else "archive",
    )
    run_one(change("CREATE TABLE t (id integer)"))
    assert (tmp_path / "a").exists()
    run_one(read("SELECT 1"))
    assert (tmp_path / "b").exists()


def test_router_outlives_the_start_of_an_application() -> None:
    """Configuring the databases again leaves the router that code has set."""

    def router(statement: Statement) -> str:
        return "default"

    databases.router = router
    databases.configure({"default": parse_url("sqlite://")})
    assert databases.router is router


def test_reads_go_to_copies_until_this_context_has_written(tmp_path: Path) -> None:
    """Copies serve reads; after a change of its own, and inside a transaction, code reads the original."""
    for name in ("a", "b"):
        databases.configure({"default": parse_url(f"sqlite:///{tmp_path}/{name}")})
        run(create())
        run_one(change("INSERT INTO t (id, n) VALUES (1, ?)", ord(name)))
    options = parse_url(f"sqlite:///{tmp_path}/a", replicas=(f"sqlite:///{tmp_path}/b",))
    databases.configure({"default": options})

    def where() -> str:
        return chr(run_one(read("SELECT n FROM t"))[0][0])

    async def where_async() -> str:
        return chr((await run_one_async(read("SELECT n FROM t")))[0][0])

    forget_own_writes()
    assert where() == "b"
    assert asyncio.run(where_async()) == "b"
    run_one(change("INSERT INTO t (id, n) VALUES (2, 0)"))
    assert where() == "a"
    forget_own_writes()
    assert where() == "b"


def test_copy_that_is_down_is_no_outage(tmp_path: Path) -> None:
    """The original answers in the place of a copy that cannot be reached."""
    options = parse_url(f"sqlite:///{tmp_path}/a", replicas=("sqlite:////nowhere/at/all",))
    databases.configure({"default": options})
    forget_own_writes()
    assert run_one(read("SELECT 1")) == [(1,)]


def test_missing_folder_is_named() -> None:
    """A file in a folder that does not exist is an outage that names the file."""
    databases.configure({"default": parse_url("sqlite:////nowhere/at/all")})
    with pytest.raises(DatabaseUnavailable, match="/nowhere/at/all"):
        run_one(read("SELECT 1"))


def test_forked_process_begins_with_nothing(database_url: str) -> None:
    """A child opens its own connections, and ending it leaves the parent's alive."""
    databases.configure({"default": parse_url(database_url)})
    run(create())
    parent = databases["default"].plain
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            fresh = databases["default"].plain is not parent and parent.pool.size == 0
            run_one(change("INSERT INTO t (id, n) VALUES (1, 1)"))
            code = 0 if fresh else 2
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    os.close(reader)
    os.close(writer)
    assert run_one(read("SELECT count(*) FROM t"))[0][0] == 1
    assert databases["default"].plain is parent


def test_transaction_of_the_parent_is_over_for_the_child(sqlite_url: str) -> None:
    """A process that is forked inside a block stands outside of it."""
    from asok_engine.database.levels import in_transaction
    from asok_engine.database.transactions import transaction

    databases.configure({"default": parse_url(sqlite_url)})
    run(create())
    with transaction():
        child = os.fork()
        if child == 0:
            os._exit(1 if in_transaction() else 0)
        assert os.waitpid(child, 0)[1] == 0
        assert in_transaction()


def test_loop_that_ends_closes_its_connections(database_url: str) -> None:
    """`asyncio.run` leaves nothing open, also where nobody called `close`: no warning, no connection."""
    databases.configure({"default": parse_url(database_url)})
    seen = []

    async def main() -> None:
        assert len(await run_one_async(read("SELECT 1"))) == 1
        seen.append(databases["default"].on_loop)

    for _ in range(3):
        asyncio.run(main())
        gc.collect()
    assert len({id(channel) for channel in seen}) == 3


def test_two_loops_share_no_connection(database_url: str) -> None:
    """Each event loop has its own channel."""
    databases.configure({"default": parse_url(database_url)})

    async def channel() -> object:
        return databases["default"].on_loop

    with asyncio.Runner() as one, asyncio.Runner() as two:
        assert one.run(channel()) is not two.run(channel())
        assert one.run(channel()) is one.run(channel())


async def test_check_tells_whether_the_database_answers(sqlite_url: str) -> None:
    """A health check passes on a database that answers and raises on one that does not."""
    databases.configure(
        {"default": parse_url(sqlite_url), "gone": parse_url("postgresql://u@127.0.0.1:1/db")}
    )
    await databases["default"].check()
    with pytest.raises(DatabaseUnavailable):
        await databases["gone"].check()
    await databases.close_async()


def test_memory_is_shared_by_threads_and_tasks() -> None:
    """One database in memory for plain code in any thread and for every event loop."""
    databases.configure({"default": parse_url("sqlite://")})
    run(create())

    async def main() -> None:
        await run_one_async(change("INSERT INTO t (id, n) VALUES (1, 1)"))
        await asyncio.to_thread(run_one, change("INSERT INTO t (id, n) VALUES (2, 1)"))

    asyncio.run(main())
    assert run_one(read("SELECT count(*) FROM t")) == [(2,)]
