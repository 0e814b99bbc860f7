"""Counters in the memory of one process.

For development, for one process, and for limits that may be counted per process.
The number of keys is bounded and no timer or thread cleans up: when the table is
full, what has run out goes first, then, among the oldest keys, the one with the
fewest hits. So a flood of fresh keys does not free a client that is being refused.
"""

from __future__ import annotations

from itertools import islice
from threading import Lock

from asok_engine.backends.counters.contract import Verdict
from asok_engine.backends.counters.window import bounded_key, refused
from asok_engine.errors import SetupError

__all__ = ["MemoryCounters"]

# How many of the oldest keys are compared when one has to go.
CANDIDATES = 16


class _Window:
    """The hits of one key: in the fixed window `index` and in the one before it."""

    __slots__ = ("current", "index", "previous")

    def __init__(self, index: int, current: int, previous: int) -> None:
        self.index = index
        self.current = current
        self.previous = previous


class MemoryCounters:
    """Count in this process, for at most `max_keys` keys at a time."""

    def __init__(self, max_keys: int = 20_000) -> None:
        if max_keys < 1:
            raise SetupError(f"MemoryCounters got max_keys={max_keys!r}; it needs room for at least one key.")
        self._max_keys = max_keys
        self._lock = Lock()
        # Ordered by the time of the last change of window, so the oldest is in front.
        self._windows: dict[tuple[str, float], _Window] = {}
        self._sweep_in = 0

    def __len__(self) -> int:
        return len(self._windows)

    def hit(self, key: str, limit: int, window_seconds: float, now: float) -> Verdict:
        """Count one hit for `key` unless `limit` hits fell into the last window."""
        if len(key) > 200:
            key = bounded_key(key)
        position = now / window_seconds
        index = int(position)
        share = 1.0 - (position - index)
        name = (key, window_seconds)
        with self._lock:
            window = self._windows.get(name)
            if window is None:
                if len(self._windows) >= self._max_keys:
                    self._make_room(now)
                window = self._windows[name] = _Window(index, 0, 0)
            elif window.index != index:
                age = index - window.index
                if age == -1:
                    # Two threads took the time on both sides of the border: same window, at its start.
                    share = 1.0
                else:
                    window.previous = window.current if age == 1 else 0
                    window.current = 0
                    window.index = index
                    del self._windows[name]
                    self._windows[name] = window
            current = window.current
            used = window.previous * share + current
            if used + 1 <= limit:
                window.current = current + 1
                return Verdict(True, int(limit - used) - 1, 0.0)
            return refused(limit, window_seconds, current, window.previous, share)

    async def hit_async(self, key: str, limit: int, window_seconds: float, now: float) -> Verdict:
        """Do what `hit` does; nothing here waits."""
        return self.hit(key, limit, window_seconds, now)

    def take_back(self, key: str, window_seconds: float, now: float) -> None:
        """Take back one accepted hit of `key`; does nothing without one."""
        name = (bounded_key(key) if len(key) > 200 else key, window_seconds)
        with self._lock:
            window = self._windows.get(name)
            # A hit of the window before last has faded anyway.
            if (
                window is not None
                and window.current > 0
                and abs(int(now / window_seconds) - window.index) <= 1
            ):
                window.current -= 1

    async def take_back_async(self, key: str, window_seconds: float, now: float) -> None:
        """Do what `take_back` does; nothing here waits."""
        self.take_back(key, window_seconds, now)

    def close(self) -> None:
        """Forget every count."""
        with self._lock:
            self._windows.clear()

    async def close_async(self) -> None:
        """Forget every count."""
        self.close()

    def _make_room(self, now: float) -> None:
        windows = self._windows
        if self._sweep_in <= 0:
            # Why not at each call: a table full of live keys would be walked for every new one.
            self._sweep_in = self._max_keys // 4
            for name in [n for n, w in windows.items() if (w.index + 2) * n[1] <= now]:
                del windows[name]
            if len(windows) < self._max_keys:
                return
        self._sweep_in -= 1
        oldest = islice(windows.items(), CANDIDATES)
        victim = min(oldest, key=lambda item: item[1].current + item[1].previous)
        del windows[victim[0]]
