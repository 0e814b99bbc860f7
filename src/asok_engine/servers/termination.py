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

_installed: set[tuple[int, int]] = set()


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
        if getattr(previous, "ends_streams", None) is callback:
            continue
        signal.signal(number, _chained(callback, previous))
        installed = True
    return installed


def _chained(
    callback: Callable[[], None], previous: Callable[[int, FrameType | None], Any]
) -> Callable[[int, FrameType | None], Any]:
    def handle(number: int, frame: FrameType | None) -> Any:
        callback()
        return previous(number, frame)

    handle.ends_streams = callback  # type: ignore[attr-defined]
    return handle
