"""What a cache promises.

A cache may forget at any time and never invents: a value that was tampered with
or that cannot be read is a miss. Values are JSON (see `values.py`) in every
backend, so that code which works on a laptop works on Redis; what a caller gets
is its own copy. Every fulfilment passes `tests/contracts/test_cache.py`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

__all__ = ["Cache"]


class Cache(Protocol):
    """Keeps values under text keys for a time.

    `ttl` is in seconds and may be a fraction; None means the default of the cache,
    which is "until it is forgotten" unless the cache was made with another; zero or
    less forgets at once. Each method has a twin for event loops that ends in `_async`.

    All raise BackendUnavailable when the place that keeps the values does not answer.
    """

    def get(self, key: str, default: Any = None) -> Any:
        """Give the value of `key`, or `default` when there is none."""

    def set(self, key: str, value: Any, ttl: float | None = None) -> None:
        """Keep `value` under `key`.

        Raises:
            UsageError: the value has no JSON form.
        """

    def delete(self, key: str) -> bool:
        """Forget `key`; tell whether it was there."""

    def has(self, key: str) -> bool:
        """Tell whether `key` has a value."""

    def incr(self, key: str, amount: int = 1, ttl: float | None = None) -> int:
        """Add to a whole number in one step and give the sum.

        A key that is absent counts as 0 and gets `ttl`; one that is there keeps its time.

        Raises:
            UsageError: the value of `key` is not a whole number.
        """

    def remember(self, key: str, ttl: float | None, fn: Callable[[], Any]) -> Any:
        """Give the value of `key`; when there is none, call `fn` and keep what it returns.

        Threads of one process that miss the same key at the same time call `fn` once.
        """

    def flush(self) -> None:
        """Forget every key of this cache and nothing else."""

    def close(self) -> None:
        """Give back what the synchronous side holds."""

    async def get_async(self, key: str, default: Any = None) -> Any:
        """Do what `get` does without blocking the event loop."""

    async def set_async(self, key: str, value: Any, ttl: float | None = None) -> None:
        """Do what `set` does without blocking the event loop."""

    async def delete_async(self, key: str) -> bool:
        """Do what `delete` does without blocking the event loop."""

    async def has_async(self, key: str) -> bool:
        """Do what `has` does without blocking the event loop."""

    async def incr_async(self, key: str, amount: int = 1, ttl: float | None = None) -> int:
        """Do what `incr` does without blocking the event loop."""

    async def remember_async(
        self, key: str, ttl: float | None, fn: Callable[[], Awaitable[Any] | Any]
    ) -> Any:
        """Do what `remember` does for tasks of one event loop; `fn` may be plain or async."""

    async def flush_async(self) -> None:
        """Do what `flush` does without blocking the event loop."""

    async def close_async(self) -> None:
        """Give back what this event loop and the synchronous side hold."""
