"""Counters in Redis: one count for all processes and hosts.

One script call per hit, so that reading and counting cannot be torn apart. When
Redis does not answer, a hit raises: a limit that opens in silence is no limit.
Works on Redis from 5 on and on Valkey; all keys expire by themselves.
"""

from __future__ import annotations

from typing import Any

from asok_engine.backends.counters.contract import Verdict
from asok_engine.backends.counters.window import bounded_key, refused
from asok_engine.backends.redis_link import RedisLink, Script

__all__ = ["RedisCounters"]

# Gives {allowed, current, previous, late}; late: another host's clock is one window ahead.
COUNT = Script("""
local kept = redis.call('HMGET', KEYS[1], 'i', 'c', 'p')
local index, share, limit = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local current, previous, late = 0, 0, 0
local stored = tonumber(kept[1] or '')
if stored then
  local age = index - stored
  if age == 0 or age == -1 then
    current, previous = tonumber(kept[2]) or 0, tonumber(kept[3]) or 0
    if age == -1 then index, share, late = stored, 1, 1 end
  elseif age == 1 then
    previous = tonumber(kept[2]) or 0
  end
end
if previous * share + current + 1 > limit then return {0, current, previous, late} end
redis.call('HSET', KEYS[1], 'i', string.format('%.0f', index), 'c', current + 1, 'p', previous)
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return {1, current, previous, late}
""")

# A hit of the window before last has faded anyway.
TAKE_BACK = Script("""
local kept = redis.call('HMGET', KEYS[1], 'i', 'c')
local stored, current = tonumber(kept[1] or ''), tonumber(kept[2] or '')
if stored and current and current > 0 and math.abs(tonumber(ARGV[1]) - stored) <= 1 then
  redis.call('HSET', KEYS[1], 'c', current - 1)
end
return 0
""")


class RedisCounters:
    """Count in Redis, under keys that start with `prefix`.

    `link` may be shared with other backends; closing this closes it.
    """

    def __init__(self, link: RedisLink, prefix: str = "asok:rate:") -> None:
        self._link = link
        self._prefix = prefix

    def hit(self, key: str, limit: int, window_seconds: float, now: float) -> Verdict:
        """Count one hit for `key` unless `limit` hits fell into the last window.

        Raises:
            BackendUnavailable: Redis does not answer.
        """
        keys, arguments, share = self._call(key, limit, window_seconds, now)
        reply = self._link.run_script(COUNT, keys, arguments)
        return _verdict(reply, limit, window_seconds, share)

    async def hit_async(self, key: str, limit: int, window_seconds: float, now: float) -> Verdict:
        """Do what `hit` does over the connection of the running event loop."""
        keys, arguments, share = self._call(key, limit, window_seconds, now)
        reply = await self._link.run_script_async(COUNT, keys, arguments)
        return _verdict(reply, limit, window_seconds, share)

    def take_back(self, key: str, window_seconds: float, now: float) -> None:
        """Take back one accepted hit of `key`; does nothing without one.

        Raises:
            BackendUnavailable: Redis does not answer.
        """
        arguments = (int(now / window_seconds),)
        self._link.run_script(TAKE_BACK, (self._name(key, window_seconds),), arguments)

    async def take_back_async(self, key: str, window_seconds: float, now: float) -> None:
        """Do what `take_back` does over the connection of the running event loop."""
        arguments = (int(now / window_seconds),)
        await self._link.run_script_async(TAKE_BACK, (self._name(key, window_seconds),), arguments)

    def close(self) -> None:
        """Close the synchronous connections."""
        self._link.close()

    async def close_async(self) -> None:
        """Close the connections of the running event loop and the synchronous ones."""
        await self._link.close_async()

    def _call(
        self, key: str, limit: int, window_seconds: float, now: float
    ) -> tuple[tuple[str], tuple[int, str, int, int], float]:
        position = now / window_seconds
        index = int(position)
        share = 1.0 - (position - index)
        name = self._name(key, window_seconds)
        # Two windows cover every use of a count; one millisecond keeps tiny windows legal.
        lifetime = int(window_seconds * 2000) + 1
        return (name,), (index, f"{share:.9f}", limit, lifetime), share

    def _name(self, key: str, window_seconds: float) -> str:
        return f"{self._prefix}{window_seconds:g}:{bounded_key(key)}"


def _verdict(reply: Any, limit: int, window_seconds: float, share: float) -> Verdict:
    allowed, current, previous, late = (int(part) for part in reply)
    if late:
        share = 1.0
    if allowed:
        return Verdict(True, int(limit - previous * share - current) - 1, 0.0)
    return refused(limit, window_seconds, current, previous, share)
