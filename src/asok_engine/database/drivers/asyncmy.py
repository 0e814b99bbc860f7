"""MySQL and MariaDB on an event loop, through asyncmy.

Sessions are set up as in PyMySQL's file, and values have the same forms. A task that
is cancelled, or that has waited for too long, leaves its connection behind and tells
the server over another one to kill the statement. The library is imported here alone.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import asyncmy
import asyncmy.errors
from asyncmy.constants.CLIENT import FOUND_ROWS
from asyncmy.cursors import Cursor, SSCursor

from asok_engine.database.deadlines import Deadline
from asok_engine.database.drivers.contract import Isolation, Link, Row
from asok_engine.database.drivers.sessions import (
    GRACE_SECONDS,
    begin_mysql,
    mysql_settings,
    mysql_version,
    tls_context,
    with_names,
)
from asok_engine.database.failures import mysql_failure, unknown_commit, value_failure
from asok_engine.database.urls import DatabaseOptions
from asok_engine.errors import DatabaseError, QueryError, StatementTimeout
from asok_engine.sql.compiler import Returns

__all__ = ["AsyncmyConnection"]

_KILL_SECONDS: Final = 2.0
_ERRORS: Final = (asyncmy.errors.MySQLError, OSError, TimeoutError, UnicodeEncodeError, TypeError)


class _Cursor(Cursor):
    # Why silent: asyncmy would ask the server for its warnings and log them, with values in them.
    async def _show_warnings(self, conn: Any) -> None:
        return


class _StreamCursor(SSCursor):
    async def _show_warnings(self, conn: Any) -> None:
        return


class AsyncmyConnection(Link):
    """One connection; make it with `connect`."""

    def __init__(self, link: Any, options: DatabaseOptions) -> None:
        super().__init__()
        self._link = link
        self._options = options
        seconds = options.statement_timeout + GRACE_SECONDS if options.statement_timeout else None
        self._deadline = Deadline(seconds, self.terminate)
        self._stream: _Stream | None = None
        self.server_version, self.is_mariadb = mysql_version(link.get_server_info())

    @classmethod
    async def connect(cls, options: DatabaseOptions) -> AsyncmyConnection:
        """Open a connection.

        Raises:
            DatabaseUnavailable: the server does not answer, or does not let us in.
        """
        try:
            # Why here too: asyncmy bounds the opening of the socket, but not the greetings after it.
            async with asyncio.timeout(options.connect_timeout or None):
                link = await asyncmy.connect(**_address(options))
        except _ERRORS as error:
            raise mysql_failure(_number(error) or 2003, _message(error)) from error
        self = cls(link, options)
        try:
            await self._say(mysql_settings(options, is_mariadb=self.is_mariadb))
        except BaseException:
            self.terminate()
            raise
        return self

    async def run(self, text: str, parameters: Sequence[Any], returns: Returns) -> Any:
        """Run one statement: give all its rows, the number of rows affected, or the inserted key."""
        self.statements += 1
        if self._stream is not None:
            await self._make_way()
        cursor = _Cursor(self._link)
        try:
            with self._deadline:
                await cursor.execute(text, parameters)
                if returns == "rows":
                    return await cursor.fetchall()
                if returns == "named":
                    return with_names(cursor.description, await cursor.fetchall())
        except _ERRORS as error:
            raise self._failure(error, text) from error
        except asyncio.CancelledError:
            await self._kill()
            raise
        return cursor.rowcount if returns == "count" else cursor.lastrowid

    async def run_many(self, text: str, rows: Sequence[Sequence[Any]]) -> int:
        """Run one text with many rows of parameters; give how many rows were affected."""
        self.statements += 1
        if self._stream is not None:
            await self._make_way()
        try:
            with self._deadline:
                return await _Cursor(self._link).executemany(text, rows) or 0
        except _ERRORS as error:
            raise self._failure(error, text) from error
        except asyncio.CancelledError:
            await self._kill()
            raise

    async def stream(self, text: str, parameters: Sequence[Any], size: int) -> AsyncIterator[Sequence[Row]]:
        """Read rows in pieces of at most `size`; another statement meanwhile has the rest kept in memory."""
        self.statements += 1
        if self._stream is not None:
            await self._make_way()
        cursor = _StreamCursor(self._link)
        stream = self._stream = _Stream(cursor)
        try:
            with self._deadline:
                await cursor.execute(text, parameters)
            while rows := await stream.fetch(size):
                yield rows
        except _ERRORS as error:
            raise self._failure(error, text) from error
        except asyncio.CancelledError:
            await self._kill()
            raise
        finally:
            if self._stream is stream:
                self._stream = None
            if not self.is_broken and not stream.is_kept:
                # What was not read is read now and dropped, so that the connection is free.
                with contextlib.suppress(*_ERRORS):
                    while await cursor.fetchmany(1000):
                        pass
                    await cursor.close()

    async def _make_way(self) -> None:
        # The server sends the rows of a stream before anything else, so they have to be taken first.
        stream, self._stream = self._stream, None
        if stream is not None:
            try:
                await stream.keep_rest()
            except _ERRORS as error:
                raise self._failure(error, "") from error
            except asyncio.CancelledError:
                await self._kill()
                raise

    async def begin(self, *, writes: bool, isolation: Isolation) -> None:
        """Begin a transaction."""
        for text in begin_mysql(writes=writes, isolation=isolation):
            await self._say(text)

    async def commit(self) -> None:
        """Commit the transaction."""
        try:
            await self._say("COMMIT")
        except DatabaseError as error:
            if self.is_broken:
                raise unknown_commit(error) from error
            raise

    async def rollback(self) -> None:
        """Undo the transaction; a broken connection does nothing, because its server does it."""
        if not self.is_broken:
            await self._say("ROLLBACK")

    async def _say(self, text: str) -> None:
        if self._stream is not None:
            await self._make_way()
        try:
            with self._deadline:
                await self._link.query(text)
        except _ERRORS as error:
            raise self._failure(error, text) from error
        except asyncio.CancelledError:
            await self._kill()
            raise

    def is_alive(self) -> bool:
        """Tell whether the connection still stands, as far as the event loop has heard."""
        return not self.is_broken and self._link.connected and not self._link._stream_broken

    async def close(self) -> None:
        """Close it in order."""
        self.is_broken = True
        try:
            async with asyncio.timeout(_KILL_SECONDS):
                await self._link.ensure_closed()
        except (*_ERRORS, asyncio.CancelledError):
            self.terminate()

    def terminate(self) -> None:
        """Drop it at once."""
        self.is_broken = True
        with contextlib.suppress(*_ERRORS, RuntimeError):
            self._link.close()

    def _failure(self, error: Exception, text: str) -> DatabaseError:
        if isinstance(error, UnicodeEncodeError):
            return value_failure("a text is not valid Unicode", text)
        if isinstance(error, TypeError):
            return QueryError(f"A statement cannot be sent: {error}. It was: {text}")
        if isinstance(error, TimeoutError):
            self.terminate()
            return StatementTimeout("The database did not answer in time.", fix="Is it reachable?")
        if not self.is_alive() or not isinstance(error, asyncmy.errors.MySQLError):
            self.is_broken = True
        elif not _number(error):
            return QueryError(f"A statement cannot be sent: {error}. It was: {text}")
        return mysql_failure(_number(error), _message(error), text)

    async def _kill(self) -> None:
        """Part from this connection, and have the server end what it was asked for."""
        # Why not in a task of its own: a loop that ends would leave it behind.
        number = self._link.thread_id()
        self.terminate()
        await _kill(self._options, number)


class _Stream:
    """Rows on their way: from the server, or from memory after somebody else needed the connection."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor
        self._rest: list[Row] = []
        self.is_kept = False

    async def fetch(self, size: int) -> Sequence[Row]:
        if not self.is_kept:
            rows: Sequence[Row] = await self._cursor.fetchmany(size)
            return rows
        rows, self._rest = self._rest[:size], self._rest[size:]
        return rows

    async def keep_rest(self) -> None:
        self._rest = list(await self._cursor.fetchall())
        self.is_kept = True


def _address(options: DatabaseOptions) -> dict[str, Any]:
    return {
        "host": options.host,
        "port": options.port,
        "unix_socket": options.unix_socket or None,
        "user": options.user or None,
        "password": options.password,
        "database": options.name,
        "charset": "utf8mb4",
        "autocommit": True,
        "binary_prefix": True,
        "client_flag": FOUND_ROWS,
        "connect_timeout": options.connect_timeout or 3600,
        "ssl": tls_context(options),
        "program_name": options.application_name,
    }


async def _kill(options: DatabaseOptions, number: int) -> None:
    with contextlib.suppress(*_ERRORS):
        async with asyncio.timeout(_KILL_SECONDS):
            link = await asyncmy.connect(**_address(options))
            try:
                await link.cursor().execute(f"KILL {int(number)}")
            finally:
                await link.ensure_closed()


def _number(error: BaseException) -> int:
    return error.args[0] if error.args and isinstance(error.args[0], int) else 0


def _message(error: BaseException) -> str:
    return str(error.args[1]) if len(error.args) > 1 else str(error) or type(error).__name__
