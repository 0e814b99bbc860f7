"""Threads that do the blocking work of SQLite for event loops.

A call is handed over with the connection that it works on; a task that is cancelled
interrupts its statement and waits until the thread has let go, so that a connection
is never in two hands. Threads begin when they are needed and are daemons.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Protocol, TypeVar, cast

__all__ = ["Stoppable", "Workers"]

T = TypeVar("T")
#: A statement may begin in the moment in which it is to be stopped, so it is told again.
_STOP_AGAIN_SECONDS = 0.05


class Stoppable(Protocol):
    """Something whose work in another thread can be stopped."""

    def interrupt(self) -> None:
        """Stop what runs now."""
        ...

    def proceed(self) -> None:
        """Forget that it was stopped."""
        ...


class _Job:
    __slots__ = ("arguments", "call", "context", "future", "is_dropped", "loop")

    def __init__(self, call: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self.call = call
        self.arguments = arguments
        self.context = contextvars.copy_context()
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Any] = self.loop.create_future()
        self.is_dropped = False


async def _stop(job: _Job, stoppable: Stoppable) -> None:
    """Have a job end early, and wait until it has."""
    job.is_dropped = True
    while not job.future.done():
        stoppable.interrupt()
        try:
            await asyncio.wait((job.future,), timeout=_STOP_AGAIN_SECONDS)
        except asyncio.CancelledError:
            continue
    stoppable.proceed()
    # Whatever came of it, nobody asks any more.
    job.future.exception()


class Workers:
    """At most `size` threads that take jobs in order."""

    def __init__(self, name: str, size: int) -> None:
        self._name = name
        self._size = size
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._idle: deque[None] = deque()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()

    async def run(self, stoppable: Stoppable, call: Callable[..., T], *arguments: Any) -> T:
        """Run `call(*arguments)` in a thread; when this task is cancelled, stop it and wait until it ends."""
        job = _Job(call, arguments)
        self._jobs.put(job)
        try:
            self._idle.pop()
        except IndexError:
            if len(self._threads) < self._size:
                self._grow()
        try:
            return cast("T", await asyncio.shield(job.future))
        except asyncio.CancelledError:
            await _stop(job, stoppable)
            raise

    def _grow(self) -> None:
        with self._lock:
            if len(self._threads) < self._size:
                thread = threading.Thread(
                    target=self._work, name=f"{self._name}-{len(self._threads)}", daemon=True
                )
                thread.start()
                self._threads.append(thread)

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            if job is None:
                return
            outcome: Any
            try:
                outcome = None if job.is_dropped else job.context.run(job.call, *job.arguments)
            except BaseException as error:
                deliver: Callable[..., None] = _fail
                outcome = error
            else:
                deliver = _succeed
            self._idle.append(None)
            try:
                job.loop.call_soon_threadsafe(deliver, job.future, outcome)
            except RuntimeError:
                # The loop has closed meanwhile: nobody waits any more.
                pass
            del job, outcome

    def close(self) -> None:
        """Let the threads end when they have done what was asked before."""
        for _ in self._threads:
            self._jobs.put(None)


def _succeed(future: asyncio.Future[Any], result: Any) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[Any], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
