"""A broadcast between the processes of one machine through a file, with nothing to install.

Publishers insert rows, in batches; listeners look at SQLite's change counter many
times a second, which costs microseconds, and read on from the last row they know.
Rows live for a minute: a process that was stopped for longer is told of a gap. One
thread does all of that, so no event loop waits for a disk. The file is no record of
anything and may be deleted while the application is stopped.

Source: sqlite.org/pragma.html, data_version.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from asok_engine.backends.broadcast.contract import Gap
from asok_engine.errors import BackendUnavailable, SetupError

__all__ = ["SqliteBroadcast"]

KEPT_SECONDS = 60.0
BUSY_SECONDS = 0.005
QUIET_SECONDS = 0.025
BUSY_FOR_SECONDS = 1.0
_log = logging.getLogger("asok.websocket")

Waiting = tuple[bytes, "asyncio.Future[None]"]


class SqliteBroadcast:
    """Carry messages through the database file `path`, which is made when it is missing.

    `clock` gives seconds since the epoch, the same for all processes of a machine.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._waiting: deque[Waiting] = deque()
        self._wake = threading.Event()
        self._worker: _Worker | None = None

    async def open(self, deliver: Callable[[bytes], None], gap: Callable[[Gap], None]) -> None:
        """Open the file and begin to listen; raises SetupError when it cannot be made."""
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        self._worker = _Worker(self._path, self._clock, loop, self._waiting, self._wake, deliver, gap, ready)
        self._worker.start()
        await ready

    async def publish(self, message: bytes) -> None:
        """Write one message, together with those that wait at the same moment."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((message, done))
        self._wake.set()
        await done

    async def close(self) -> None:
        """Stop listening."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.ending = True
            self._wake.set()
            # Why not join in a thread: while the interpreter ends there are none to be had.
            await worker.ended


class _Worker(threading.Thread):
    """The thread that has the file open."""

    def __init__(
        self,
        path: Path,
        clock: Callable[[], float],
        loop: asyncio.AbstractEventLoop,
        waiting: deque[Waiting],
        wake: threading.Event,
        deliver: Callable[[bytes], None],
        gap: Callable[[Gap], None],
        ready: asyncio.Future[None],
    ) -> None:
        super().__init__(name="asok-broadcast", daemon=True)
        self._path = path
        self._clock = clock
        self._loop = loop
        self._waiting = waiting
        self._wake = wake
        self._deliver = deliver
        self._gap = gap
        self._ready = ready
        self.ended: asyncio.Future[None] = loop.create_future()
        self._last = 0
        self._seen_version = -1
        self._next_clearing = 0.0
        self.ending = False

    def run(self) -> None:
        try:
            database = self._opened()
        except (sqlite3.Error, OSError) as error:
            self._tell(_fail, self._ready, _unusable(self._path, error))
            return
        self._tell(_succeed, self._ready)
        busy_until = 0.0
        try:
            while not self.ending:
                now = time.monotonic()
                self._wake.wait(BUSY_SECONDS if now < busy_until else QUIET_SECONDS)
                self._wake.clear()
                try:
                    wrote, read = self._write(database), self._read(database)
                except sqlite3.Error as error:
                    database = self._again(database, error)
                else:
                    if wrote or read:
                        busy_until = time.monotonic() + BUSY_FOR_SECONDS
        finally:
            while self._waiting:
                _, done = self._waiting.popleft()
                self._tell(_fail, done, BackendUnavailable("The broadcast was closed before it was sent."))
            database.close()
            self._tell(_succeed, self.ended)

    def _opened(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Why by hand: SQLite would make the file readable by everybody.
        with contextlib.suppress(FileExistsError):
            os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        database = sqlite3.connect(self._path, timeout=5, isolation_level=None, check_same_thread=False)
        database.execute("PRAGMA journal_mode=WAL")
        # Why off: a message that a crash of the machine loses has nobody left to hear it.
        database.execute("PRAGMA synchronous=OFF")
        database.execute(
            "CREATE TABLE IF NOT EXISTS messages (id INTEGER PRIMARY KEY AUTOINCREMENT, sent REAL, body BLOB)"
        )
        if not self._last:
            self._last = database.execute(
                "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'messages'"
            ).fetchone()[0]
        return database

    def _again(self, database: sqlite3.Connection, error: sqlite3.Error) -> sqlite3.Connection:
        """Open the file anew after an error, as long as that takes."""
        _log.error("The broadcast file %s failed: %s", self._path, error)
        database.close()
        while not self.ending:
            try:
                fresh = self._opened()
            except (sqlite3.Error, OSError):
                time.sleep(QUIET_SECONDS * 10)
                continue
            self._tell(self._gap, Gap(f"the broadcast file failed: {error}"))
            return fresh
        return database

    def _write(self, database: sqlite3.Connection) -> bool:
        batch: list[Waiting] = []
        while self._waiting:
            batch.append(self._waiting.popleft())
        if not batch:
            return False
        now = self._clock()
        try:
            database.execute("BEGIN IMMEDIATE")
            database.executemany(
                "INSERT INTO messages (sent, body) VALUES (?, ?)", [(now, body) for body, _ in batch]
            )
            if now >= self._next_clearing:
                self._next_clearing = now + KEPT_SECONDS / 4
                database.execute("DELETE FROM messages WHERE sent < ?", (now - KEPT_SECONDS,))
            database.execute("COMMIT")
        except sqlite3.Error as error:
            reason = BackendUnavailable(f"The broadcast file {self._path} did not take a message: {error}.")
            for _, done in batch:
                self._tell(_fail, done, reason)
            raise
        for _, done in batch:
            self._tell(_succeed, done)
        # The counter shows what others have written; what we have written we read as well.
        self._seen_version = -1
        return True

    def _read(self, database: sqlite3.Connection) -> bool:
        version = database.execute("PRAGMA data_version").fetchone()[0]
        if version == self._seen_version:
            return False
        rows = database.execute(
            "SELECT id, body FROM messages WHERE id > ? ORDER BY id LIMIT 1000", (self._last,)
        ).fetchall()
        if len(rows) < 1000:
            self._seen_version = version
        if not rows:
            return False
        missed = rows[0][0] - self._last - 1
        if missed:
            self._tell(self._gap, Gap("this process was stopped for longer than messages are kept", missed))
        self._last = rows[-1][0]
        self._tell(self._deliver_all, [body for _, body in rows])
        return True

    def _deliver_all(self, bodies: list[bytes]) -> None:
        for body in bodies:
            self._deliver(body)

    def _tell(self, call: Callable[..., None], *arguments: object) -> None:
        try:
            self._loop.call_soon_threadsafe(call, *arguments)
        except RuntimeError:
            # The loop has closed: nobody listens any more.
            self.ending = True


def _succeed(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _fail(future: asyncio.Future[None], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)


def _unusable(path: Path, error: Exception) -> SetupError:
    return SetupError(
        f"The broadcast file {path} cannot be used: {error}.",
        fix="Give WS_ADAPTER another value, or let the application write to that folder.",
    )
