"""Start-up and shutdown of an application, once per process.

A server's lifespan or the first request starts it; a process that was forked
from a started one starts again. Whoever comes while it starts waits for the same
start, threads and tasks alike, and holds up nobody else. A hook that fails stops
the start: the error is kept and every later request learns it. Hooks are plain or
async; under a plain server async hooks run on the background loop.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import weakref
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextvars import ContextVar
from types import TracebackType
from typing import Any

from asok_engine.dispatch.threads import BackgroundLoop
from asok_engine.telemetry.hooks import app_shutdown, app_startup

__all__ = ["Hook", "Lifecycle"]

Hook = Callable[[], Any]

#: The application that this context is starting: a hook may call it without waiting for itself.
_starting: ContextVar[Lifecycle | None] = ContextVar("asok_starting", default=None)


class Lifecycle:
    """Runs `compose` and the start-up hooks once per process, and the shutdown hooks once at its end."""

    def __init__(self, compose: Callable[[], None], loop: BackgroundLoop, owner: object = None) -> None:
        self._compose = compose
        self._owner = owner
        self._loop = loop
        self.startup: list[Hook] = []
        self.shutdown: list[Hook] = []
        self._forget()
        _known.add(self)

    def _forget(self) -> None:
        """Stand as before any start; also what a forked process does with its parent's start."""
        self._lock = threading.Lock()
        self._start: Future[None] | None = None
        self._failure: tuple[BaseException, TracebackType | None] | None = None
        self.started = False

    def _claim(self) -> tuple[Future[None], bool]:
        """Give the start of this process, and whether the caller is the one to do it."""
        with self._lock:
            if self._start is not None:
                return self._start, False
            self._start = Future()
            return self._start, True

    def _raise_failure(self) -> None:
        if self._failure is not None:
            error, place = self._failure
            # Why with_traceback: an error that is raised again and again keeps the frames of each time.
            raise error.with_traceback(place)

    def start(self) -> None:
        """Start from plain code; returns when the application is ready, raises what stopped it."""
        if _starting.get() is self:
            return
        start, is_mine = self._claim()
        if not is_mine:
            start.result()
            self._raise_failure()
            return
        token = _starting.set(self)
        try:
            self._compose()
            for hook in self.startup:
                self._call(hook)
            self.started = True
            app_startup.send(self._owner)
        except BaseException as error:
            self._failure = error, error.__traceback__
            raise
        finally:
            _starting.reset(token)
            start.set_result(None)

    async def start_async(self) -> None:
        """Start on the server's event loop."""
        if _starting.get() is self:
            return
        start, is_mine = self._claim()
        if is_mine:
            # Why a task: the request that came first may be cancelled, the start goes on for the others.
            task = asyncio.get_running_loop().create_task(self._start_on_loop(start))
            task.add_done_callback(_retrieved)
            await asyncio.shield(task)
        else:
            await asyncio.wrap_future(start)
            self._raise_failure()

    async def _start_on_loop(self, start: Future[None]) -> None:
        _starting.set(self)
        try:
            self._compose()
            for hook in self.startup:
                result = hook()
                if isinstance(result, Awaitable):
                    await result
            self.started = True
            app_startup.send(self._owner)
        except BaseException as error:
            self._failure = error, error.__traceback__
            raise
        finally:
            start.set_result(None)

    def stop(self) -> None:
        """Run the shutdown hooks from plain code; a hook that fails does not keep the others from running."""
        if not self._ends():
            return
        app_shutdown.send(self._owner)
        for hook in self.shutdown:
            try:
                self._call(hook)
            except Exception:
                _log_failed(hook)
        self._loop.close()

    async def stop_async(self) -> None:
        """Run the shutdown hooks on the server's event loop."""
        if not self._ends():
            return
        app_shutdown.send(self._owner)
        for hook in self.shutdown:
            try:
                result = hook()
                if isinstance(result, Awaitable):
                    await result
            except Exception:
                _log_failed(hook)

    def _ends(self) -> bool:
        with self._lock:
            ends = self.started
            self.started = False
            if ends:
                # The next request or server starts the application anew.
                self._start = None
            return ends

    def _call(self, hook: Hook) -> None:
        result = hook()
        if isinstance(result, Awaitable):
            self._loop.run(_awaited(result))


_known: weakref.WeakSet[Lifecycle] = weakref.WeakSet()


def _forget_all() -> None:
    for lifecycle in list(_known):
        lifecycle._forget()


# Why here and not by comparing process ids: a request then asks one attribute whether the application runs.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)


async def _awaited(result: Awaitable[Any]) -> None:
    await result


def _retrieved(task: asyncio.Task[None]) -> None:
    # The error is kept and raised for every request; nobody may be left to await this task.
    if not task.cancelled():
        task.exception()


def _log_failed(hook: Hook) -> None:
    logging.getLogger("asok").exception("Shutdown hook %s failed.", getattr(hook, "__qualname__", hook))
