"""Threads for the blocking work of SQLite: in order, stoppable, and never two on one connection."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time

import pytest

from asok_engine.database.workers import Workers


class Stop:
    """Stands for a connection: its work ends when it is interrupted."""

    def __init__(self) -> None:
        self.stopped = threading.Event()
        self.ended: list[str] = []

    def interrupt(self) -> None:
        """Stop what runs."""
        self.stopped.set()

    def proceed(self) -> None:
        """Forget it."""
        self.stopped.clear()

    def work(self, name: str, seconds: float = 5) -> str:
        """Work until it is stopped or done."""
        self.stopped.wait(seconds)
        self.ended.append(name)
        return name


async def test_results_errors_and_context_come_through() -> None:
    """A call has the context of its task; its result or its error is the task's."""
    workers, stop = Workers("test", 2), Stop()
    word: contextvars.ContextVar[str] = contextvars.ContextVar("word")
    word.set("here")
    assert await workers.run(stop, word.get) == "here"
    with pytest.raises(ZeroDivisionError):
        await workers.run(stop, lambda: 1 / 0)
    workers.close()


async def test_one_thread_works_in_order() -> None:
    """Calls of one worker run one after the other, as they were given."""
    workers, stop = Workers("test", 1), Stop()
    names = await asyncio.gather(*(workers.run(stop, stop.work, str(number), 0) for number in range(20)))
    assert names == stop.ended == [str(number) for number in range(20)]
    workers.close()


async def test_cancelled_task_waits_until_its_call_has_ended() -> None:
    """The call is interrupted, and the task ends after it, not before."""
    workers, stop = Workers("test", 1), Stop()
    task = asyncio.ensure_future(workers.run(stop, stop.work, "first"))
    await asyncio.sleep(0.05)
    begun = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert stop.ended == ["first"]
    assert time.monotonic() - begun < 2
    assert not stop.stopped.is_set()
    workers.close()


async def test_call_that_has_not_begun_is_dropped() -> None:
    """A task that is cancelled while its call still waits in the queue takes the call with it."""
    workers, stop, other = Workers("test", 1), Stop(), Stop()
    first = asyncio.ensure_future(workers.run(stop, stop.work, "first", 0.2))
    second = asyncio.ensure_future(workers.run(other, other.work, "second"))
    await asyncio.sleep(0.05)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    assert await first == "first"
    assert other.ended == []
    workers.close()
