"""A cache in Redis, shared by all processes and hosts.

Values are JSON text under a prefix; whole numbers are plain digits, so Redis adds
to them itself. What another program wrote there and JSON cannot read is a miss.
`flush` forgets the keys under the prefix only: sessions and queues may live in the
same database.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any

from asok_engine.backends.cache.single_flight import SingleFlight
from asok_engine.backends.cache.values import MISSING, decode, encode
from asok_engine.backends.redis_link import Argument, CommandRefused, RedisLink, Script
from asok_engine.errors import SetupError, UsageError

__all__ = ["RedisCache"]

ADD = Script("""
local fresh = redis.call('EXISTS', KEYS[1]) == 0
local total = redis.call('INCRBY', KEYS[1], ARGV[1])
if fresh and ARGV[2] ~= '' then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return total
""")
BATCH = 500


class RedisCache:
    """Keep values in Redis under keys that start with `prefix`.

    `link` may be shared with other backends; closing this closes it.

    Raises:
        SetupError: the prefix is empty; `flush` could then not tell its keys from others.
    """

    def __init__(
        self, link: RedisLink, prefix: str = "asok:cache:", *, default_ttl_seconds: float | None = None
    ) -> None:
        if not prefix:
            raise SetupError(
                "RedisCache got an empty prefix; without one, flushing the cache would also delete "
                "sessions and jobs in the same database. Give it a prefix such as 'myapp:'."
            )
        self._link = link
        self._prefix = prefix
        self._default_ttl = default_ttl_seconds
        self._flight = SingleFlight()

    def get(self, key: str, default: Any = None) -> Any:
        """Give the value of `key`, or `default` when there is none."""
        try:
            return _found(self._link.run("GET", self._prefix + key), default)
        except CommandRefused:
            # The key holds a list or a hash: not ours, so there is no value.
            return default

    async def get_async(self, key: str, default: Any = None) -> Any:
        """Do what `get` does over the connection of the running event loop."""
        try:
            return _found(await self._link.run_async("GET", self._prefix + key), default)
        except CommandRefused:
            return default

    def set(self, key: str, value: Any, ttl: float | None = None) -> None:
        """Keep `value` under `key` for `ttl` seconds.

        Raises:
            UsageError: the value has no JSON form.
        """
        self._link.run(*self._set(key, encode(key, value), ttl))

    async def set_async(self, key: str, value: Any, ttl: float | None = None) -> None:
        """Do what `set` does over the connection of the running event loop."""
        await self._link.run_async(*self._set(key, encode(key, value), ttl))

    def delete(self, key: str) -> bool:
        """Forget `key`; tell whether it was there."""
        return bool(self._link.run("DEL", self._prefix + key))

    async def delete_async(self, key: str) -> bool:
        """Do what `delete` does over the connection of the running event loop."""
        return bool(await self._link.run_async("DEL", self._prefix + key))

    def has(self, key: str) -> bool:
        """Tell whether `key` has a value."""
        return bool(self._link.run("EXISTS", self._prefix + key))

    async def has_async(self, key: str) -> bool:
        """Do what `has` does over the connection of the running event loop."""
        return bool(await self._link.run_async("EXISTS", self._prefix + key))

    def incr(self, key: str, amount: int = 1, ttl: float | None = None) -> int:
        """Add to a whole number in one step and give the sum.

        Raises:
            UsageError: the value of `key` is not a whole number.
        """
        try:
            return int(self._link.run_script(ADD, (self._prefix + key,), (amount, self._lifetime(ttl))))
        except CommandRefused as error:
            raise _not_a_number(key, error) from error

    async def incr_async(self, key: str, amount: int = 1, ttl: float | None = None) -> int:
        """Do what `incr` does over the connection of the running event loop."""
        arguments = (amount, self._lifetime(ttl))
        try:
            return int(await self._link.run_script_async(ADD, (self._prefix + key,), arguments))
        except CommandRefused as error:
            raise _not_a_number(key, error) from error

    def remember(self, key: str, ttl: float | None, fn: Callable[[], Any]) -> Any:
        """Give the value of `key`; when there is none, call `fn` and keep what it returns."""
        found = self.get(key, MISSING)
        if found is not MISSING:
            return found

        def compute() -> Any:
            data = encode(key, fn())
            self._link.run(*self._set(key, data, ttl))
            return decode(data)

        return self._flight.run(key, lambda: self.get(key, MISSING), compute)

    async def remember_async(
        self, key: str, ttl: float | None, fn: Callable[[], Awaitable[Any] | Any]
    ) -> Any:
        """Do what `remember` does for tasks of one event loop; `fn` may be plain or async."""
        found = await self.get_async(key, MISSING)
        if found is not MISSING:
            return found

        async def compute() -> Any:
            value = fn()
            if isawaitable(value):
                value = await value
            data = encode(key, value)
            await self._link.run_async(*self._set(key, data, ttl))
            return decode(data)

        return await self._flight.run_async(key, lambda: self.get_async(key, MISSING), compute)

    def flush(self) -> None:
        """Forget every key under the prefix."""
        cursor = b"0"
        while True:
            cursor, keys = self._link.run(*self._scan(cursor))
            if keys:
                self._link.run("UNLINK", *keys)
            if cursor in (0, b"0"):
                return

    async def flush_async(self) -> None:
        """Do what `flush` does over the connection of the running event loop."""
        cursor = b"0"
        while True:
            cursor, keys = await self._link.run_async(*self._scan(cursor))
            if keys:
                await self._link.run_async("UNLINK", *keys)
            if cursor in (0, b"0"):
                return

    def close(self) -> None:
        """Close the synchronous connections."""
        self._link.close()

    async def close_async(self) -> None:
        """Close the connections of the running event loop and the synchronous ones."""
        await self._link.close_async()

    def _lifetime(self, ttl: float | None) -> int | str:
        """Milliseconds as Redis wants them; empty for no end."""
        seconds = self._default_ttl if ttl is None else ttl
        if seconds is None or seconds == math.inf:
            return ""
        return max(math.ceil(seconds * 1000), 0)

    def _set(self, key: str, data: bytes, ttl: float | None) -> tuple[Argument, ...]:
        lifetime = self._lifetime(ttl)
        if lifetime == "":
            return "SET", self._prefix + key, data
        if lifetime == 0:
            return "DEL", self._prefix + key
        return "SET", self._prefix + key, data, "PX", lifetime

    def _scan(self, cursor: bytes | int) -> tuple[Argument, ...]:
        pattern = "".join(f"\\{c}" if c in "*?[]\\^" else c for c in self._prefix) + "*"
        return "SCAN", cursor, "MATCH", pattern, "COUNT", BATCH


def _found(data: bytes | None, default: Any) -> Any:
    if data is None:
        return default
    value = decode(data)
    return default if value is MISSING else value


def _not_a_number(key: str, error: CommandRefused) -> UsageError:
    return UsageError(f"The cache cannot add to {key!r}: its value is not a whole number ({error}).")
