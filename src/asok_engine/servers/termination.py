"""Ends open streams when the process is told to stop, without taking the server's signals away.

uvicorn, granian and gunicorn wait for open answers after SIGTERM. Their handlers
stay in charge; ours runs before them and ends the streams, so that there is
nothing to wait for. Python delivers signals to the main thread only, so in any
other thread nothing is installed.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

__all__ = ["call_before_termination"]


def call_before_termination(callback: Callable[[], None]) -> bool:
    """Call `callback` when SIGTERM or SIGINT arrives, then the handler that was there.

    Only where a server has a handler of its own: without one the process ends as
    it always did. Returns whether anything was installed.
    """
    if threading.current_thread() is not threading.main_thread():
        return False
    installed = False
    for number in (signal.SIGTERM, signal.SIGINT):
        previous = signal.getsignal(number)
        if not callable(previous) or previous is signal.default_int_handler:
            continue
        if isinstance(previous, _Chained):
            if callback not in previous.callbacks:
                previous.callbacks.append(callback)
                installed = True
            continue
        signal.signal(number, _Chained(callback, previous))
        installed = True
    return installed


class _Chained:
    """A signal handler in front of another; one per signal, however many applications there are."""

    def __init__(
        self, callback: Callable[[], None], previous: Callable[[int, FrameType | None], Any]
    ) -> None:
        self.callbacks = [callback]
        self._previous = previous

    def __call__(self, number: int, frame: FrameType | None) -> Any:
        for callback in self.callbacks:
            callback()
        return self._previous(number, frame)
