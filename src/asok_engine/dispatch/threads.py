"""Threads for plain functions under an event loop, and a loop for coroutines under WSGI.

Rule: nothing that runs on a pool may wait for the same pool. A chain of links is
cut into segments when it is composed; a segment that ends in a handler has level
0, one whose tail goes back to the loop has a level above everything it may wait
for, and each level has a bounded pool of its own. So waiting always points to
lower levels and cannot close a circle, however many requests come.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from queue import SimpleQueue
from typing import Any, TypeVar

from asok_engine.errors import UsageError

__all__ = ["BackgroundLoop", "Threads", "running_loop"]

T = TypeVar("T")
Job = tuple[asyncio.AbstractEventLoop, "asyncio.Future[Any]", contextvars.Context, Callable[[Any], Any], Any]


class _Here(threading.local):
    loop: asyncio.AbstractEventLoop | None = None


_here = _Here()


def running_loop() -> asyncio.AbstractEventLoop:
    """Give the loop that the plain code of this thread works for."""
    loop = _here.loop
    if loop is None:
        raise RuntimeError("This thread does not work for an event loop.")
    return loop


class _Pool:
    """One bounded pool; its threads begin when needed and are daemons."""

    def __init__(self, name: str, size: int) -> None:
        self._name = name
        self._size = size
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        # One token per thread that waits for work; taking one is atomic.
        self._idle: deque[None] = deque()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()

    def submit(self, call: Callable[[Any], T], argument: Any) -> asyncio.Future[T]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._jobs.put((loop, future, contextvars.copy_context(), call, argument))
        try:
            self._idle.pop()
        except IndexError:
            if len(self._threads) < self._size:
                self._grow()
        return future

    def _grow(self) -> None:
        with self._lock:
            if len(self._threads) >= self._size:
                return
            name = f"{self._name}-{len(self._threads)}"
            thread = threading.Thread(target=self._work, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def _work(self) -> None:
        jobs, idle = self._jobs, self._idle
        deliver: Callable[..., None]
        outcome: Any
        while True:
            job = jobs.get()
            if job is None:
                return
            loop, future, context, call, argument = job
            if future.cancelled():
                idle.append(None)
                continue
            _here.loop = loop
            try:
                outcome = context.run(call, argument)
            except BaseException as error:
                # A StopIteration cannot be carried by a future (PEP 479).
                deliver = _fail
                outcome = RuntimeError(f"{error!r} was raised") if isinstance(error, StopIteration) else error
            else:
                deliver = _succeed
            # Free before the result is there: who got it may send the next call at once.
            idle.append(None)
            _post(loop, deliver, future, outcome)
            del job, loop, future, context, call, argument, outcome

    def close(self) -> None:
        for _ in self._threads:
            self._jobs.put(None)


def _post(loop: asyncio.AbstractEventLoop, deliver: Callable[..., None], *arguments: Any) -> None:
    try:
        loop.call_soon_threadsafe(deliver, *arguments)
    except RuntimeError:
        # The loop has closed while the thread was working: nobody waits any more.
        return


def _succeed(future: asyncio.Future[Any], result: Any) -> None:
    if not future.cancelled():
        future.set_result(result)


def _fail(future: asyncio.Future[Any], error: BaseException) -> None:
    if not future.cancelled():
        future.set_exception(error)


class Threads:
    """The pools of one process: `size` threads at most on each level."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._pools: dict[int, _Pool] = {}
        self._pid = os.getpid()

    def run(self, call: Callable[[Any], T], argument: Any, level: int = 0) -> asyncio.Future[T]:
        """Run `call(argument)` in a thread, in a copy of this context; await the result."""
        pool = self._pools.get(level)
        if pool is None or self._pid != os.getpid():
            pool = self._open(level)
        return pool.submit(call, argument)

    def _open(self, level: int) -> _Pool:
        if self._pid != os.getpid():
            # Threads do not survive a fork; their queues must not either.
            self._pools, self._pid = {}, os.getpid()
        return self._pools.setdefault(level, _Pool(f"asok-plain-{level}", self.size))

    def close(self) -> None:
        """Let the threads end; running calls finish."""
        for pool in self._pools.values():
            pool.close()
        self._pools = {}


class BackgroundLoop:
    """One long-lived event loop in a daemon thread, for coroutines under a WSGI server.

    It begins at its first use, and again after a fork or after `close`.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._pid = 0
        self._lock = threading.Lock()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop and wait for its result.

        Raises UsageError inside the loop's own thread, which would wait for itself.
        """
        loop = self._running()
        if self._thread is threading.current_thread():
            coroutine.close()
            raise UsageError(
                "Plain code on the background loop was about to wait for that loop.",
                fix="Await the coroutine, or run the plain code with asyncio.to_thread.",
            )
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result()

    def _running(self) -> asyncio.AbstractEventLoop:
        if self._loop is None or self._pid != os.getpid():
            with self._lock:
                if self._loop is None or self._pid != os.getpid():
                    loop = asyncio.new_event_loop()
                    self._thread = threading.Thread(
                        target=_serve, args=(loop,), name="asok-loop", daemon=True
                    )
                    self._thread.start()
                    self._loop, self._pid = loop, os.getpid()
        return self._loop

    def close(self) -> None:
        """Stop the loop; what still runs on it is cancelled, and given two seconds to end."""
        loop, thread, self._loop = self._loop, self._thread, None
        if loop is None or thread is None or self._pid != os.getpid():
            return
        loop.call_soon_threadsafe(loop.stop)
        if thread is not threading.current_thread():
            thread.join(2)


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_forever()
        # Also what came between the stop and here is cancelled, so that nobody waits for ever.
        loop.run_until_complete(_cancel_all())
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()


async def _cancel_all() -> None:
    mine = asyncio.current_task()
    others = [task for task in asyncio.all_tasks() if task is not mine]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
