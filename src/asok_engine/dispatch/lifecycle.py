"""Start-up and shutdown of an application, once per process.

A server's lifespan or the first request starts it; a process that was forked
from a started one starts again. A hook that fails stops the start: the error is
kept and every later request learns it. Hooks are plain or async; under a plain
server async hooks run on the background loop.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Awaitable, Callable
from typing import Any

from asok_engine.dispatch.chain import is_async_callable
from asok_engine.dispatch.threads import BackgroundLoop

__all__ = ["Hook", "Lifecycle"]

Hook = Callable[[], Any]


class Lifecycle:
    """Runs `compose` and the start-up hooks once per process, and the shutdown hooks once at its end."""

    def __init__(self, compose: Callable[[], None], loop: BackgroundLoop) -> None:
        self._compose = compose
        self._loop = loop
        self._lock = threading.Lock()
        self._pid = 0
        self._failure: BaseException | None = None
        self.startup: list[Hook] = []
        self.shutdown: list[Hook] = []
        self.started = False

    def _begins(self) -> bool:
        """Claim the start for this process; False when another call has done it."""
        if self._pid == os.getpid():
            if self._failure is not None:
                raise self._failure
            return False
        self._pid = os.getpid()
        self.started = False
        self._failure = None
        return True

    def start(self) -> None:
        """Start from plain code; returns when the application is ready, raises what stopped it."""
        with self._lock:
            if not self._begins():
                return
            try:
                self._compose()
                for hook in self.startup:
                    if is_async_callable(hook):
                        self._loop.run(_awaited(hook))
                    else:
                        hook()
            except BaseException as error:
                self._failure = error
                raise
            self.started = True

    async def start_async(self) -> None:
        """Start on the server's event loop."""
        with self._lock:
            if not self._begins():
                return
            try:
                self._compose()
                for hook in self.startup:
                    await _called(hook)
            except BaseException as error:
                self._failure = error
                raise
            self.started = True

    def stop(self) -> None:
        """Run the shutdown hooks from plain code; a hook that fails does not keep the others from running."""
        if not self._ends():
            return
        for hook in self.shutdown:
            try:
                if is_async_callable(hook):
                    self._loop.run(_awaited(hook))
                else:
                    hook()
            except Exception:
                _log_failed(hook)
        self._loop.close()

    async def stop_async(self) -> None:
        """Run the shutdown hooks on the server's event loop."""
        if not self._ends():
            return
        for hook in self.shutdown:
            try:
                await _called(hook)
            except Exception:
                _log_failed(hook)

    def _ends(self) -> bool:
        with self._lock:
            ends = self.started and self._pid == os.getpid()
            self.started = False
            return ends


async def _called(hook: Hook) -> None:
    result = hook()
    if isinstance(result, Awaitable):
        await result


async def _awaited(hook: Hook) -> None:
    await hook()


def _log_failed(hook: Hook) -> None:
    logging.getLogger("asok").exception("Shutdown hook %s failed.", getattr(hook, "__qualname__", hook))
