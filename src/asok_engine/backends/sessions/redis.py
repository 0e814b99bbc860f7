"""Sessions in Redis, shared by all processes and hosts.

A session is a hash: a field for each value, so that changes touch only what they
change, and a few fields about it. Each deed is one script and one round trip. Redis
forgets sessions by itself; the set of a person's sessions is tidied when it is read.
Works on Redis from 5 on and on Valkey; not on a cluster, where the keys of one
script must live together.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from asok_engine.backends.redis_link import Argument, CommandRefused, RedisLink, Script
from asok_engine.backends.sessions.contract import (
    MOVED_SECONDS,
    Changes,
    Lifetimes,
    NewSession,
    StoredSession,
)

__all__ = ["RedisSessions"]

#: Where a session is now; ARGV[1] is the prefix in every script.
_HEAD = """
local prefix = ARGV[1]
local function head(handle)
  for hop = 1, 1000 do
    if redis.call('EXISTS', prefix .. handle) == 1 then return handle end
    handle = redis.call('GET', prefix .. 'moved:' .. handle)
    if not handle then return nil end
  end
  return nil
end
local function leave(handle)
  local user = redis.call('HGET', prefix .. handle, 'user')
  if user and user ~= '' then redis.call('SREM', prefix .. 'user:' .. user, handle) end
end
"""
#: From ARGV[i] on: how many fields are set, those with their values, the fields that go.
_APPLY = """
local function apply(key, i)
  local last = i + 2 * tonumber(ARGV[i])
  for at = i + 1, last, 2 do redis.call('HSET', key, ARGV[at], ARGV[at + 1]) end
  for at = last + 1, #ARGV do redis.call('HDEL', key, ARGV[at]) end
end
"""
#: ARGV 3 to 7: user, remembered, now, ttl and greatest age in milliseconds.
_MEET = """
local function meet(handle)
  local key = prefix .. handle
  redis.call('HSET', key, 'user', ARGV[3], 'remembered', ARGV[4], 'created', ARGV[5], 'seen', ARGV[5])
  local left = ARGV[7]
  if ARGV[4] == '0' and tonumber(ARGV[6]) < tonumber(left) then left = ARGV[6] end
  redis.call('PEXPIRE', key, left)
  if ARGV[3] ~= '' then
    redis.call('SADD', prefix .. 'user:' .. ARGV[3], handle)
    redis.call('PEXPIRE', prefix .. 'user:' .. ARGV[3], ARGV[7])
  end
end
"""
# ARGV: now, ttl, greatest age.
LOAD = Script("""
local all = redis.call('HGETALL', KEYS[1])
local fields = {}
for at = 1, #all, 2 do fields[all[at]] = all[at + 1] end
local created, seen = tonumber(fields['created'] or ''), tonumber(fields['seen'] or '')
local now = tonumber(ARGV[1])
if not created or not seen then return {} end
local left, unused = created + tonumber(ARGV[3]) - now, 1
if fields['remembered'] == '0' then
  unused = seen + tonumber(ARGV[2]) - now
  left = math.min(left, tonumber(ARGV[2]))
end
if left <= 0 or unused <= 0 then redis.call('DEL', KEYS[1]) return {} end
redis.call('HSET', KEYS[1], 'seen', ARGV[1])
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', left))
return all
""")
CREATE = Script(
    _HEAD + _APPLY + _MEET + "redis.call('DEL', KEYS[1]) apply(KEYS[1], 8) meet(ARGV[2]) return 1"
)
CHANGE = Script(
    _HEAD
    + _APPLY
    + """
local handle = head(ARGV[2])
if not handle then return 0 end
apply(prefix .. handle, 3)
return 1
"""
)
# ARGV[8]: the handle before; ARGV[9]: for how long it is followed, in milliseconds.
MOVE = Script(
    _HEAD
    + _APPLY
    + _MEET
    + """
local before = head(ARGV[8])
if not before then return 0 end
leave(before)
redis.call('RENAME', prefix .. before, KEYS[1])
redis.call('SET', prefix .. 'moved:' .. before, ARGV[2], 'PX', ARGV[9])
apply(KEYS[1], 10)
meet(ARGV[2])
return 1
"""
)
DELETE = Script(
    _HEAD
    + """
local handle = head(ARGV[2])
if not handle then return 0 end
leave(handle)
redis.call('DEL', prefix .. handle)
return 1
"""
)
OF_USER = Script(
    _HEAD
    + """
local found = {}
for _, handle in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  local all = redis.call('HGETALL', prefix .. handle)
  if #all == 0 then
    redis.call('SREM', KEYS[1], handle)
  else
    found[#found + 1] = {handle, all}
  end
end
return found
"""
)
# ARGV: prefix, now, ttl, greatest age, handles.
GONE = Script("""
local gone, now = {}, tonumber(ARGV[2])
for at = 5, #ARGV do
  local fields = redis.call('HMGET', ARGV[1] .. ARGV[at], 'created', 'seen', 'remembered')
  local created, seen = tonumber(fields[1] or ''), tonumber(fields[2] or '')
  if not created or not seen or created + tonumber(ARGV[4]) <= now
    or (fields[3] == '0' and seen + tonumber(ARGV[3]) <= now) then
    gone[#gone + 1] = ARGV[at]
  end
end
return gone
""")
#: How many handles one script is asked about, so that it holds up nobody else.
ASKED_AT_ONCE = 500
#: Before the names of fields that hold values.
VALUE = "="


class RedisSessions:
    """Keep sessions in Redis under keys that start with `prefix`.

    `link` may be shared with other backends; closing this closes it. `clock` gives
    seconds since the epoch; a test may pass its own.
    """

    waits = True

    def __init__(
        self,
        link: RedisLink,
        lifetimes: Lifetimes | None = None,
        prefix: str = "asok:session:",
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._link = link
        self._lifetimes = lifetimes or Lifetimes()
        self._prefix = prefix
        self._clock = clock
        self._limits = int(self._lifetimes.ttl_seconds * 1000), int(self._lifetimes.max_age_seconds * 1000)

    def load(self, handle: str) -> StoredSession | None:
        """Give a session and count this as its last use."""
        try:
            return self._stored(handle, self._link.run_script(LOAD, *self._load(handle)))
        except CommandRefused:
            # The key holds something else: not ours, so there is no session.
            return None

    async def load_async(self, handle: str) -> StoredSession | None:
        """Do what `load` does over the connection of the running event loop."""
        try:
            return self._stored(handle, await self._link.run_script_async(LOAD, *self._load(handle)))
        except CommandRefused:
            return None

    def create(self, session: NewSession) -> None:
        """Keep a session that has not been there."""
        self._link.run_script(CREATE, *self._create(session))

    async def create_async(self, session: NewSession) -> None:
        """Do what `create` does over the connection of the running event loop."""
        await self._link.run_script_async(CREATE, *self._create(session))

    def change(self, handle: str, changes: Changes) -> bool:
        """Set and remove keys of a session in one step; tell whether it was there."""
        return bool(self._link.run_script(CHANGE, (), (self._prefix, handle, *_fields(changes))))

    async def change_async(self, handle: str, changes: Changes) -> bool:
        """Do what `change` does over the connection of the running event loop."""
        arguments = (self._prefix, handle, *_fields(changes))
        return bool(await self._link.run_script_async(CHANGE, (), arguments))

    def move(self, handle: str, session: NewSession) -> bool:
        """Give a session another handle, with changes, in one step; tell whether it was there."""
        return bool(self._link.run_script(MOVE, *self._move(handle, session)))

    async def move_async(self, handle: str, session: NewSession) -> bool:
        """Do what `move` does over the connection of the running event loop."""
        return bool(await self._link.run_script_async(MOVE, *self._move(handle, session)))

    def delete(self, handle: str) -> bool:
        """End a session; tell whether it was there."""
        return bool(self._link.run_script(DELETE, (), (self._prefix, handle)))

    async def delete_async(self, handle: str) -> bool:
        """Do what `delete` does over the connection of the running event loop."""
        return bool(await self._link.run_script_async(DELETE, (), (self._prefix, handle)))

    def of_user(self, user_key: str) -> list[StoredSession]:
        """Give the sessions of one person, the one used last first."""
        return self._all(self._link.run_script(OF_USER, *self._of_user(user_key)))

    async def of_user_async(self, user_key: str) -> list[StoredSession]:
        """Do what `of_user` does over the connection of the running event loop."""
        return self._all(await self._link.run_script_async(OF_USER, *self._of_user(user_key)))

    def gone(self, handles: Sequence[str]) -> list[str]:
        """Give those of these sessions that are not there any more."""
        replies = [self._link.run_script(GONE, (), arguments) for arguments in self._asked(handles)]
        return [handle.decode() for reply in replies for handle in reply]

    async def gone_async(self, handles: Sequence[str]) -> list[str]:
        """Do what `gone` does over the connection of the running event loop."""
        asked = self._asked(handles)
        replies = [await self._link.run_script_async(GONE, (), arguments) for arguments in asked]
        return [handle.decode() for reply in replies for handle in reply]

    def check(self) -> None:
        """Ask Redis for a sign of life."""
        self._link.run("PING")

    async def check_async(self) -> None:
        """Do what `check` does over the connection of the running event loop."""
        await self._link.run_async("PING")

    def close(self) -> None:
        """Close the synchronous connections."""
        self._link.close()

    async def close_async(self) -> None:
        """Close the connections of the running event loop and the synchronous ones."""
        await self._link.close_async()

    def _now(self) -> int:
        return int(self._clock() * 1000)

    def _load(self, handle: str) -> tuple[tuple[str], tuple[int, int, int]]:
        return (self._prefix + handle,), (self._now(), *self._limits)

    def _asked(self, handles: Sequence[str]) -> Iterator[tuple[Argument, ...]]:
        for at in range(0, len(handles), ASKED_AT_ONCE):
            yield (self._prefix, self._now(), *self._limits, *handles[at : at + ASKED_AT_ONCE])

    def _meeting(self, session: NewSession) -> tuple[Argument, ...]:
        remembered = "1" if session.is_remembered else "0"
        return self._prefix, session.handle, session.user_key, remembered, self._now(), *self._limits

    def _create(self, session: NewSession) -> tuple[tuple[str], tuple[Argument, ...]]:
        arguments = (*self._meeting(session), *_fields(session.values))
        return (self._prefix + session.handle,), arguments

    def _move(self, handle: str, session: NewSession) -> tuple[tuple[str], tuple[Argument, ...]]:
        moved = handle, int(MOVED_SECONDS * 1000)
        arguments = (*self._meeting(session), *moved, *_fields(session.values))
        return (self._prefix + session.handle,), arguments

    def _of_user(self, user_key: str) -> tuple[tuple[str], tuple[str]]:
        return (f"{self._prefix}user:{user_key}",), (self._prefix,)

    def _all(self, reply: Any) -> list[StoredSession]:
        found = [self._stored(handle.decode(), fields) for handle, fields in reply]
        alive = [session for session in found if session is not None]
        return sorted(alive, key=lambda session: session.seen_at, reverse=True)

    def _stored(self, handle: str, reply: Any) -> StoredSession | None:
        fields = dict(zip(reply[::2], reply[1::2], strict=True))
        try:
            created_at, seen_at = int(fields[b"created"]) / 1000, int(fields[b"seen"]) / 1000
            user_key, is_remembered = fields[b"user"].decode(), fields[b"remembered"] == b"1"
            values = {name[1:].decode(): data for name, data in fields.items() if name[:1] == b"="}
        except (KeyError, ValueError):
            return None
        if self._lifetimes.ends_at(created_at, seen_at, is_remembered) <= self._clock():
            return None
        return StoredSession(handle, values, created_at, seen_at, user_key, is_remembered)


def _fields(changes: Changes) -> list[Argument]:
    kept = [(VALUE + key, data) for key, data in changes.items() if data is not None]
    gone = [VALUE + key for key, data in changes.items() if data is None]
    return [len(kept), *(part for pair in kept for part in pair), *gone]
