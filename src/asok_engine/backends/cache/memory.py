"""A cache in the memory of one process: the least recently used entry goes first.

For development and for one process; each worker has its own. Text, whole numbers,
true, false and None are kept as they are, everything else as JSON, so that a
value which is changed after it was read or written does not change the cache.
No timer or thread cleans up.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from threading import Lock
from typing import Any

from asok_engine.backends.cache.single_flight import SingleFlight
from asok_engine.backends.cache.values import MISSING, decode, encode
from asok_engine.errors import SetupError, UsageError

__all__ = ["MemoryCache"]


class MemoryCache:
    """Keep at most `max_entries` values in this process.

    `clock` gives seconds that never go back; a test may pass its own.
    """

    def __init__(
        self,
        max_entries: int = 10_000,
        *,
        default_ttl_seconds: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if max_entries < 1:
            raise SetupError(f"MemoryCache got max_entries={max_entries!r}; it needs room for at least one.")
        self._max_entries = max_entries
        self._default_ttl = math.inf if default_ttl_seconds is None else default_ttl_seconds
        self._clock = clock
        self._lock = Lock()
        self._flight = SingleFlight()
        # key: (value or its JSON, is it JSON, when it runs out)
        self._entries: OrderedDict[str, tuple[Any, bool, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: str, default: Any = None) -> Any:
        """Give the value of `key`, or `default` when there is none."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return default
            value, is_json, expires_at = entry
            if expires_at != math.inf and expires_at <= self._clock():
                del self._entries[key]
                return default
            self._entries.move_to_end(key)
        return decode(value) if is_json else value

    def set(self, key: str, value: Any, ttl: float | None = None) -> None:
        """Keep `value` under `key` for `ttl` seconds.

        Raises:
            UsageError: the value has no JSON form.
        """
        lifetime = self._default_ttl if ttl is None else ttl
        kind = type(value)
        is_json = not (value is None or kind is int or kind is bool or (kind is str and value.isascii()))
        kept = encode(key, value) if is_json else value
        if is_json and kind is str:
            # It has a JSON form and cannot be changed: nothing to copy.
            kept, is_json = value, False
        entries = self._entries
        with self._lock:
            if lifetime <= 0:
                entries.pop(key, None)
                return
            expires_at = lifetime if lifetime == math.inf else self._clock() + lifetime
            if key in entries:
                entries.move_to_end(key)
            elif len(entries) >= self._max_entries:
                entries.popitem(last=False)
            entries[key] = (kept, is_json, expires_at)

    def delete(self, key: str) -> bool:
        """Forget `key`; tell whether it was there."""
        with self._lock:
            entry = self._entries.pop(key, None)
        return entry is not None and entry[2] > self._clock()

    def has(self, key: str) -> bool:
        """Tell whether `key` has a value."""
        entry = self._entries.get(key)
        return entry is not None and entry[2] > self._clock()

    def incr(self, key: str, amount: int = 1, ttl: float | None = None) -> int:
        """Add to a whole number in one step and give the sum.

        Raises:
            UsageError: the value of `key` is not a whole number.
        """
        lifetime = self._default_ttl if ttl is None else ttl
        entries = self._entries
        with self._lock:
            now = self._clock()
            entry = entries.get(key)
            if entry is None or entry[2] <= now:
                total, expires_at = amount, now + lifetime
                if entry is None and len(entries) >= self._max_entries:
                    entries.popitem(last=False)
            else:
                value, is_json, expires_at = entry
                if is_json or type(value) is not int:
                    raise UsageError(f"The cache cannot add to {key!r}: its value is not a whole number.")
                total = value + amount
            entries[key] = (total, False, expires_at)
            entries.move_to_end(key)
        return total

    def remember(self, key: str, ttl: float | None, fn: Callable[[], Any]) -> Any:
        """Give the value of `key`; when there is none, call `fn` and keep what it returns."""
        found = self.get(key, MISSING)
        if found is not MISSING:
            return found

        def compute() -> Any:
            value = fn()
            self.set(key, value, ttl)
            return decode(encode(key, value))

        return self._flight.run(key, lambda: self.get(key, MISSING), compute)

    def flush(self) -> None:
        """Forget every key."""
        with self._lock:
            self._entries.clear()

    def close(self) -> None:
        """Forget every key."""
        self.flush()

    async def get_async(self, key: str, default: Any = None) -> Any:
        """Do what `get` does; nothing here waits."""
        return self.get(key, default)

    async def set_async(self, key: str, value: Any, ttl: float | None = None) -> None:
        """Do what `set` does; nothing here waits."""
        self.set(key, value, ttl)

    async def delete_async(self, key: str) -> bool:
        """Do what `delete` does; nothing here waits."""
        return self.delete(key)

    async def has_async(self, key: str) -> bool:
        """Do what `has` does; nothing here waits."""
        return self.has(key)

    async def incr_async(self, key: str, amount: int = 1, ttl: float | None = None) -> int:
        """Do what `incr` does; nothing here waits."""
        return self.incr(key, amount, ttl)

    async def remember_async(
        self, key: str, ttl: float | None, fn: Callable[[], Awaitable[Any] | Any]
    ) -> Any:
        """Do what `remember` does for tasks of one event loop; `fn` may be plain or async."""
        found = self.get(key, MISSING)
        if found is not MISSING:
            return found

        async def compute() -> Any:
            value = fn()
            if isawaitable(value):
                value = await value
            self.set(key, value, ttl)
            return decode(encode(key, value))

        async def look() -> Any:
            return self.get(key, MISSING)

        return await self._flight.run_async(key, look, compute)

    async def flush_async(self) -> None:
        """Forget every key."""
        self.flush()

    async def close_async(self) -> None:
        """Forget every key."""
        self.flush()
