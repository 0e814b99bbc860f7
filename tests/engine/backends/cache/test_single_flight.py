"""One computation at a time, also when the first one fails or is cancelled."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from asok_engine.backends.cache.single_flight import SingleFlight
from asok_engine.backends.cache.values import MISSING
from asok_engine.errors import UsageError


class Shelf:
    """A place to keep a value, with its look-up as a function and as a coroutine."""

    def __init__(self) -> None:
        self.kept: Any = MISSING
        self.computed = 0

    def look(self) -> Any:
        return self.kept

    async def look_async(self) -> Any:
        return self.kept


def test_what_is_found_is_not_computed() -> None:
    """A look-up that finds something is the answer."""
    shelf = Shelf()
    shelf.kept = None
    assert SingleFlight().run("k", shelf.look, lambda: pytest.fail("computed")) is None


def test_the_next_thread_tries_when_the_first_fails() -> None:
    """An error goes to the one who computed; the waiting thread computes itself."""
    flight, shelf = SingleFlight(), Shelf()
    entered, fail_now = threading.Event(), threading.Event()

    def fail() -> None:
        entered.set()
        fail_now.wait(5)
        raise LookupError("first")

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(flight.run, "k", shelf.look, fail)
        entered.wait(5)
        second = pool.submit(flight.run, "k", shelf.look, lambda: "second")
        fail_now.set()
        assert second.result(5) == "second"
        assert isinstance(first.exception(5), LookupError)


def test_different_keys_do_not_wait_for_each_other() -> None:
    """A slow key does not hold up another."""
    flight, shelf = SingleFlight(), Shelf()
    release = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(flight.run, "slow", shelf.look, lambda: release.wait(5))
        assert flight.run("fast", shelf.look, lambda: 1) == 1
        assert not slow.done()
        release.set()


def test_a_thread_that_asks_for_its_own_key_does_not_hang() -> None:
    """A computation may ask for its own key; it then computes within."""
    flight, shelf = SingleFlight(), Shelf()
    assert flight.run("k", shelf.look, lambda: flight.run("k", shelf.look, lambda: "inner")) == "inner"


async def test_a_task_that_asks_for_its_own_key_gets_an_error() -> None:
    """A computation that would wait for itself is told so."""
    flight, shelf = SingleFlight(), Shelf()

    async def again() -> Any:
        return await flight.run_async("k", shelf.look_async, again)

    with pytest.raises(UsageError, match="'k'"):
        await flight.run_async("k", shelf.look_async, again)


async def test_a_cancelled_leader_does_not_cancel_those_who_wait() -> None:
    """When the computing task is cancelled, the next one computes."""
    flight, shelf = SingleFlight(), Shelf()

    async def forever() -> Any:
        await asyncio.Event().wait()

    async def quick() -> str:
        return "second"

    first = asyncio.create_task(flight.run_async("k", shelf.look_async, forever))
    await asyncio.sleep(0)
    second = asyncio.create_task(flight.run_async("k", shelf.look_async, quick))
    await asyncio.sleep(0)
    first.cancel()
    assert await asyncio.wait_for(second, 5) == "second"
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_nothing_is_kept_after_the_flight() -> None:
    """The table of keys in flight is empty when nobody computes."""
    flight, shelf = SingleFlight(), Shelf()

    async def compute() -> int:
        return 1

    for n in range(50):
        flight.run(f"k{n}", shelf.look, lambda: 1)
        await flight.run_async(f"k{n}", shelf.look_async, compute)
    assert not flight._turns
    assert not any(flight._loops.values())
