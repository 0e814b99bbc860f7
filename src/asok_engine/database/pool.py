"""Pools of connections: one design for every driver, for threads and for event loops.

Last in, first out, so that few connections stay warm and the rest can go. Who finds
none waits in a queue, in order and not without end. A connection that is broken, too
old, or has served for too long is replaced; idle ones are dropped as soon as their
server has hung up. Nothing here waits or connects: `PlainPool` and `LoopPool` do
that, over the same bookkeeping. A forked process begins with an empty pool and
never touches, nor closes, what its parent had opened.
"""

from __future__ import annotations

import asyncio
import math
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final, Generic, TypeVar

from asok_engine.database.drivers.contract import AsyncConnection, PlainConnection
from asok_engine.database.urls import DatabaseOptions
from asok_engine.database.waiters import TaskWaiter, ThreadWaiter, Waiter
from asok_engine.database.watchdog import watch
from asok_engine.errors import DatabaseUnavailable, PoolExhausted, UsageError

__all__ = ["LoopPool", "PlainPool", "Pool"]

#: After a connection could not be made, further attempts fail at once for so long.
_PAUSE_SECONDS: Final = 0.25

C = TypeVar("C", bound="PlainConnection | AsyncConnection")


class Pool(Generic[C]):
    """The bookkeeping of one pool; safe with threads, and it never waits."""

    def __init__(self, options: DatabaseOptions) -> None:
        self._options = options
        self._max_size = 1 if options.is_in_memory else options.max_size
        # Why nothing ends one in memory: its data is in the connection.
        self._max_queries = 2**62 if options.is_in_memory else options.max_queries or 2**62
        unused, age = options.max_inactive_connection_lifetime, options.max_lifetime
        self._longest_unused = math.inf if options.is_in_memory else unused or math.inf
        self._highest_age = math.inf if options.is_in_memory else age or math.inf
        self._forget()
        _pools.add(self)

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._stack: list[C] = []
        self._waiters: deque[Waiter[C]] = deque()
        self.size = 0
        self._down_until = 0.0
        self._down_reason = ""
        self._is_closed = False
        #: The event loop whose task holds the only connection of a database in memory, if one does.
        self.holder: asyncio.AbstractEventLoop | None = None

    @property
    def idle(self) -> int:
        """How many connections wait for work."""
        return len(self._stack)

    @property
    def waiting(self) -> int:
        """How many callers wait for a connection."""
        return len(self._waiters)

    def take_now(self) -> C | None:
        """Give a connection that is free and alive, or None."""
        if self._waiters:
            # Whoever came first is served first.
            return None
        while True:
            try:
                connection = self._stack.pop()
            except IndexError:
                return None
            now = time.monotonic()
            if connection.is_alive() and not self._is_stale(connection, now):
                connection.used_at = now
                return connection
            self._drop(connection)

    def give(self, connection: C) -> None:
        """Take a connection back, or replace it when it has had its time."""
        if connection.is_broken or self._is_closed or connection.statements >= self._max_queries:
            self._drop(connection)
            return
        if self._waiters:
            with self._lock:
                while self._waiters:
                    if self._waiters.popleft().give(connection):
                        return
        self._stack.append(connection)
        if self._waiters:
            self._serve()

    def _serve(self) -> None:
        # Someone began to wait between the look at the queue and the return to the stack.
        with self._lock:
            while self._waiters and self._stack:
                connection = self._stack.pop()
                if not self._waiters.popleft().give(connection):
                    self._stack.append(connection)

    def _is_stale(self, connection: C, now: float) -> bool:
        return (
            now - connection.used_at > self._longest_unused or now - connection.opened_at > self._highest_age
        )

    def _enqueue(self, waiter: Waiter[C]) -> bool:
        """Let a waiter stand in the queue; False: it is not needed, the caller may open a connection."""
        with self._lock:
            if self.size < self._max_size and not self._stack:
                self.size += 1
                return False
            self._waiters.append(waiter)
        if self._stack:
            self._serve()
        return True

    def _leave_queue(self, waiter: Waiter[C]) -> bool:
        """Take a waiter out of the queue; False when it has been served meanwhile."""
        with self._lock:
            try:
                self._waiters.remove(waiter)
            except ValueError:
                return False
            return True

    def _slot_is_free(self) -> None:
        """Let the next one in the queue open a connection in the place of one that is gone."""
        with self._lock:
            while self._waiters:
                if self._waiters.popleft().give(None):
                    return
            self.size -= 1

    def _drop(self, connection: C) -> None:
        self._discard(connection)
        self._slot_is_free()

    def _discard(self, connection: C) -> None:
        raise AssertionError(f"{type(self).__name__} does not say how a connection ends")

    def _check_down(self) -> None:
        if self._down_until and time.monotonic() < self._down_until:
            raise DatabaseUnavailable(self._down_reason)

    def _failed(self, error: DatabaseUnavailable) -> None:
        self._down_reason = str(error)
        self._down_until = time.monotonic() + _PAUSE_SECONDS
        self._slot_is_free()

    def _exhausted(self) -> PoolExhausted:
        options = self._options
        return PoolExhausted(
            f"All {self._max_size} connections to {options.address} were in use for {options.timeout:g} s.",
            fix="Do not hold a transaction open while something else is waited for, or raise max_size.",
        )

    def sweep(self, now: float) -> None:
        """Drop idle connections that have had their time, the oldest first, down to `min_size`."""
        while self._stack and self.size > self._options.min_size:
            with self._lock:
                if not self._stack or not self._is_stale(self._stack[0], now):
                    return
                connection = self._stack.pop(0)
            self._drop(connection)

    def _empty(self) -> list[C]:
        with self._lock:
            self._is_closed = True
            connections, self._stack = self._stack, []
            self.size -= len(connections)
        return connections


class PlainPool(Pool[PlainConnection]):
    """Connections for plain code; tasks may share the one of a database in memory."""

    def __init__(self, options: DatabaseOptions, connect: Callable[[], PlainConnection]) -> None:
        super().__init__(options)
        self._connect = connect
        self._is_watched = not options.max_inactive_connection_lifetime or options.is_in_memory
        if not options.is_file:
            self._watch()

    def _watch(self) -> None:
        if not self._is_watched:
            self._is_watched = True
            watch(self)

    def take(self) -> PlainConnection:
        """Give a connection, waiting for a free one if there must be.

        Raises:
            PoolExhausted: none came free in time.
            DatabaseUnavailable: the database cannot be reached.
        """
        connection = self.take_now()
        if connection is not None:
            return connection
        self._check_down()
        if self.holder is not None and asyncio._get_running_loop() is self.holder:
            raise UsageError(
                "Plain code on an event loop was about to wait for the database in memory, in which a task "
                "of the same loop has a transaction open.",
                fix="Use the async form of this call, or a database in a file.",
            )
        waiter: ThreadWaiter[PlainConnection] = ThreadWaiter()
        if self._enqueue(waiter):
            if not waiter.wait(self._options.timeout, self._leave_queue):
                raise self._exhausted()
            if waiter.given is not None:
                return waiter.given
        return self._open()

    async def take_async(self) -> PlainConnection:
        """Give a connection without holding up the event loop."""
        connection = self.take_now()
        if connection is not None:
            return connection
        waiter: TaskWaiter[PlainConnection] = TaskWaiter(self._return)
        if self._enqueue(waiter):
            if not await waiter.wait(self._options.timeout, self._leave_queue):
                raise self._exhausted()
            if waiter.given is not None:
                return waiter.given
        return self._open()

    def _return(self, connection: PlainConnection | None) -> None:
        self._slot_is_free() if connection is None else self.give(connection)

    def _open(self) -> PlainConnection:
        try:
            self._check_down()
            connection = self._connect()
        except DatabaseUnavailable as error:
            self._failed(error)
            raise
        except BaseException:
            self._slot_is_free()
            raise
        self._down_until = 0.0
        if self.size > 1:
            # Why not for the first one of a file: the clock is a thread, and SQLite is quicker without any.
            self._watch()
        return connection

    def fill(self) -> None:
        """Open `min_size` connections."""
        opened: list[PlainConnection] = []
        try:
            while self.size < self._options.min_size:
                with self._lock:
                    self.size += 1
                opened.append(self._open())
        finally:
            for connection in opened:
                self.give(connection)

    def _discard(self, connection: PlainConnection) -> None:
        connection.close()

    def tick(self, now: float) -> float:
        """Drop idle connections that have had their time."""
        self.sweep(now)
        return self._options.max_inactive_connection_lifetime / 4

    def close(self) -> None:
        """Close what is idle now, and what is in use when it comes back."""
        for connection in self._empty():
            connection.close()


class LoopPool(Pool[AsyncConnection]):
    """Connections for the tasks of one event loop."""

    def __init__(self, options: DatabaseOptions, connect: Callable[[], Awaitable[AsyncConnection]]) -> None:
        super().__init__(options)
        self._connect = connect
        self._loop = asyncio.get_running_loop()
        self._closing: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._tick()

    async def take(self) -> AsyncConnection:
        """Give a connection, waiting for a free one if there must be.

        Raises:
            PoolExhausted: none came free in time.
            DatabaseUnavailable: the database cannot be reached.
        """
        connection = self.take_now()
        if connection is not None:
            return connection
        self._check_down()
        waiter: TaskWaiter[AsyncConnection] = TaskWaiter(self._return)
        if self._enqueue(waiter):
            if not await waiter.wait(self._options.timeout, self._leave_queue):
                raise self._exhausted()
            if waiter.given is not None:
                return waiter.given
        return await self._open()

    def _return(self, connection: AsyncConnection | None) -> None:
        self._slot_is_free() if connection is None else self.give(connection)

    async def _open(self) -> AsyncConnection:
        try:
            self._check_down()
            connection = await self._connect()
        except DatabaseUnavailable as error:
            self._failed(error)
            raise
        except BaseException:
            self._slot_is_free()
            raise
        self._down_until = 0.0
        return connection

    async def fill(self) -> None:
        """Open `min_size` connections."""
        opened: list[AsyncConnection] = []
        try:
            while self.size < self._options.min_size:
                self.size += 1
                opened.append(await self._open())
        finally:
            for connection in opened:
                self.give(connection)

    def _discard(self, connection: AsyncConnection) -> None:
        task = self._loop.create_task(connection.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _tick(self) -> None:
        seconds = self._options.max_inactive_connection_lifetime
        if seconds and not self._is_closed:
            self.sweep(time.monotonic())
            # Why weak: a pool that nobody holds any more is not kept alive by its timer.
            self._timer = self._loop.call_later(seconds / 4, _tick_of, weakref.ref(self))

    async def close(self) -> None:
        """Close what is idle now, and what is in use when it comes back."""
        if self._timer is not None:
            self._timer.cancel()
        closings = [connection.close() for connection in self._empty()]
        await asyncio.gather(*closings, *self._closing, return_exceptions=True)

    def terminate(self) -> None:
        """Drop everything at once, for a loop that runs no more."""
        if self._timer is not None:
            self._timer.cancel()
        for connection in self._empty():
            connection.terminate()


def _tick_of(pool: weakref.ref[LoopPool]) -> None:
    found = pool()
    if found is not None:
        found._tick()


_pools: weakref.WeakSet[Pool[Any]] = weakref.WeakSet()
#: What a parent process had open: kept, because closing it here would speak on the parent's sockets.
_inherited: list[Any] = []


def _forget_all() -> None:
    for pool in list(_pools):
        _inherited.append((pool._stack, pool.__dict__.get("_closing")))
        pool._forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
