"""The streamed answers that are open in this process, so that a shutdown can end them.

A server that stops waits for open answers; an event stream would keep it for
ever. Event streams are ended at once, other streams after a grace, both with a
clean end of the body. On an event loop a stream is the task that sends it; under
a plain server the sending thread asks `ending` between two pieces.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["Streams"]


class Streams:
    """Counts and ends the open streams of one process; `grace_seconds` is for streams that have an end."""

    def __init__(self, grace_seconds: float = 1.5) -> None:
        self.grace_seconds = grace_seconds
        self._tasks: dict[asyncio.Task[object], tuple[asyncio.AbstractEventLoop, bool]] = {}
        self._ending_since: float | None = None
        self._timer: threading.Timer | None = None
        #: Called when streams begin to end, perhaps in a signal handler; for what is open besides.
        self.when_ending: list[Callable[[], None]] = []
        #: Tell whether something of that is still open.
        self.still_open: list[Callable[[], bool]] = []

    @contextmanager
    def sent_by_task(self, *, endless: bool) -> Iterator[None]:
        """Register the running task as one that sends a stream."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("A stream is sent by a task.")
        self._tasks[task] = (asyncio.get_running_loop(), endless)
        if self.ending(endless=endless):
            task.cancel()
        try:
            yield
        finally:
            del self._tasks[task]

    def ending(self, *, endless: bool) -> bool:
        """Tell whether a stream of this kind is to end now."""
        since = self._ending_since
        return since is not None and (endless or time.monotonic() - since > self.grace_seconds)

    @property
    def has_more_open(self) -> bool:
        """Whether something is open besides streams, such as sockets."""
        return any(is_open() for is_open in self.still_open)

    @property
    def count(self) -> int:
        """How many streams are being sent by tasks."""
        return len(self._tasks)

    def reopen(self) -> None:
        """Let streams run again, when the application starts once more in this process."""
        self._ending_since = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def end(self) -> None:
        """Begin to end all streams; safe in a signal handler and from any thread, once."""
        if self._ending_since is not None:
            return
        self._ending_since = time.monotonic()
        self._cancel(endless_only=True)
        for call in self.when_ending:
            call()
        # Always: a stream that has an end may still begin within the grace.
        self._timer = threading.Timer(self.grace_seconds, self._cancel)
        self._timer.daemon = True
        self._timer.start()

    def _cancel(self, *, endless_only: bool = False) -> None:
        for task, (loop, endless) in list(self._tasks.items()):
            if endless or not endless_only:
                try:
                    loop.call_soon_threadsafe(task.cancel)
                except RuntimeError:
                    # The loop has closed, and the task with it.
                    continue
