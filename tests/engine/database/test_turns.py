"""Turns on a transaction's connection: one at a time, in order, the innermost block first."""

from __future__ import annotations

import asyncio
import threading

import pytest

from asok_engine.database.turns import Turns
from asok_engine.errors import UsageError


async def test_turns_come_in_the_order_asked_for() -> None:
    """Whoever asked first is first."""
    turns = Turns("outer", 5)
    order: list[int] = []

    async def one(number: int) -> None:
        await turns.take_async("outer")
        order.append(number)
        await asyncio.sleep(0)
        turns.give()

    await asyncio.gather(*(one(number) for number in range(10)))
    assert order == list(range(10))


async def test_outer_level_waits_until_the_inner_one_has_ended() -> None:
    """While an inner block is open, only its own statements have a turn."""
    turns = Turns("outer", 5)
    await turns.take_async("outer")
    turns.top = "inner"
    turns.give()
    waiting = asyncio.ensure_future(turns.take_async("outer"))
    await asyncio.sleep(0)
    for _ in range(3):
        await turns.take_async("inner")
        turns.give()
    assert not waiting.done()
    await turns.take_async("inner")
    turns.top = "outer"
    turns.give()
    await asyncio.wait_for(waiting, 5)
    assert not turns.take_now("outer")


async def test_turn_of_a_cancelled_task_goes_to_the_next() -> None:
    """A task that is cancelled while it waits, or when its turn is on the way, blocks nobody."""
    turns = Turns("outer", 5)
    await turns.take_async("outer")
    gone = asyncio.ensure_future(turns.take_async("outer"))
    next_one = asyncio.ensure_future(turns.take_async("outer"))
    await asyncio.sleep(0)
    turns.give()
    gone.cancel()
    await asyncio.wait_for(next_one, 5)
    assert gone.cancelled()


async def test_waiting_has_an_end() -> None:
    """A circle is reported as what it is, and the place in the queue is left."""
    turns = Turns("outer", 0.05)
    await turns.take_async("outer")
    with pytest.raises(UsageError, match="turn"):
        await turns.take_async("outer")
    with pytest.raises(UsageError, match="turn"):
        turns.take("outer")
    turns.give()
    assert turns.take_now("outer")


def test_threads_and_tasks_stand_in_one_queue() -> None:
    """A thread waits for a task's turn to end, and the other way round."""
    turns = Turns("outer", 5)
    inside: list[int] = []
    most: list[int] = []

    def in_turn() -> None:
        inside.append(1)
        most.append(len(inside))
        inside.pop()

    def thread() -> None:
        for _ in range(50):
            turns.take("outer")
            in_turn()
            turns.give()

    async def tasks() -> None:
        for _ in range(50):
            await turns.take_async("outer")
            in_turn()
            turns.give()

    threads = [threading.Thread(target=thread) for _ in range(3)]
    for one in threads:
        one.start()
    asyncio.run(tasks())
    for one in threads:
        one.join()
    assert max(most) == 1
    assert len(most) == 200
