"""Sessions in the memory of one process: for development and for one process.

Each worker would have its own, and a restart forgets all of them. When there is no
room, sessions of nobody that were not used for longest go first, so that a flood of
visitors signs nobody out while there is another way.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from threading import Lock

from asok_engine.backends.sessions.contract import (
    MOVED_SECONDS,
    Changes,
    Lifetimes,
    NewSession,
    StoredSession,
)
from asok_engine.errors import SetupError

__all__ = ["MemorySessions"]

#: How far the search for somebody to forget goes before it takes the first.
LONGEST_SEARCH = 100


class _Kept:
    __slots__ = ("created_at", "ends_at", "is_remembered", "seen_at", "user_key", "values")

    def __init__(self, values: dict[str, bytes], user_key: str, is_remembered: bool) -> None:
        self.values = values
        self.user_key = user_key
        self.is_remembered = is_remembered
        self.created_at = self.seen_at = self.ends_at = 0.0


class MemorySessions:
    """Keep at most `max_sessions` sessions in this process.

    `clock` gives seconds since the epoch; a test may pass its own.
    """

    waits = False

    def __init__(
        self,
        lifetimes: Lifetimes | None = None,
        *,
        max_sessions: int = 50_000,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if max_sessions < 1:
            raise SetupError(
                f"MemorySessions got max_sessions={max_sessions!r}; it needs room for at least one."
            )
        self._lifetimes = lifetimes or Lifetimes()
        self._max_sessions = max_sessions
        self._clock = clock
        self._lock = Lock()
        # By last use, the latest last.
        self._sessions: OrderedDict[str, _Kept] = OrderedDict()
        self._moved: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._users: dict[str, set[str]] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def load(self, handle: str) -> StoredSession | None:
        """Give a session and count this as its last use."""
        with self._lock:
            kept = self._alive(handle)
            if kept is None:
                return None
            kept.seen_at = self._clock()
            kept.ends_at = self._lifetimes.ends_at(kept.created_at, kept.seen_at, kept.is_remembered)
            self._sessions.move_to_end(handle)
            return _shown(handle, kept)

    def create(self, session: NewSession) -> None:
        """Keep a session that has not been there."""
        with self._lock:
            self._keep(session, {})

    def change(self, handle: str, changes: Changes) -> bool:
        """Set and remove keys of a session in one step; tell whether it was there."""
        with self._lock:
            kept = self._alive(self._head(handle))
            if kept is None:
                return False
            # A copy: what was loaded shares the dictionary.
            kept.values = _changed(kept.values, changes)
            return True

    def move(self, handle: str, session: NewSession) -> bool:
        """Give a session another handle, with changes, in one step; tell whether it was there."""
        with self._lock:
            head = self._head(handle)
            kept = self._alive(head)
            if kept is None:
                return False
            self._drop(head)
            self._keep(session, kept.values)
            self._moved[head] = session.handle, self._clock() + MOVED_SECONDS
            return True

    def delete(self, handle: str) -> bool:
        """End a session; tell whether it was there."""
        with self._lock:
            head = self._head(handle)
            return self._alive(head) is not None and self._drop(head)

    def of_user(self, user_key: str) -> list[StoredSession]:
        """Give the sessions of one person, the one used last first."""
        with self._lock:
            handles = list(self._users.get(user_key, ()))
            alive = [(handle, kept) for handle in handles if (kept := self._alive(handle)) is not None]
            found = [_shown(handle, kept) for handle, kept in alive]
        return sorted(found, key=lambda session: session.seen_at, reverse=True)

    def gone(self, handles: Sequence[str]) -> list[str]:
        """Give those of these sessions that are not there any more."""
        with self._lock:
            return [handle for handle in handles if self._alive(handle) is None]

    def check(self) -> None:
        """Do nothing: memory answers."""

    def close(self) -> None:
        """Forget every session."""
        with self._lock:
            self._sessions.clear()
            self._moved.clear()
            self._users.clear()

    async def load_async(self, handle: str) -> StoredSession | None:
        """Do what `load` does; nothing here waits."""
        return self.load(handle)

    async def create_async(self, session: NewSession) -> None:
        """Do what `create` does; nothing here waits."""
        self.create(session)

    async def change_async(self, handle: str, changes: Changes) -> bool:
        """Do what `change` does; nothing here waits."""
        return self.change(handle, changes)

    async def move_async(self, handle: str, session: NewSession) -> bool:
        """Do what `move` does; nothing here waits."""
        return self.move(handle, session)

    async def delete_async(self, handle: str) -> bool:
        """Do what `delete` does; nothing here waits."""
        return self.delete(handle)

    async def of_user_async(self, user_key: str) -> list[StoredSession]:
        """Do what `of_user` does; nothing here waits."""
        return self.of_user(user_key)

    async def gone_async(self, handles: Sequence[str]) -> list[str]:
        """Do what `gone` does; nothing here waits."""
        return self.gone(handles)

    async def check_async(self) -> None:
        """Do nothing: memory answers."""

    async def close_async(self) -> None:
        """Forget every session."""
        self.close()

    def _alive(self, handle: str) -> _Kept | None:
        kept = self._sessions.get(handle)
        if kept is not None and kept.ends_at <= self._clock():
            self._drop(handle)
            return None
        return kept

    def _head(self, handle: str) -> str:
        """Follow a session that was moved to where it is now."""
        now = self._clock()
        while self._moved and next(iter(self._moved.values()))[1] <= now:
            self._moved.popitem(last=False)
        while (moved := self._moved.get(handle)) is not None:
            handle = moved[0]
        return handle

    def _keep(self, session: NewSession, before: Mapping[str, bytes]) -> None:
        if len(self._sessions) >= self._max_sessions:
            self._make_room()
        kept = _Kept(_changed(before, session.values), session.user_key, session.is_remembered)
        kept.created_at = kept.seen_at = self._clock()
        kept.ends_at = self._lifetimes.ends_at(kept.created_at, kept.seen_at, kept.is_remembered)
        self._sessions[session.handle] = kept
        if session.user_key:
            self._users.setdefault(session.user_key, set()).add(session.handle)

    def _make_room(self) -> None:
        now = self._clock()
        victim = first = next(iter(self._sessions))
        for number, (handle, kept) in enumerate(self._sessions.items()):
            if not kept.user_key or kept.ends_at <= now:
                victim = handle
                break
            if number >= LONGEST_SEARCH:
                victim = first
                break
        self._drop(victim)

    def _drop(self, handle: str) -> bool:
        kept = self._sessions.pop(handle)
        if kept.user_key:
            handles = self._users[kept.user_key]
            handles.discard(handle)
            if not handles:
                del self._users[kept.user_key]
        return True


def _changed(values: Mapping[str, bytes], changes: Changes) -> dict[str, bytes]:
    merged = {**values, **changes}
    return {key: value for key, value in merged.items() if value is not None}


def _shown(handle: str, kept: _Kept) -> StoredSession:
    return StoredSession(
        handle, kept.values, kept.created_at, kept.seen_at, kept.user_key, kept.is_remembered
    )
