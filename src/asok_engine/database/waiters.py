"""Places in a queue, for threads and for tasks: the same queue may hold both.

Whoever serves the queue calls `give` once, with what the other waits for; who waits
calls `wait`, with an end. Between the end of the waiting and the leaving of the queue
the gift may still arrive: then it counts.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

__all__ = ["TaskWaiter", "ThreadWaiter", "Waiter"]

T = TypeVar("T")
Given = TypeVar("Given", contravariant=True)


class Waiter(Protocol[Given]):
    """A place in a queue."""

    def give(self, gift: Given | None) -> bool:
        """Hand over what is waited for; False when nobody can wait any more."""
        ...


class ThreadWaiter(Generic[T]):
    """The place of a thread."""

    __slots__ = ("_gate", "given")

    def __init__(self) -> None:
        self._gate = threading.Lock()
        self._gate.acquire()
        self.given: T | None = None

    def give(self, gift: T | None) -> bool:
        """Hand over what is waited for."""
        self.given = gift
        self._gate.release()
        return True

    def wait(self, seconds: float, leave: Callable[[Any], bool]) -> bool:
        """Wait for the gift, `seconds` at most (0: without end); False when none came.

        `leave` takes this waiter out of its queue and tells whether it was still in it.
        """
        return self._gate.acquire(timeout=seconds or -1) or not leave(self)


class TaskWaiter(Generic[T]):
    """The place of a task; whoever serves it may be on another thread.

    `give_back` takes a gift that came when the task had been cancelled.
    """

    __slots__ = ("_future", "_give_back", "_loop", "given")

    def __init__(self, give_back: Callable[[T | None], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._future: asyncio.Future[None] = self._loop.create_future()
        self._give_back = give_back
        self.given: T | None = None

    def give(self, gift: T | None) -> bool:
        """Hand over what is waited for; False when its loop has closed."""
        try:
            self._loop.call_soon_threadsafe(self._deliver, gift)
        except RuntimeError:
            return False
        return True

    def _deliver(self, gift: T | None) -> None:
        if self._future.done():
            self._give_back(gift)
        else:
            self.given = gift
            self._future.set_result(None)

    async def wait(self, seconds: float, leave: Callable[[Any], bool]) -> bool:
        """Wait for the gift, `seconds` at most (0: without end); False when none came."""
        try:
            await asyncio.wait((self._future,), timeout=seconds or None)
            if not self._future.done():
                if leave(self):
                    return False
                await self._future
        except asyncio.CancelledError:
            if self._future.done() and not self._future.cancelled():
                self._give_back(self.given)
            elif not leave(self):
                # It is on its way; when it comes, nobody is there and it goes back.
                self._future.cancel()
            raise
        return True
