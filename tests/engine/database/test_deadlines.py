"""One timer bounds all statements of a connection, and whoever else cancels a task is obeyed."""

from __future__ import annotations

import asyncio
import gc
import time
import weakref
from typing import Any

import pytest

from asok_engine.database.deadlines import Deadline


class Held:
    """A connection, as far as a deadline knows it."""

    def __init__(self) -> None:
        self.drops = 0
        self.answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def drop(self) -> None:
        """End whoever waits for an answer."""
        self.drops += 1
        self.answer.set_exception(OSError("dropped"))


async def test_block_that_takes_too_long_ends_in_time() -> None:
    """It raises TimeoutError, and its task goes on as if nobody had cancelled it."""
    held = Held()
    deadline = Deadline(0.05, held.drop)
    began = time.monotonic()
    with pytest.raises(TimeoutError), deadline:
        await asyncio.sleep(5)
    assert 0.04 < time.monotonic() - began < 1
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    with deadline:
        await asyncio.sleep(0.01)


async def test_one_timer_serves_blocks_that_follow_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is bounded by its own time, not by that of the first."""
    loop, timers = asyncio.get_running_loop(), []

    def call_later(seconds: float, *rest: Any) -> asyncio.TimerHandle:
        if seconds > 0.01:
            timers.append(seconds)
        return asyncio.BaseEventLoop.call_later(loop, seconds, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(loop, "call_later", call_later)
    held = Held()
    deadline = Deadline(0.1, held.drop)
    for _ in range(16):
        with deadline:
            await asyncio.sleep(0.01)
    assert 1 <= len(timers) <= 4
    began = time.monotonic()
    with pytest.raises(TimeoutError), deadline:
        await asyncio.Event().wait()
    assert 0.09 < time.monotonic() - began < 1


async def test_nobody_is_late_between_two_blocks() -> None:
    """A timer that finds no statement does nothing, and the next block starts another."""
    held = Held()
    deadline = Deadline(0.02, held.drop)
    with deadline:
        await asyncio.sleep(0)
    await asyncio.sleep(0.05)
    with pytest.raises(TimeoutError), deadline:
        await asyncio.sleep(5)


async def test_task_that_was_cancelled_stays_cancelled() -> None:
    """Also when its statement was late in the same moment."""
    held = Held()
    deadline = Deadline(0.05, held.drop)

    async def work() -> None:
        with deadline:
            await asyncio.sleep(5)

    for is_late in (False, True):
        task = asyncio.create_task(work())
        await asyncio.sleep(0.01)
        if is_late:
            deadline._ends_at = 0.0
            deadline.look()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert task.cancelled()


async def test_error_of_the_block_comes_out_as_it_is() -> None:
    """Also from one that was late, where the code inside has made another error of the cancellation."""
    held = Held()
    deadline = Deadline(0.01, held.drop)
    with pytest.raises(ValueError, match="own"), deadline:
        raise ValueError("own")
    with pytest.raises(ValueError, match="own"), deadline:
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            raise ValueError("own") from None


async def test_no_limit_is_none() -> None:
    """Nothing is timed then."""
    held = Held()
    deadline = Deadline(None, held.drop)
    with deadline:
        await asyncio.sleep(0)
    assert deadline._timer is None


async def test_timer_holds_no_connection() -> None:
    """What nobody holds any more is gone, whatever its timer had still to do."""
    held = Held()
    deadline = Deadline(30, held.drop)
    with deadline:
        await asyncio.sleep(0)
    gone = weakref.ref(deadline)
    del deadline
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("has_task", [True, False])
async def test_connection_is_dropped_where_a_task_cannot_be_cancelled(
    has_task: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some servers have tasks of their own that take no cancellation."""

    class Stubborn:
        def cancel(self) -> bool:
            return False

        def cancelling(self) -> int:
            return 0

    held = Held()
    deadline = Deadline(0.02, held.drop)
    monkeypatch.setattr(asyncio, "current_task", Stubborn if has_task else lambda: None)
    with pytest.raises(TimeoutError), deadline:
        await held.answer
    assert held.drops == 1
