"""One thread per process that looks at clocks, for code that cannot set a timer of its own.

Connections that are asked to stop at a deadline and pools with idle connections
register; each is looked at about as often as it says. The thread begins with the
first and ends with the last; it holds nothing alive, and a forked process has a new one.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from typing import Protocol

__all__ = ["Watched", "watch"]

_LONGEST_PAUSE_SECONDS = 1.0
_SHORTEST_PAUSE_SECONDS = 0.02


class Watched(Protocol):
    """Something that wants to see the time now and then."""

    def tick(self, now: float) -> float:
        """Do what is due; give in how many seconds to come back. Never raises, never waits."""
        ...


class _State:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.watched: weakref.WeakSet[Watched] = weakref.WeakSet()
        self.thread: threading.Thread | None = None
        self.wake = threading.Event()


_state = _State()


def watch(watched: Watched) -> None:
    """Call `watched.tick` from now on, until it is garbage."""
    state = _state
    with state.lock:
        state.watched.add(watched)
        if state.thread is None:
            state.thread = threading.Thread(target=_look, args=(state,), name="asok-watchdog", daemon=True)
            state.thread.start()
    state.wake.set()


def _look(state: _State) -> None:
    while True:
        with state.lock:
            found = list(state.watched)
            if not found:
                state.thread = None
                return
        now = time.monotonic()
        pause = min(watched.tick(now) for watched in found)
        del found
        if state.wake.wait(min(max(pause, _SHORTEST_PAUSE_SECONDS), _LONGEST_PAUSE_SECONDS)):
            state.wake.clear()


def _forget() -> None:
    global _state
    _state = _State()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
