"""One computation at a time per key, for threads and for the tasks of an event loop.

Whoever comes second waits and then looks again; when the first one failed or was
cancelled, the next one tries. Knows nothing of caches: it gets the look-up and
the computation as callables. Threads and event loops do not wait for each other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from threading import Lock, RLock
from typing import Any
from weakref import WeakKeyDictionary

from asok_engine.backends.cache.values import MISSING
from asok_engine.errors import UsageError

__all__ = ["SingleFlight"]


class _ThreadTurn:
    __slots__ = ("lock", "users")

    def __init__(self) -> None:
        self.lock = RLock()
        self.users = 0


class _TaskTurn:
    __slots__ = ("lock", "owner", "users")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.owner: asyncio.Task[Any] | None = None
        self.users = 0


class SingleFlight:
    """Let one caller per key compute while the others wait for what it has kept."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._turns: dict[str, _ThreadTurn] = {}
        self._loops: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, _TaskTurn]] = WeakKeyDictionary()

    def run(self, key: str, look: Callable[[], Any], compute: Callable[[], Any]) -> Any:
        """Give what `look` finds, else what `compute` returns; `look` says MISSING for nothing."""
        with self._guard:
            turn = self._turns.get(key)
            if turn is None:
                turn = self._turns[key] = _ThreadTurn()
            turn.users += 1
        try:
            with turn.lock:
                found = look()
                return compute() if found is MISSING else found
        finally:
            with self._guard:
                turn.users -= 1
                if not turn.users:
                    del self._turns[key]

    async def run_async(
        self, key: str, look: Callable[[], Awaitable[Any]], compute: Callable[[], Awaitable[Any]]
    ) -> Any:
        """Do what `run` does for the tasks of the running event loop.

        Raises:
            UsageError: the computation of a key asks for the same key.
        """
        with self._guard:
            turns = self._loops.setdefault(asyncio.get_running_loop(), {})
        task = asyncio.current_task()
        turn = turns.get(key)
        if turn is None:
            turn = turns[key] = _TaskTurn()
        elif turn.owner is task:
            raise UsageError(f"The function that computes {key!r} asks the cache for {key!r} itself.")
        turn.users += 1
        try:
            async with turn.lock:
                turn.owner = task
                try:
                    found = await look()
                    return await compute() if found is MISSING else found
                finally:
                    turn.owner = None
        finally:
            turn.users -= 1
            if not turn.users:
                del turns[key]
