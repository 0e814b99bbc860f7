"""What pools promise: fair, bounded, healing, on each server, plain and async."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from asok_engine.database.databases import Database, databases
from asok_engine.database.running import run_one, run_one_async
from asok_engine.database.transactions import transaction
from asok_engine.database.urls import parse_url
from asok_engine.errors import DatabaseUnavailable, PoolExhausted
from tests.plans import change, create, perform_async, read

Open = Callable[..., Database]
SERVERS = pytest.mark.parametrize("database_url", ["postgres", "mariadb"], indirect=True)


@pytest.fixture
def open_database(database_url: str) -> Iterator[Open]:
    """Open the default database with options."""

    def opened(**options: Any) -> Database:
        databases.configure({"default": parse_url(database_url, **options)})
        return databases["default"]

    yield opened
    databases.close()


def test_hundred_pages_of_five_queries_share_five_connections(open_database: Open) -> None:
    """None is lost, none waits for ever, and never more than five connections are open."""
    database = open_database(max_size=5)
    perform_async(create())

    async def page(number: int) -> int:
        total = 0
        for step in range(5):
            rows = await run_one_async(read("SELECT 0 + ? + ?", number, step))
            total += int(rows[0][0])
        await run_one_async(change("INSERT INTO t (id, n) VALUES (?, ?)", number, total))
        return total

    async def main() -> list[int]:
        totals = await asyncio.gather(*(page(number) for number in range(100)))
        pool = getattr(database.on_loop, "pool", None)
        assert pool is None or (pool.size <= 5 and pool.idle == pool.size)
        await database.close_async()
        return totals

    assert asyncio.run(main()) == [number * 5 + 10 for number in range(100)]
    assert int(run_one(read("SELECT count(*) FROM t"))[0][0]) == 100


def test_two_hundred_clients_and_nested_blocks_do_not_lock_up(open_database: Open) -> None:
    """A block inside a block needs no second connection, so a full pool always goes on (hostile 123)."""
    database = open_database(max_size=5, timeout=60.0)
    perform_async(create())

    async def client(number: int) -> None:
        async with transaction():
            await run_one_async(change("INSERT INTO t (id, n) VALUES (?, 0)", number))
            async with transaction():
                await run_one_async(change("UPDATE t SET n = 1 WHERE id = ?", number))

    async def main() -> None:
        await asyncio.gather(*(client(number) for number in range(200)))
        await database.close_async()

    asyncio.run(main())
    assert int(run_one(read("SELECT sum(n) FROM t"))[0][0]) == 200


def test_threads_wait_in_order_and_not_for_ever(open_database: Open) -> None:
    """Who came first is served first; who gets nothing in time is told how many there are, with a 503."""
    database = open_database(max_size=1, timeout=0.3)
    pool = database.plain.pool
    order: list[int] = []
    held = pool.take()

    def wait(number: int) -> None:
        connection = pool.take()
        order.append(number)
        pool.give(connection)

    threads = [threading.Thread(target=wait, args=(number,)) for number in range(5)]
    for number, thread in enumerate(threads):
        thread.start()
        while pool.waiting < number + 1:
            time.sleep(0.001)
    pool.give(held)
    for thread in threads:
        thread.join()
    assert order == list(range(5))
    held = pool.take()
    begun = time.monotonic()
    with pytest.raises(PoolExhausted, match="All 1 connections") as caught:
        run_one(read("SELECT 1"))
    assert 0.2 < time.monotonic() - begun < 2
    assert caught.value.status == 503
    pool.give(held)
    assert len(run_one(read("SELECT 1"))) == 1


@SERVERS
def test_tasks_wait_in_order_and_not_for_ever(open_database: Open) -> None:
    """The same on an event loop, where a task that is cancelled leaves the queue."""
    database = open_database(max_size=1, timeout=0.3)

    async def main() -> None:
        pool: Any = database.on_loop.pool  # type: ignore[attr-defined]
        order: list[int] = []
        held = await pool.take()

        async def wait(number: int) -> None:
            connection = await pool.take()
            order.append(number)
            pool.give(connection)

        tasks = [asyncio.ensure_future(wait(number)) for number in range(5)]
        await asyncio.sleep(0.01)
        tasks[1].cancel()
        pool.give(held)
        await asyncio.gather(*tasks, return_exceptions=True)
        assert order == [0, 2, 3, 4]
        held = await pool.take()
        with pytest.raises(PoolExhausted):
            await run_one_async(read("SELECT 1"))
        pool.give(held)
        assert len(await run_one_async(read("SELECT 1"))) == 1
        assert (pool.size, pool.idle) == (1, 1)
        await database.close_async()

    asyncio.run(main())


@SERVERS
def test_connections_are_there_from_the_start(open_database: Open) -> None:
    """`min_size` connections are opened at once and survive their idleness."""
    database = open_database(min_size=3, max_inactive_connection_lifetime=0.05)
    database.open()
    pool = database.plain.pool
    assert (pool.size, pool.idle) == (3, 3)

    async def main() -> None:
        await database.open_async()
        assert database.on_loop.pool.idle == 3  # type: ignore[attr-defined]
        await database.close_async()

    asyncio.run(main())


@SERVERS
def test_connection_has_its_time(open_database: Open) -> None:
    """After `max_queries` statements a connection is replaced; an idle one goes after its lifetime."""
    database = open_database(max_queries=3, max_inactive_connection_lifetime=0.2)
    text = "SELECT pg_backend_pid()" if database.options.kind == "postgresql" else "SELECT connection_id()"
    numbers = [run_one(read(text))[0][0] for _ in range(12)]
    assert len(set(numbers)) >= 4
    assert len(set(numbers[:3])) <= 2
    pool = database.plain.pool
    deadline = time.monotonic() + 3
    while pool.size and time.monotonic() < deadline:
        time.sleep(0.02)
    assert pool.size == 0

    async def main() -> None:
        await run_one_async(read("SELECT 1"))
        pool = database.on_loop.pool  # type: ignore[attr-defined]
        deadline = time.monotonic() + 3
        while pool.size and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        assert pool.size == 0
        await database.close_async()

    asyncio.run(main())


@SERVERS
def test_last_connection_in_is_the_first_out(open_database: Open) -> None:
    """A few connections stay warm, and the others can go."""
    pool = open_database(max_size=3).plain.pool
    connections = [pool.take() for _ in range(3)]
    for connection in connections:
        pool.give(connection)
    again = pool.take()
    assert again is connections[2]
    pool.give(again)


@SERVERS
def test_server_that_is_away_fails_fast_and_comes_back(open_database: Open) -> None:
    """Without a server each request is refused quickly, one after the other too."""
    database = open_database()
    broken = database.options.changed(port=1)
    databases.configure({"default": broken})
    begun = time.monotonic()
    for _ in range(20):
        with pytest.raises(DatabaseUnavailable):
            run_one(read("SELECT 1"))
    assert time.monotonic() - begun < 2
    assert databases["default"].plain.pool.size == 0
