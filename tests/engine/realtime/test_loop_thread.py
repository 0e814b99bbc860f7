"""A loop in a thread of its own."""

from __future__ import annotations

import asyncio
import os
import threading

from asok_engine.realtime.loop_thread import LoopThread


def test_work_runs_in_the_named_thread() -> None:
    """It begins at its first use, and once."""
    thread = LoopThread("asok-test")
    assert not thread.is_running

    async def name() -> str:
        return threading.current_thread().name

    assert thread.begin(name()).result(2) == "asok-test"
    assert thread.loop() is thread.loop()
    assert thread.is_running
    assert not thread.is_here()
    thread.stop()


def test_stop_cancels_what_still_runs_and_it_may_begin_again() -> None:
    """Nothing that waits on the loop waits for ever."""
    thread = LoopThread("asok-test")
    waiting = thread.begin(asyncio.sleep(60))
    thread.stop()
    assert waiting.cancelled()
    assert thread.begin(asyncio.sleep(0, "again")).result(2) == "again"
    thread.stop()


def test_forked_process_begins_its_own() -> None:
    """Threads do not survive a fork, so a child does not wait for its parent's."""
    thread = LoopThread("asok-test")
    thread.begin(asyncio.sleep(0)).result(2)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        answer = b"yes" if not thread.is_running else b"no"
        thread.begin(asyncio.sleep(0)).result(2)
        os.write(writing, answer)
        os._exit(0)
    os.close(writing)
    assert os.read(reading, 10) == b"yes"
    os.waitpid(child, 0)
    os.close(reading)
    thread.stop()
