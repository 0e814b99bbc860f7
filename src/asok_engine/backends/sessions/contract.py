"""What a session store promises.

A store keeps, for each session, values under text keys, each value JSON of its own.
It never sees the id that a visitor carries, only its hash (the handle), so whoever
reads the store can take over nobody. Changes are applied key by key in one step:
requests of one session that run at the same time lose nothing of each other, unless
they write the same key, whose last writer wins. A session that is gone is never
made again by a late change. A store that does not answer raises; it is never an
empty session. Every fulfilment passes `tests/contracts/test_sessions.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from msgspec import Struct

__all__ = ["MOVED_SECONDS", "Lifetimes", "NewSession", "SessionStore", "StoredSession"]

Changes = Mapping[str, bytes | None]

#: For how long late changes under an earlier handle still find the session that was moved.
MOVED_SECONDS: Final = 60.0


class Lifetimes(Struct, frozen=True):
    """How long sessions live.

    `ttl_seconds` is counted from the last use, `max_age_seconds` from the moment when the
    session got its id. A remembered session has only the second.
    """

    ttl_seconds: float = 86_400.0
    max_age_seconds: float = 2_592_000.0

    def ends_at(self, created_at: float, seen_at: float, is_remembered: bool) -> float:
        """Give the moment at which a session is forgotten if it is not used again."""
        latest = created_at + self.max_age_seconds
        return latest if is_remembered else min(latest, seen_at + self.ttl_seconds)


class NewSession(Struct, frozen=True):
    """What a session is made with, or moved with.

    `values` holds JSON by key; in a move None takes a key away. `user_key` names whose
    session it is, "" for nobody's.
    """

    handle: str
    values: Changes
    user_key: str = ""
    is_remembered: bool = False


class StoredSession(Struct, frozen=True):
    """A session as the store has it; times are seconds since the epoch."""

    handle: str
    values: Mapping[str, bytes]
    created_at: float
    seen_at: float
    user_key: str
    is_remembered: bool


class SessionStore(Protocol):
    """Keeps sessions by handle.

    Each method has a twin for event loops that ends in `_async`. `waits` tells that a
    call may wait for a disk or a network, so that an event loop must use the twins. All
    raise BackendUnavailable when the place that keeps the sessions does not answer.
    """

    waits: bool

    def load(self, handle: str) -> StoredSession | None:
        """Give a session and count this as its last use; None when there is none, or not any more."""

    def create(self, session: NewSession) -> None:
        """Keep a session that has not been there."""

    def change(self, handle: str, changes: Changes) -> bool:
        """Set and remove keys of a session in one step; tell whether it was there.

        Under the handle of a session that was moved a short while ago this changes the
        session that it became.
        """

    def move(self, handle: str, session: NewSession) -> bool:
        """Give a session another handle, with changes, in one step; tell whether it was there.

        The earlier handle is dead at once. Of requests that move one session at the same
        time each moves what the one before left, so that one session remains, with all changes.
        """

    def delete(self, handle: str) -> bool:
        """End a session, also one that was moved a short while ago; tell whether it was there."""

    def of_user(self, user_key: str) -> list[StoredSession]:
        """Give the sessions of one person, the one used last first; this counts as no use."""

    def gone(self, handles: Sequence[str]) -> list[str]:
        """Give those of these sessions that are not there any more; this counts as no use.

        A session that was moved is gone under its earlier handle.
        """

    def check(self) -> None:
        """Do nothing when sessions can be read and written, else raise BackendUnavailable."""

    def close(self) -> None:
        """Give back what the synchronous side holds."""

    async def load_async(self, handle: str) -> StoredSession | None:
        """Do what `load` does without blocking the event loop."""

    async def create_async(self, session: NewSession) -> None:
        """Do what `create` does without blocking the event loop."""

    async def change_async(self, handle: str, changes: Changes) -> bool:
        """Do what `change` does without blocking the event loop."""

    async def move_async(self, handle: str, session: NewSession) -> bool:
        """Do what `move` does without blocking the event loop."""

    async def delete_async(self, handle: str) -> bool:
        """Do what `delete` does without blocking the event loop."""

    async def of_user_async(self, user_key: str) -> list[StoredSession]:
        """Do what `of_user` does without blocking the event loop."""

    async def gone_async(self, handles: Sequence[str]) -> list[str]:
        """Do what `gone` does without blocking the event loop."""

    async def check_async(self) -> None:
        """Do what `check` does without blocking the event loop."""

    async def close_async(self) -> None:
        """Give back what this event loop and the synchronous side hold."""
