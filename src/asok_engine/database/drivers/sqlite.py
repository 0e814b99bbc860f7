"""SQLite through the standard library: connections to one file, or to one database in memory.

A file is in WAL mode: readers and one writer do not disturb each other. Who writes
takes the file's lock of this process first, so that threads stand in a queue and
only processes have to try again and again. A connection may move between threads
and is used by one at a time. Source: sqlite.org/wal.html, sqlite.org/pragma.html.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from asok_engine.database.drivers.contract import Isolation, Link, Row
from asok_engine.database.drivers.sessions import with_names
from asok_engine.database.failures import sqlite_failure, value_failure
from asok_engine.database.urls import DatabaseOptions
from asok_engine.errors import DatabaseError, LockUnavailable, TransactionFailed, UsageError
from asok_engine.sql.compiler import Returns
from asok_engine.sql.dialects.sqlite import SqliteDialect

__all__ = ["SqliteConnection", "SqliteFile"]

#: SQLite's own waiting cannot be interrupted, so it waits in slices and is asked in between.
_BUSY_SLICE_SECONDS: Final = 0.1
#: How many instructions of its machine SQLite does, some tenths of a millisecond, before it asks.
_STEPS_PER_LOOK: Final = 20_000

_ERRORS: Final = (sqlite3.Error, sqlite3.Warning, UnicodeEncodeError, OverflowError)


class SqliteFile:
    """What the connections to one database share: its options, and the lock of this process's writers."""

    def __init__(self, options: DatabaseOptions) -> None:
        self.options = options
        self.write_lock = threading.Lock()
        self.wait_seconds = options.busy_timeout or threading.TIMEOUT_MAX
        #: The event loop whose task has a transaction open, if one has.
        self.holder: asyncio.AbstractEventLoop | None = None

    @property
    def is_there(self) -> bool:
        """Whether the database has been made; one in memory always has."""
        return self.options.is_in_memory or Path(self.options.name).exists()

    def lock(self) -> None:
        """Wait for the writers of this process.

        Raises:
            LockUnavailable: one of them has taken too long.
            UsageError: it is a task of the loop that runs in this very thread, which could not go on.
        """
        # The common case first, without the price of a timeout.
        if self.write_lock.acquire(blocking=False):
            return
        if self.holder is not None and asyncio._get_running_loop() is self.holder:
            raise UsageError(
                f"Plain code on an event loop was about to wait for {self.options.address}, in which a task "
                "of the same loop has a transaction open.",
                fix="Use the async form of this call.",
            )
        if not self.write_lock.acquire(timeout=self.wait_seconds):
            raise LockUnavailable(
                f"Another thread of this process held the database {self.options.address} for more than "
                f"{self.wait_seconds:g} s.",
                fix="Make transactions short, or raise busy_timeout in the address of the database.",
            )

    def unlock(self) -> None:
        """Let the next writer of this process in."""
        self.holder = None
        self.write_lock.release()


class SqliteConnection(Link):
    """One connection to a file; `is_reader` refuses every change.

    Raises:
        DatabaseUnavailable: the file cannot be opened, or is no database.
    """

    def __init__(self, file: SqliteFile, *, is_reader: bool = False) -> None:
        super().__init__()
        options = file.options
        self._file = file
        self._limit = options.statement_timeout
        self._holds_lock = False
        self._only_reads = False
        #: The time at which the running statement is to be stopped; 0 while none runs.
        self._deadline = 0.0
        self._is_stopped = False
        try:
            self._link = sqlite3.connect(
                options.name or ":memory:",
                timeout=_BUSY_SLICE_SECONDS,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=max(options.statement_cache_size, 1),
            )
        except sqlite3.Error as error:
            name = getattr(error, "sqlite_errorname", "")
            raise sqlite_failure(name, f"{error}: {options.name}") from error
        self._execute = self._link.execute
        try:
            self._set_up(options, is_reader)
        except DatabaseError:
            self._link.close()
            raise
        if self._limit:
            # Why no thread with a clock: where a process has a second thread, every row of SQLite costs a
            # third more, because no lock can be left out.
            self._link.set_progress_handler(self._is_late, _STEPS_PER_LOOK)

    def _set_up(self, options: DatabaseOptions, is_reader: bool) -> None:
        if not options.is_in_memory:
            # Why retried: the change of the journal's mode does not wait for others by itself.
            self._patiently("PRAGMA journal_mode = WAL", (), "rows")
        pragmas = {
            "synchronous": "FULL" if options.durable else "NORMAL",
            "foreign_keys": "ON",
            "mmap_size": 256 * 1024 * 1024,
            "journal_size_limit": 64 * 1024 * 1024,
            "temp_store": "MEMORY",
        }
        if is_reader:
            pragmas["query_only"] = "ON"
        for name, value in pragmas.items():
            self._patiently(f"PRAGMA {name} = {value}", (), "rows")
        for name, count, function in SqliteDialect.functions:
            self._link.create_function(name, count, function, deterministic=True)

    def run(self, text: str, parameters: Sequence[Any], returns: Returns) -> Any:
        """Run one statement: give all its rows, the number of rows affected, or the inserted key."""
        self.statements += 1
        if self._limit:
            self._deadline = time.monotonic() + self._limit
        try:
            if returns == "rows":
                return self._execute(text, parameters).fetchall()
            cursor = self._execute(text, parameters)
            if returns == "named":
                return with_names(cursor.description, cursor.fetchall())
            return cursor.rowcount if returns == "count" else cursor.lastrowid
        except _ERRORS as error:
            if not self._is_busy(error):
                raise self._failure(error, text) from error
            return self._patiently(text, parameters, returns)
        finally:
            self._deadline = 0.0

    def _is_busy(self, error: Exception) -> bool:
        # A busy statement inside of a transaction will not succeed by waiting: its view of the data is old.
        code = getattr(error, "sqlite_errorcode", None)
        return code == sqlite3.SQLITE_BUSY and not self._link.in_transaction

    def _patiently(self, text: str, parameters: Sequence[Any], returns: Returns) -> Any:
        """Run a statement again and again until it finds the file free."""
        give_up_at = time.monotonic() + self._file.wait_seconds
        while True:
            try:
                cursor = self._execute(text, parameters)
                if returns == "rows":
                    return cursor.fetchall()
                if returns == "named":
                    return with_names(cursor.description, cursor.fetchall())
                return cursor.rowcount if returns == "count" else cursor.lastrowid
            except _ERRORS as error:
                if not self._is_busy(error) or time.monotonic() > give_up_at or self._is_stopped:
                    raise self._failure(error, text) from error
                # A change of the journal's mode is refused at once, without having waited.
                time.sleep(0.002)

    def run_many(self, text: str, rows: Sequence[Sequence[Any]]) -> int:
        """Run one text with many rows of parameters; give how many rows were affected."""
        self.statements += 1
        if self._limit:
            self._deadline = time.monotonic() + self._limit
        try:
            return self._link.executemany(text, rows).rowcount
        except _ERRORS as error:
            raise self._failure(error, text) from error
        finally:
            self._deadline = 0.0

    def stream(self, text: str, parameters: Sequence[Any], size: int) -> Iterator[Sequence[Row]]:
        """Read rows in pieces of at most `size`."""
        self.statements += 1
        cursor = self._link.cursor()
        try:
            self._start_clock()
            cursor.execute(text, parameters)
            while rows := cursor.fetchmany(size):
                self._deadline = 0.0
                yield rows
                self._start_clock()
        except _ERRORS as error:
            raise self._failure(error, text) from error
        finally:
            self._deadline = 0.0
            cursor.close()

    def _start_clock(self) -> None:
        if self._limit:
            self._deadline = time.monotonic() + self._limit

    def begin(self, *, writes: bool, isolation: Isolation) -> None:
        """Begin a transaction; every one is serializable, one that writes keeps other writers out."""
        if not writes:
            self.run("BEGIN", (), "count")
            self._execute("PRAGMA query_only = ON")
            self._only_reads = True
            return
        self._file.lock()
        self._holds_lock = True
        try:
            self.run("BEGIN IMMEDIATE", (), "count")
            self._file.holder = asyncio._get_running_loop()
        except BaseException:
            self._leave()
            raise

    def commit(self) -> None:
        """Commit the transaction."""
        try:
            if not self._link.in_transaction:
                raise TransactionFailed("SQLite has rolled this transaction back after an error in it.")
            # Why patiently: COMMIT may find a reader in its way, and then the transaction goes on.
            self._patiently("COMMIT", (), "count")
        finally:
            if not self._link.in_transaction:
                self._leave()

    def rollback(self) -> None:
        """Undo the transaction."""
        try:
            if self._link.in_transaction:
                self._execute("ROLLBACK")
        except sqlite3.Error as error:
            self.is_broken = True
            raise self._failure(error, "ROLLBACK") from error
        finally:
            self._leave()

    @property
    def has_lost_transaction(self) -> bool:  # type: ignore[override]
        """Whether SQLite has undone the transaction by itself, as it does when the disk is full."""
        return not self._link.in_transaction

    def _leave(self) -> None:
        if self._only_reads:
            self._only_reads = False
            self._execute("PRAGMA query_only = OFF")
        if self._holds_lock:
            self._holds_lock = False
            self._file.unlock()

    def interrupt(self) -> None:
        """Stop the statement that runs now, from any thread."""
        self._is_stopped = True
        self._link.interrupt()

    def proceed(self) -> None:
        """Forget that the connection was interrupted."""
        self._is_stopped = False

    def _is_late(self) -> bool:
        """Tell SQLite, which asks now and then, to stop a statement that has run for too long."""
        deadline = self._deadline
        return bool(deadline) and time.monotonic() > deadline

    def is_alive(self) -> bool:
        """A file does not go away."""
        return not self.is_broken

    def close(self) -> None:
        """Close it; an open transaction is rolled back."""
        self.is_broken = True
        self._leave()
        self._link.close()

    def _failure(self, error: Exception, text: str) -> DatabaseError:
        if isinstance(error, UnicodeEncodeError):
            return value_failure("a text is not valid Unicode", text)
        if isinstance(error, OverflowError):
            return value_failure("a number is out of range", text)
        return sqlite_failure(getattr(error, "sqlite_errorname", ""), str(error), text)
