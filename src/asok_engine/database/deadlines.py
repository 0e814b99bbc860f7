"""How long the statements of one connection may take on an event loop.

A timer for each statement costs a tenth of what the statement does. Here one timer
serves all statements of a connection: it looks when the first of them would be late,
and again when the one of that moment would be. A statement that is late is cancelled
with its task, as `asyncio.timeout` does it, and its block raises TimeoutError. Where a
server's tasks cannot be cancelled, the connection is dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic
from types import TracebackType
from weakref import WeakMethod, ref

__all__ = ["Deadline"]


class Deadline:
    """A block for each statement of one connection, at most `seconds` long; None lets it take what it takes.

    The blocks follow each other; two of them at once are not possible. `drop` ends the
    connection; it is a method, and held weakly.

    Raises:
        TimeoutError: at the end of a block that took too long.
    """

    __slots__ = (
        "__weakref__",
        "_cancelled_before",
        "_drop",
        "_ends_at",
        "_is_dropped",
        "_is_late",
        "_seconds",
        "_task",
        "_timer",
    )

    def __init__(self, seconds: float | None, drop: Callable[[], None]) -> None:
        self._seconds = seconds
        self._drop = WeakMethod(drop)
        #: When the statement of now is late; 0 between two of them.
        self._ends_at = 0.0
        #: The task inside of the block, and how often it had been asked to end before.
        self._task: asyncio.Task[object] | None = None
        self._cancelled_before = 0
        self._is_late = self._is_dropped = False
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> None:
        if self._seconds is None:
            return
        task = self._task = asyncio.current_task()
        if task is not None:
            self._cancelled_before = task.cancelling()
        self._ends_at = monotonic() + self._seconds
        if self._timer is None:
            self._set_timer(self._seconds)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        task, self._task, self._ends_at = self._task, None, 0.0
        if not self._is_late:
            return
        self._is_late = False
        if self._is_dropped or task is None:
            raise TimeoutError from error
        # Who else has asked the task to end is obeyed.
        if task.uncancel() <= self._cancelled_before and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def _set_timer(self, seconds: float) -> None:
        # Why weak: a connection that nobody holds any more is not kept by its timer.
        self._timer = asyncio.get_running_loop().call_later(seconds, _look_at, ref(self))

    def look(self) -> None:
        """Cancel the statement that is late, or come back when the one of now would be."""
        self._timer = None
        if not self._ends_at:
            return
        left = self._ends_at - monotonic()
        if left > 0:
            self._set_timer(left)
            return
        self._is_late = True
        if self._task is None or not self._task.cancel():
            drop = self._drop()
            self._is_dropped = drop is not None
            if drop is not None:
                drop()


def _look_at(deadline: ref[Deadline]) -> None:
    found = deadline()
    if found is not None:
        found.look()
