"""Sessions in files, shared by the processes of one machine.

One file for each session, named by its handle, readable by its owner only, written
beside its place and moved there: a reader sees all of it or what was before. Changes
take turns through a lock on a file, so processes lose nothing of each other. When a
session was last used is the time of its file. A file that cannot be understood is
no session. Event loops read and write through a thread: a disk has no other way to wait.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from asok_engine.backends.file_tree import FileTree
from asok_engine.backends.sessions.contract import (
    MOVED_SECONDS,
    Changes,
    Lifetimes,
    NewSession,
    StoredSession,
)

__all__ = ["FileSessions"]

#: The time of a file is set anew after this share of SESSION_TTL, and after a minute at the latest.
RENEWAL_SHARE, RENEWAL_SECONDS = 0.1, 60.0


class _Record(Struct, tag="session", tag_field="kind"):
    created_at: float
    user_key: str
    is_remembered: bool
    values: dict[str, msgspec.Raw]


class _Moved(Struct, tag="moved", tag_field="kind"):
    to: str
    ends_at: float


_decoder = msgspec.json.Decoder(_Record | _Moved)
_encode = msgspec.json.encode


class FileSessions:
    """Keep sessions in files under `directory`, which is made when it is missing.

    `clock` gives seconds since the epoch; a test may pass its own. About every
    `clear_every` new sessions of a process the files that have run out are removed.

    Raises:
        SetupError: `directory` cannot be made or is a file.
    """

    waits = True

    def __init__(
        self,
        directory: str | os.PathLike[str],
        lifetimes: Lifetimes | None = None,
        *,
        clear_every: int = 500,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._tree = FileTree(directory, "session", "sessions")
        self._lifetimes = lifetimes or Lifetimes()
        self._renewal = min(RENEWAL_SECONDS, self._lifetimes.ttl_seconds * RENEWAL_SHARE)
        self._clear_every = clear_every
        self._clock = clock
        self._made = itertools.count(1)

    def load(self, handle: str) -> StoredSession | None:
        """Give a session and count this as its last use."""
        found = self._read(handle)
        if not isinstance(found, StoredSession):
            return None
        now = self._clock()
        if now - found.seen_at > self._renewal:
            with self._tree.outside("renew"), contextlib.suppress(FileNotFoundError):
                os.utime(self._tree.path(handle), (now, now))
        return found

    def create(self, session: NewSession) -> None:
        """Keep a session that has not been there."""
        self._keep(session, {})
        if next(self._made) % self._clear_every == 0:
            self.clear()

    def change(self, handle: str, changes: Changes) -> bool:
        """Set and remove keys of a session in one step; tell whether it was there."""
        with self._turn(handle) as found:
            if found is None:
                return False
            record = _Record(
                found.created_at, found.user_key, found.is_remembered, _changed(found.values, changes)
            )
            self._write(found.handle, record)
            return True

    def move(self, handle: str, session: NewSession) -> bool:
        """Give a session another handle, with changes, in one step; tell whether it was there."""
        with self._turn(handle) as found:
            if found is None:
                return False
            # The one that is new is there before the other is gone: a crash between them loses nothing.
            self._keep(session, found.values)
            self._write(found.handle, _Moved(session.handle, self._clock() + MOVED_SECONDS))
            self._forget_owner(found)
            return True

    def delete(self, handle: str) -> bool:
        """End a session; tell whether it was there."""
        with self._turn(handle) as found:
            if found is None:
                return False
            with self._tree.outside("delete"):
                self._tree.path(found.handle).unlink(missing_ok=True)
            self._forget_owner(found)
            return True

    def of_user(self, user_key: str) -> list[StoredSession]:
        """Give the sessions of one person, the one used last first."""
        folder = self._owners(user_key)
        with self._tree.outside("list"):
            try:
                handles = os.listdir(folder)
            except FileNotFoundError:
                return []
        sessions = []
        for handle in handles:
            found = self._read(handle)
            if isinstance(found, StoredSession) and found.user_key == user_key:
                sessions.append(found)
            else:
                with self._tree.outside("list"):
                    (folder / handle).unlink(missing_ok=True)
        return sorted(sessions, key=lambda session: session.seen_at, reverse=True)

    def gone(self, handles: Sequence[str]) -> list[str]:
        """Give those of these sessions that are not there any more."""
        return [handle for handle in handles if not isinstance(self._read(handle), StoredSession)]

    def check(self) -> None:
        """Write and read a file; raises BackendUnavailable when that fails."""
        probe = self._tree.root / f".check.{os.getpid()}"
        with self._tree.outside("write"):
            self._tree.make(self._tree.root)
            probe.write_bytes(b"here")
            probe.unlink(missing_ok=True)

    def close(self) -> None:
        """Do nothing: no file stays open."""

    async def load_async(self, handle: str) -> StoredSession | None:
        """Do what `load` does in a thread."""
        return await asyncio.to_thread(self.load, handle)

    async def create_async(self, session: NewSession) -> None:
        """Do what `create` does in a thread."""
        await asyncio.to_thread(self.create, session)

    async def change_async(self, handle: str, changes: Changes) -> bool:
        """Do what `change` does in a thread."""
        return await asyncio.to_thread(self.change, handle, changes)

    async def move_async(self, handle: str, session: NewSession) -> bool:
        """Do what `move` does in a thread."""
        return await asyncio.to_thread(self.move, handle, session)

    async def delete_async(self, handle: str) -> bool:
        """Do what `delete` does in a thread."""
        return await asyncio.to_thread(self.delete, handle)

    async def of_user_async(self, user_key: str) -> list[StoredSession]:
        """Do what `of_user` does in a thread."""
        return await asyncio.to_thread(self.of_user, user_key)

    async def gone_async(self, handles: Sequence[str]) -> list[str]:
        """Do what `gone` does in a thread."""
        return await asyncio.to_thread(self.gone, handles)

    async def check_async(self) -> None:
        """Do what `check` does in a thread."""
        await asyncio.to_thread(self.check)

    async def close_async(self) -> None:
        """Do nothing: no file stays open."""

    def clear(self) -> int:
        """Remove the files of sessions that have run out; give how many went."""
        gone = 0
        for path in self._tree.files():
            handle = path.parent.name + path.name
            with contextlib.suppress(OSError):
                dead = self._tree.is_left_behind(path)
                if dead is None:
                    dead = self._read(handle) is None
                if dead:
                    path.unlink(missing_ok=True)
                    gone += 1
        return gone

    # --- files ------------------------------------------------------------------------

    def _owners(self, user_key: str) -> Path:
        name = hashlib.sha256(user_key.encode("utf-8", "surrogatepass")).hexdigest()
        return self._tree.root / "users" / name

    def _read(self, handle: str) -> StoredSession | _Moved | None:
        """Give what a file says, or None when it is not there, not ours, or has run out."""
        read = self._tree.read(self._tree.path(handle))
        if read is None:
            return None
        data, seen_at = read
        try:
            record = _decoder.decode(data)
        except (ValueError, RecursionError):
            return None
        now = self._clock()
        if isinstance(record, _Moved):
            return record if record.ends_at > now else None
        if self._lifetimes.ends_at(record.created_at, seen_at, record.is_remembered) <= now:
            return None
        values = {key: bytes(value) for key, value in record.values.items()}
        return StoredSession(
            handle, values, record.created_at, seen_at, record.user_key, record.is_remembered
        )

    def _keep(self, session: NewSession, before: Mapping[str, bytes]) -> None:
        now = self._clock()
        values = _changed(before, session.values)
        self._write(session.handle, _Record(now, session.user_key, session.is_remembered, values))
        if session.user_key:
            self._tree.mark(self._owners(session.user_key) / session.handle)

    def _write(self, handle: str, record: _Record | _Moved) -> None:
        self._tree.write(self._tree.path(handle), _encode(record), self._clock())

    def _forget_owner(self, found: StoredSession) -> None:
        if found.user_key:
            with self._tree.outside("delete"):
                (self._owners(found.user_key) / found.handle).unlink(missing_ok=True)

    @contextlib.contextmanager
    def _turn(self, handle: str) -> Iterator[StoredSession | None]:
        """Have a session to oneself, where it is now; None when it is gone."""
        while True:
            # Few files for many sessions: two that meet in one wait a moment longer and no more.
            with self._tree.locked(f"locks/{handle[:2]}"):
                found = self._read(handle)
                if not isinstance(found, _Moved):
                    yield found
                    return
            handle = found.to


def _changed(values: Mapping[str, bytes], changes: Changes) -> dict[str, msgspec.Raw]:
    merged = {**values, **changes}
    return {key: msgspec.Raw(value) for key, value in merged.items() if value is not None}
