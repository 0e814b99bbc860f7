"""Ends open streams when the process is told to stop, without taking the server's signals away.

uvicorn, granian and gunicorn wait for open answers after SIGTERM. Their handlers
stay in charge; ours runs before them and ends the streams, so that there is
nothing to wait for. granian does not wait for its sockets, so there the signal
itself waits until they are closed. Python delivers signals to the main thread
only, so in any other thread nothing is installed.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from asok_engine.dispatch.streams import Streams

__all__ = ["call_before_termination", "hold_termination"]

#: For how long a worker waits for clients that do not answer a close; less than servers give a worker.
HOLD_SECONDS = 1.0
_LOOK_SECONDS = 0.02
#: For the last word to the last client: granian sends it on threads of its own.
_LAST_WORD_SECONDS = 0.1


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


def hold_termination(loop: asyncio.AbstractEventLoop, streams: Streams) -> bool:
    """On granian's loop, close the sockets after SIGTERM before granian hears of it; tell whether it is so.

    granian cuts sockets as soon as it is told to stop. It has set its handlers by now, the same
    for SIGTERM and SIGINT, and gives them to nobody: so SIGTERM becomes ours, and goes on as
    SIGINT. A second one goes on at once.
    """
    if threading.current_thread() is not threading.main_thread():
        return False
    is_asked = False

    def asked() -> None:
        nonlocal is_asked
        # Also where nothing is open any more: the end may have been called just before.
        holds = bool(streams.still_open) and not is_asked
        is_asked = True
        streams.end()
        if holds:
            look(loop.time() + HOLD_SECONDS)
        else:
            go_on()

    def look(until: float) -> None:
        if streams.has_more_open and loop.time() < until:
            loop.call_later(_LOOK_SECONDS, look, until)
        else:
            loop.call_later(_LAST_WORD_SECONDS, go_on)

    def go_on() -> None:
        signal.raise_signal(signal.SIGINT)

    try:
        loop.add_signal_handler(signal.SIGTERM, asked)
    except NotImplementedError:
        return False
    return True


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
