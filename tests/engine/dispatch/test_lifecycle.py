"""An application starts once per process, whoever comes first and however many come at once."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from asok_engine.dispatch.lifecycle import Lifecycle
from asok_engine.errors import SetupError
from tests.engine.dispatch.sites import LOOP


class Counted:
    """A lifecycle that notes what runs and where."""

    def __init__(self, *, slow: bool = False) -> None:
        self.ran: list[str] = []
        self.lifecycle = Lifecycle(lambda: self.ran.append("compose"), LOOP)

        def plain() -> None:
            if slow:
                time.sleep(0.05)
            self.ran.append("plain")

        async def waits() -> None:
            await asyncio.sleep(0.05 if slow else 0)
            self.ran.append("async")

        self.lifecycle.startup += [plain, waits]
        self.lifecycle.shutdown += [lambda: self.ran.append("plain end"), self._end]

    async def _end(self) -> None:
        self.ran.append("async end")


STARTED = ["compose", "plain", "async"]
ENDED = ["plain end", "async end"]


def test_start_and_stop_run_the_hooks_in_order_and_once() -> None:
    """Plain and async hooks alike, from plain code."""
    counted = Counted()
    assert not counted.lifecycle.started
    counted.lifecycle.start()
    counted.lifecycle.start()
    assert counted.lifecycle.started
    assert counted.ran == STARTED
    counted.lifecycle.stop()
    counted.lifecycle.stop()
    assert not counted.lifecycle.started
    assert counted.ran == STARTED + ENDED


async def test_start_and_stop_on_a_loop_run_hooks_there() -> None:
    """Async hooks run on the server's own loop, so what they open belongs to it."""
    counted = Counted()
    loops: list[Any] = []

    async def note() -> None:
        loops.append(asyncio.get_running_loop())

    counted.lifecycle.startup.append(note)
    await counted.lifecycle.start_async()
    await counted.lifecycle.start_async()
    assert counted.ran == STARTED
    assert loops == [asyncio.get_running_loop()]
    await counted.lifecycle.stop_async()
    await counted.lifecycle.stop_async()
    assert counted.ran == STARTED + ENDED


def test_plain_function_that_gives_a_coroutine_is_awaited() -> None:
    """A hook such as `lambda: pool.open()` is no less async than `async def`."""
    ran: list[str] = []

    async def opened() -> None:
        ran.append("opened")

    lifecycle = Lifecycle(lambda: None, LOOP)
    lifecycle.startup.append(lambda: opened())
    lifecycle.start()
    assert ran == ["opened"]
    lifecycle.stop()


def test_first_requests_of_many_threads_start_once() -> None:
    """All of them wait until the application is ready."""
    counted = Counted(slow=True)

    def request(_: int) -> bool:
        counted.lifecycle.start()
        return counted.lifecycle.started

    with ThreadPoolExecutor(16) as server:
        assert all(server.map(request, range(16)))
    assert counted.ran == STARTED
    counted.lifecycle.stop()


async def test_first_requests_of_many_tasks_start_once() -> None:
    """Tasks of one loop wait for each other without holding up the loop."""
    counted = Counted(slow=True)
    ticks = 0

    async def ticking() -> None:
        nonlocal ticks
        while not counted.lifecycle.started:
            ticks += 1
            await asyncio.sleep(0.005)

    async def request() -> bool:
        await counted.lifecycle.start_async()
        return counted.lifecycle.started

    requests = asyncio.gather(*(request() for _ in range(20)), ticking())
    assert (await asyncio.wait_for(requests, 5))[:20] == [True] * 20
    assert counted.ran == STARTED
    assert ticks > 2
    await counted.lifecycle.stop_async()


async def test_threads_and_tasks_at_once_start_once() -> None:
    """A process that is asked over WSGI and ASGI at the same moment starts once."""
    counted = Counted(slow=True)
    threads = [asyncio.to_thread(counted.lifecycle.start) for _ in range(3)]
    tasks = [counted.lifecycle.start_async() for _ in range(3)]
    await asyncio.wait_for(asyncio.gather(*threads, *tasks), 5)
    assert counted.ran == STARTED
    await counted.lifecycle.stop_async()


async def test_start_goes_on_when_the_first_request_is_cancelled() -> None:
    """A client that leaves during the start does not take the application with it."""
    counted = Counted(slow=True)
    first = asyncio.ensure_future(counted.lifecycle.start_async())
    await asyncio.sleep(0.01)
    first.cancel()
    await asyncio.wait_for(counted.lifecycle.start_async(), 5)
    assert counted.ran == STARTED
    assert counted.lifecycle.started
    await counted.lifecycle.stop_async()


def broken() -> Any:
    """A hook that fails."""
    raise SetupError("no database")


def test_failed_start_is_told_to_every_later_request() -> None:
    """The hooks do not run again, and each request learns the same reason."""
    counted = Counted()
    counted.lifecycle.startup.insert(1, broken)
    for _ in range(3):
        with pytest.raises(SetupError, match="no database"):
            counted.lifecycle.start()
    with pytest.raises(SetupError, match="no database"):
        asyncio.run(counted.lifecycle.start_async())
    assert counted.ran == ["compose", "plain"]
    assert not counted.lifecycle.started
    counted.lifecycle.stop()
    assert counted.ran == ["compose", "plain"]


async def test_failed_start_on_a_loop_is_told_to_every_later_request() -> None:
    """Those who waited for it, and those who come after it."""
    counted = Counted(slow=True)
    counted.lifecycle.startup.append(broken)
    results = await asyncio.gather(
        *(counted.lifecycle.start_async() for _ in range(5)), return_exceptions=True
    )
    assert [str(result) for result in results] == ["no database"] * 5
    with pytest.raises(SetupError, match="no database"):
        await asyncio.to_thread(counted.lifecycle.start)
    assert counted.ran == STARTED


def test_kept_error_does_not_grow() -> None:
    """A thousand requests to an application that did not start leave no thousand frames behind."""
    lifecycle = Lifecycle(broken, LOOP)
    depths = []
    for _ in range(50):
        with pytest.raises(SetupError) as caught:
            lifecycle.start()
        depths.append(len(caught.traceback))
    assert max(depths[1:]) == min(depths[1:])


def test_hook_may_call_the_application_that_it_starts() -> None:
    """A hook that warms a page up finds the application composed, and does not wait for itself."""
    counted = Counted()

    async def warm() -> None:
        await counted.lifecycle.start_async()
        counted.ran.append("warm")

    def also() -> None:
        counted.lifecycle.start()
        counted.ran.append("also")

    counted.lifecycle.startup[:] = [warm, also]
    counted.lifecycle.start()
    assert counted.ran == ["compose", "warm", "also"]
    counted.lifecycle.stop()


def test_shutdown_goes_on_behind_a_hook_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    """One hook's defect does not leave the others' files open; it is logged by name."""
    counted = Counted()
    counted.lifecycle.shutdown.insert(0, broken)
    counted.lifecycle.start()
    counted.lifecycle.stop()
    assert counted.ran == STARTED + ENDED
    (record,) = caplog.records
    assert (record.levelno, record.getMessage()) == (logging.ERROR, "Shutdown hook broken failed.")


async def test_shutdown_on_a_loop_goes_on_behind_a_hook_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    """The same for hooks that are awaited."""

    async def waits_and_fails() -> None:
        await asyncio.sleep(0)
        broken()

    counted = Counted()
    counted.lifecycle.shutdown.insert(0, waits_and_fails)
    await counted.lifecycle.start_async()
    await counted.lifecycle.stop_async()
    assert counted.ran == STARTED + ENDED
    assert len(caplog.records) == 1


def test_stopped_application_starts_anew() -> None:
    """A second run in the same process runs its hooks, as the first did."""
    counted = Counted()
    for _ in range(2):
        counted.lifecycle.start()
        counted.lifecycle.stop()
    assert counted.ran == (STARTED + ENDED) * 2


def test_stop_before_any_start_does_nothing() -> None:
    """A server that never served has nothing to end."""
    counted = Counted()
    counted.lifecycle.stop()
    asyncio.run(counted.lifecycle.stop_async())
    assert counted.ran == []


def test_forked_process_starts_for_itself() -> None:
    """A worker that is forked from a started master runs its own hooks, and ends only its own."""
    script = textwrap.dedent(
        """
        import os, sys, threading
        from asok_engine.dispatch.lifecycle import Lifecycle
        from asok_engine.dispatch.threads import BackgroundLoop

        ran = []
        lifecycle = Lifecycle(lambda: ran.append(os.getpid()), BackgroundLoop())
        async def waits():
            ran.append(os.getpid())
        lifecycle.startup.append(waits)
        lifecycle.shutdown.append(lambda: ran.append("end"))
        lifecycle.start()
        parent = os.getpid()
        assert ran == [parent, parent], ran
        child = os.fork()
        if not child:
            status = 1
            try:
                assert not lifecycle.started
                lifecycle.stop()
                assert ran == [parent, parent], ran
                lifecycle.start()
                assert ran[2:] == [os.getpid()] * 2, ran
                lifecycle.stop()
                assert ran[4:] == ["end"], ran
                status = 0
            finally:
                os._exit(status)
        _, status = os.waitpid(child, 0)
        assert lifecycle.started
        lifecycle.stop()
        assert ran == [parent, parent, "end"], ran
        sys.exit(os.waitstatus_to_exitcode(status))
        """
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", script], timeout=20, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()


def test_start_that_another_thread_does_is_awaited() -> None:
    """The second request is not answered by half an application."""
    counted = Counted()
    entered, free = threading.Event(), threading.Event()

    def holds() -> None:
        entered.set()
        free.wait(5)

    counted.lifecycle.startup.insert(0, holds)
    with ThreadPoolExecutor(2) as server:
        first = server.submit(counted.lifecycle.start)
        assert entered.wait(5)
        second = server.submit(counted.lifecycle.start)
        time.sleep(0.02)
        assert not second.done()
        free.set()
        first.result(5)
        second.result(5)
    assert counted.ran == STARTED
    counted.lifecycle.stop()
