"""The bookkeeping of a pool, without any server; what pools promise on servers is in the contracts."""

from __future__ import annotations

import asyncio
import os
import threading
from typing import Any

import pytest

from asok_engine.database.drivers.contract import Link
from asok_engine.database.pool import LoopPool, PlainPool
from asok_engine.database.urls import DatabaseOptions, parse_url
from asok_engine.errors import DatabaseUnavailable

OPTIONS = parse_url("postgresql://h/db?max_size=2&timeout=0.2")


class Connection(Link):
    """Stands for a connection: it can die, and it knows whether it was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.lives = True
        self.closed = False

    def is_alive(self) -> bool:
        """Tell whether it stands."""
        return self.lives

    def close(self) -> None:
        """Close it."""
        self.closed = True


def make_pool(options: DatabaseOptions = OPTIONS, connect: Any = Connection) -> PlainPool:
    """Make a pool of such connections."""
    return PlainPool(options, connect)


def test_dead_connection_is_replaced_before_anyone_sees_it() -> None:
    """A connection whose server has hung up is closed, and the next one or a fresh one is given."""
    pool = make_pool()
    first: Any = pool.take()
    pool.give(first)
    first.lives = False
    second = pool.take()
    assert second is not first
    assert first.closed
    assert pool.size == 1


def test_broken_connection_does_not_come_back() -> None:
    """What broke in use is closed, and its place is free."""
    pool = make_pool()
    connection: Any = pool.take()
    connection.is_broken = True
    pool.give(connection)
    assert (connection.closed, pool.size, pool.idle) == (True, 0, 0)


def test_old_connection_is_replaced() -> None:
    """Age counts from the opening, idleness from the last use."""
    pool = make_pool(OPTIONS.changed(max_lifetime=100.0, max_inactive_connection_lifetime=50.0))
    for attribute in ("opened_at", "used_at"):
        connection: Any = pool.take()
        pool.give(connection)
        setattr(connection, attribute, connection.opened_at - 1000)
        assert pool.take_now() is None
        assert connection.closed


def test_sweep_drops_idle_connections_down_to_the_smallest_size() -> None:
    """The oldest go first, and `min_size` stay."""
    pool = make_pool(OPTIONS.changed(min_size=1))
    connections: list[Any] = [pool.take(), pool.take()]
    for connection in connections:
        pool.give(connection)
    pool.sweep(connections[0].used_at + 1000)
    assert [connection.closed for connection in connections] == [True, False]
    assert pool.size == 1


def test_place_of_a_failed_connection_goes_to_the_next_in_the_queue() -> None:
    """Who waits when a connection cannot be opened is not left to wait for ever."""
    failing = threading.Event()

    def connect() -> Connection:
        if failing.is_set():
            raise DatabaseUnavailable("made up")
        return Connection()

    pool = make_pool(OPTIONS.changed(max_size=1, timeout=5.0), connect)
    held: Any = pool.take()
    errors: list[Exception] = []

    def wait() -> None:
        try:
            pool.take()
        except DatabaseUnavailable as error:
            errors.append(error)

    threads = [threading.Thread(target=wait) for _ in range(3)]
    for thread in threads:
        thread.start()
    while pool.waiting < 3:
        pass
    failing.set()
    held.is_broken = True
    pool.give(held)
    for thread in threads:
        thread.join(5)
    assert len(errors) == 3
    assert pool.size == 0


def test_closed_pool_closes_what_comes_back() -> None:
    """Idle connections go at once, those in use when they are given back."""
    pool = make_pool()
    busy: Any = pool.take()
    idle: Any = pool.take()
    pool.give(idle)
    pool.close()
    assert (idle.closed, busy.closed) == (True, False)
    pool.give(busy)
    assert busy.closed
    assert pool.size == 0


def test_forked_process_does_not_close_what_its_parent_opened() -> None:
    """The child has an empty pool; the parent's connections are neither used nor closed in it."""
    pool = make_pool()
    connection: Any = pool.take()
    pool.give(connection)
    child = os.fork()
    if child == 0:
        os._exit(0 if (pool.size, pool.idle, connection.closed) == (0, 0, False) else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert pool.idle == 1


async def test_loop_pool_gives_back_the_place_of_a_cancelled_opening() -> None:
    """A task that is cancelled while its connection is opened leaves its place to others."""
    started = asyncio.Event()

    async def connect() -> Any:
        started.set()
        await asyncio.sleep(60)

    pool = LoopPool(OPTIONS, connect)
    task = asyncio.ensure_future(pool.take())
    await started.wait()
    assert pool.size == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert pool.size == 0
    await pool.close()


def test_one_connection_to_a_file_needs_no_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second one has somebody look whether it is still needed."""
    watched: list[Any] = []
    monkeypatch.setattr("asok_engine.database.pool.watch", watched.append)
    pool = make_pool(parse_url("sqlite:///file.db?max_size=2"))
    pool.give(pool.take())
    assert not watched
    first, second = pool.take(), pool.take()
    assert watched == [pool]
    pool.give(first)
    pool.give(second)
    assert make_pool(OPTIONS) in watched
    assert make_pool(OPTIONS.changed(max_inactive_connection_lifetime=0.0)) not in watched
