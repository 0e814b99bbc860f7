"""Whose turn it is on the connection of one transaction.

Statements of several tasks or threads that share a transaction run one after the
other, in the order in which they were asked for. While a block inside the
transaction is open, only statements of that block run; those of the block around
it wait until it has ended. Knows nothing of databases.
"""

from __future__ import annotations

import threading
from collections import deque

from asok_engine.database.waiters import TaskWaiter, ThreadWaiter
from asok_engine.errors import UsageError

__all__ = ["Turns"]

_Entry = tuple[object, "ThreadWaiter[None] | TaskWaiter[None]"]


class Turns:
    """One turn at a time, for the innermost level only; safe with threads and tasks.

    `seconds` bounds the waiting, 0 does not.
    """

    def __init__(self, level: object, seconds: float) -> None:
        self._lock = threading.Lock()
        self._seconds = seconds
        self._is_taken = False
        self._queue: deque[_Entry] = deque()
        #: The innermost level; change it only while it is your turn.
        self.top = level

    def take_now(self, level: object) -> bool:
        """Take the turn if it is free."""
        with self._lock:
            if self._is_taken or self.top is not level:
                return False
            self._is_taken = True
            return True

    def take(self, level: object) -> None:
        """Take the turn, waiting for it in a thread.

        Raises:
            UsageError: it did not come in time; a circle is the likely reason.
        """
        if self.take_now(level):
            return
        waiter: ThreadWaiter[None] = ThreadWaiter()
        if self._enqueue(level, waiter) and not waiter.wait(self._seconds, self._leave):
            raise self._stuck()

    async def take_async(self, level: object) -> None:
        """Take the turn, waiting for it in a task."""
        if self.take_now(level):
            return
        waiter: TaskWaiter[None] = TaskWaiter(lambda _: self.give())
        if self._enqueue(level, waiter) and not await waiter.wait(self._seconds, self._leave):
            raise self._stuck()

    def give(self) -> None:
        """End the turn; the first in the queue that belongs to the innermost level is next."""
        with self._lock:
            for entry in self._queue:
                if entry[0] is self.top:
                    self._queue.remove(entry)
                    if entry[1].give(None):
                        return
                    break
            self._is_taken = False

    def _enqueue(self, level: object, waiter: ThreadWaiter[None] | TaskWaiter[None]) -> bool:
        with self._lock:
            if not self._is_taken and self.top is level:
                self._is_taken = True
                return False
            self._queue.append((level, waiter))
            return True

    def _leave(self, waiter: object) -> bool:
        with self._lock:
            for entry in self._queue:
                if entry[1] is waiter:
                    self._queue.remove(entry)
                    return True
            return False

    def _stuck(self) -> UsageError:
        return UsageError(
            f"A statement waited {self._seconds:g} s for its turn in a transaction that others use, too.",
            fix="Do not wait, inside of a nested block, for a task that was started outside of it.",
        )
