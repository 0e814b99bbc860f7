"""The pools are bounded, carry results and errors, and live through forks; so does the background loop."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import CancelledError, ThreadPoolExecutor
from typing import Any

import pytest

from asok_engine.dispatch.threads import BackgroundLoop, Threads, running_loop
from asok_engine.errors import UsageError


async def test_no_more_threads_run_than_the_pool_has() -> None:
    """A hundred calls share three threads."""
    threads = Threads(3)
    running, most, seen, lock = 0, 0, set(), threading.Lock()

    def work(number: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
            seen.add(threading.get_ident())
        time.sleep(0.001)
        with lock:
            running -= 1
        return number

    results = await asyncio.gather(*(threads.run(work, number) for number in range(100)))
    assert results == list(range(100))
    assert most == len(seen) == 3
    threads.close()


async def test_thread_that_waits_is_used_again() -> None:
    """One call after the other needs one thread."""
    threads = Threads(8)
    idents = [await threads.run(lambda _: threading.get_ident(), None) for _ in range(20)]
    assert len(set(idents)) == 1
    threads.close()


async def test_each_level_has_threads_of_its_own() -> None:
    """A full level does not keep another from working."""
    threads = Threads(1)
    free = threading.Event()
    held = threads.run(lambda _: free.wait(5), None, 1)
    assert await asyncio.wait_for(threads.run(lambda n: n + 1, 1, 0), 2) == 2
    free.set()
    assert await held is True
    threads.close()


@pytest.mark.parametrize("error", [ValueError("wrong"), KeyError("missing"), TimeoutError("late")])
async def test_error_arrives_as_it_was_raised(error: Exception) -> None:
    """The very exception object comes back, with the frames of the thread."""
    threads = Threads(1)

    def fail(_: Any) -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        await threads.run(fail, None)
    assert caught.value is error
    assert any(entry.name == "fail" for entry in caught.traceback)
    threads.close()


async def test_stop_iteration_becomes_an_error_and_not_a_hang() -> None:
    """A future cannot carry StopIteration; the caller learns of it as a RuntimeError (PEP 479)."""
    threads = Threads(1)
    with pytest.raises(RuntimeError, match="StopIteration"):
        await asyncio.wait_for(threads.run(next, iter(())), 2)
    assert await threads.run(len, "works still") == 11
    threads.close()


async def test_call_that_was_cancelled_while_it_waited_never_runs() -> None:
    """A client that left before a thread was free costs nothing."""
    threads = Threads(1)
    free, ran = threading.Event(), []
    held = threads.run(lambda _: free.wait(5), None)
    waiting = threads.run(ran.append, "never")
    waiting.cancel()
    free.set()
    await held
    await threads.run(ran.append, "after")
    assert ran == ["after"]
    threads.close()


async def test_call_that_is_cancelled_while_it_runs_leaves_the_pool_whole() -> None:
    """The result of a call that nobody awaits is dropped."""
    threads = Threads(1)
    begun, free = threading.Event(), threading.Event()

    def work(_: Any) -> None:
        begun.set()
        free.wait(5)

    running = threads.run(work, None)
    await asyncio.to_thread(begun.wait, 5)
    running.cancel()
    free.set()
    assert await threads.run(lambda _: "next", None) == "next"
    threads.close()


def test_loop_that_closed_meanwhile_does_not_end_the_thread() -> None:
    """The thread drops a result that nobody waits for, and works for the next loop."""
    threads = Threads(1)
    begun, free = threading.Event(), threading.Event()

    def work(_: Any) -> int:
        begun.set()
        free.wait(5)
        return threading.get_ident()

    async def leave() -> None:
        threads.run(work, None)
        await asyncio.to_thread(begun.wait, 5)

    asyncio.run(leave())
    free.set()

    async def again() -> Any:
        return await threads.run(lambda _: threading.current_thread().name, None)

    assert asyncio.run(again()) == "asok-plain-0-0"
    threads.close()


async def test_thread_knows_the_loop_that_it_works_for() -> None:
    """Plain code may send a coroutine back to the loop that called it; any other thread may not."""
    threads = Threads(1)
    assert await threads.run(lambda _: running_loop(), None) is asyncio.get_running_loop()
    with pytest.raises(RuntimeError, match="does not work for an event loop"):
        await asyncio.to_thread(running_loop)
    threads.close()


async def test_closed_pools_open_again_when_needed() -> None:
    """Closing lets threads go; a later call makes new ones."""
    threads = Threads(2)
    first = await threads.run(lambda _: threading.current_thread(), None)
    threads.close()
    first.join(2)
    assert not first.is_alive()
    assert await threads.run(lambda n: n * 2, 21) == 42
    threads.close()


# --- the background loop -----------------------------------------------------------------


async def named() -> str:
    """Tell where a coroutine runs."""
    return threading.current_thread().name


def test_background_loop_runs_coroutines_of_many_threads() -> None:
    """One loop in one thread serves all of them."""
    loop = BackgroundLoop()

    async def doubled(number: int) -> int:
        await asyncio.sleep(0.001)
        return number * 2

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda n: loop.run(doubled(n)), range(50))) == [n * 2 for n in range(50)]
    assert loop.run(named()) == "asok-loop"
    loop.close()


def test_background_loop_carries_errors() -> None:
    """What a coroutine raises is raised for the one who waits."""
    loop = BackgroundLoop()

    async def fail() -> None:
        raise LookupError("nothing there")

    with pytest.raises(LookupError, match="nothing there"):
        loop.run(fail())
    loop.close()


def test_waiting_for_the_loop_inside_the_loop_is_refused() -> None:
    """Plain code on the loop that waits for the loop would hang the application; it gets a sentence."""
    loop = BackgroundLoop()

    async def circle() -> None:
        loop.run(named())

    with pytest.raises(UsageError, match="wait for that loop"):
        loop.run(circle())
    assert loop.run(named()) == "asok-loop"
    loop.close()


def test_closing_cancels_what_still_runs_and_frees_the_loop() -> None:
    """A coroutine gets its CancelledError, the waiting thread is let go, the thread and the loop end."""
    loop = BackgroundLoop()
    begun, cleaned = threading.Event(), []

    async def waits() -> None:
        try:
            begun.set()
            await asyncio.sleep(60)
        finally:
            cleaned.append("up")

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(loop.run, waits())
        assert begun.wait(2)
        inner, thread = loop._loop, loop._thread
        loop.close()
        with pytest.raises(CancelledError):
            waiting.result(2)
    assert cleaned == ["up"]
    assert inner is not None and inner.is_closed()
    assert thread is not None and not thread.is_alive()
    gc.collect()


def test_closed_background_loop_begins_again() -> None:
    """An application that is started once more gets a loop once more; closing twice does nothing."""
    loop = BackgroundLoop()
    loop.run(named())
    loop.close()
    loop.close()
    assert loop.run(named()) == "asok-loop"
    loop.close()


def test_pools_and_loop_work_in_a_forked_process() -> None:
    """Threads do not survive a fork; the child makes its own and never waits for its parent's."""
    script = textwrap.dedent(
        """
        import asyncio, os, sys, threading
        from asok_engine.dispatch.threads import BackgroundLoop, Threads

        threads, loop = Threads(2), BackgroundLoop()

        async def name():
            return threading.current_thread().name

        def work():
            async def ask():
                return await asyncio.wait_for(threads.run(lambda n: n + 1, 41), 5)
            assert asyncio.run(ask()) == 42
            assert loop.run(name()) == "asok-loop"

        work()
        child = os.fork()
        if not child:
            status = 1
            try:
                work()
                loop.close()
                status = 0
            finally:
                os._exit(status)
        _, status = os.waitpid(child, 0)
        work()
        loop.close()
        sys.exit(os.waitstatus_to_exitcode(status))
        """
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", script], timeout=20, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()
