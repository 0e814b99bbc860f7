"""Places in a queue: what is given arrives, also at the last moment."""

from __future__ import annotations

import asyncio
import threading

import pytest

from asok_engine.database.waiters import TaskWaiter, ThreadWaiter


def was_in_queue(waiter: object) -> bool:
    """Answer for a waiter that nobody has served."""
    return True


def was_served(waiter: object) -> bool:
    """Answer for a waiter whose gift is on its way."""
    return False


def test_thread_gets_what_it_waits_for() -> None:
    """A gift from another thread ends the waiting."""
    waiter: ThreadWaiter[int] = ThreadWaiter()
    threading.Timer(0.01, waiter.give, (7,)).start()
    assert waiter.wait(5, was_in_queue)
    assert waiter.given == 7


def test_thread_that_gets_nothing_leaves() -> None:
    """After its time it leaves the queue, unless it was served meanwhile."""
    assert not ThreadWaiter[int]().wait(0.01, was_in_queue)
    assert ThreadWaiter[int]().wait(0.01, was_served)


async def test_task_gets_what_it_waits_for_from_a_thread() -> None:
    """A gift from another thread wakes the task."""
    waiter: TaskWaiter[int] = TaskWaiter(lambda gift: None)
    threading.Timer(0.01, waiter.give, (7,)).start()
    assert await waiter.wait(5, was_in_queue)
    assert waiter.given == 7


async def test_task_that_gets_nothing_leaves() -> None:
    """After its time it leaves the queue."""
    assert not await TaskWaiter[int](lambda gift: None).wait(0.01, was_in_queue)


async def test_gift_for_a_cancelled_task_goes_back() -> None:
    """Neither a gift that has come nor one that is on its way is lost with the task."""
    back: list[int | None] = []
    for is_there in (True, False):
        waiter: TaskWaiter[int] = TaskWaiter(back.append)
        task = asyncio.ensure_future(waiter.wait(5, was_served))
        await asyncio.sleep(0)
        waiter.give(7)
        if is_there:
            waiter._deliver(7)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0.01)
        assert 7 in back
        back.clear()


def test_task_of_a_closed_loop_takes_nothing() -> None:
    """The giver is told, and serves the next."""

    async def make() -> TaskWaiter[int]:
        return TaskWaiter(lambda gift: None)

    waiter = asyncio.run(make())
    assert waiter.give(7) is False
