"""MySQL and MariaDB for plain code, through PyMySQL.

Sessions speak UTC and utf8mb4 in strict mode and read what others have committed;
an UPDATE counts the rows it found, not those it changed, as the other databases do.
Each statement is bounded by the server, where it can, and a moment later by the
socket. The library is imported here alone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import pymysql
from pymysql.constants import CLIENT
from pymysql.cursors import Cursor, SSCursor

from asok_engine.database.drivers.contract import Isolation, Link, Row
from asok_engine.database.drivers.sessions import (
    GRACE_SECONDS,
    begin_mysql,
    mysql_settings,
    mysql_version,
    readable,
    tls_context,
    with_names,
)
from asok_engine.database.failures import mysql_failure, unknown_commit, value_failure
from asok_engine.database.urls import DatabaseOptions
from asok_engine.errors import DatabaseError, QueryError, StatementTimeout
from asok_engine.sql.compiler import Returns

__all__ = ["PymysqlConnection"]

_ERRORS = (pymysql.MySQLError, OSError, UnicodeEncodeError, TypeError)


class PymysqlConnection(Link):
    """One connection.

    Raises:
        DatabaseUnavailable: the server does not answer, or does not let us in.
    """

    def __init__(self, options: DatabaseOptions) -> None:
        super().__init__()
        self._stream: _Stream | None = None
        limit = options.statement_timeout
        try:
            self._link: Any = pymysql.connect(
                host=options.host,
                port=options.port,
                unix_socket=options.unix_socket or None,
                user=options.user or None,
                password=options.password,
                database=options.name,
                charset="utf8mb4",
                autocommit=True,
                binary_prefix=True,
                client_flag=CLIENT.FOUND_ROWS,
                connect_timeout=max(1, round(options.connect_timeout)) if options.connect_timeout else 3600,
                # Why not the statement's yet: also the greetings are read, by a server that may be silent.
                read_timeout=options.connect_timeout or None,
                write_timeout=limit + GRACE_SECONDS if limit else None,
                ssl=tls_context(options),
                program_name=options.application_name,
            )
        except _ERRORS as error:
            self.is_broken = True
            raise self._failure(error, "") from error
        self._link._read_timeout = limit + GRACE_SECONDS if limit else None
        self.server_version, self.is_mariadb = mysql_version(self._link.get_server_info())
        try:
            self._say(mysql_settings(options, is_mariadb=self.is_mariadb))
        except DatabaseError:
            self.close()
            raise
        self._is_readable = readable(self._link._sock.fileno())

    def run(self, text: str, parameters: Sequence[Any], returns: Returns) -> Any:
        """Run one statement: give all its rows, the number of rows affected, or the inserted key."""
        self.statements += 1
        self._make_way()
        cursor = Cursor(self._link)
        try:
            cursor.execute(text, parameters)
        except _ERRORS as error:
            raise self._failure(error, text) from error
        if returns == "rows":
            return cursor.fetchall()
        if returns == "named":
            return with_names(cursor.description, cursor.fetchall())
        return cursor.rowcount if returns == "count" else cursor.lastrowid

    def run_many(self, text: str, rows: Sequence[Sequence[Any]]) -> int:
        """Run one text with many rows of parameters; give how many rows were affected."""
        self.statements += 1
        self._make_way()
        try:
            return Cursor(self._link).executemany(text, rows) or 0
        except _ERRORS as error:
            raise self._failure(error, text) from error

    def stream(self, text: str, parameters: Sequence[Any], size: int) -> Iterator[Sequence[Row]]:
        """Read rows in pieces of at most `size`; another statement meanwhile has the rest kept in memory."""
        self.statements += 1
        self._make_way()
        cursor = SSCursor(self._link)
        stream = self._stream = _Stream(cursor)
        try:
            cursor.execute(text, parameters)
            while rows := stream.fetch(size):
                yield rows
        except _ERRORS as error:
            raise self._failure(error, text) from error
        finally:
            if self._stream is stream:
                self._stream = None
            if not self.is_broken:
                # What was not read is read now and dropped, so that the connection is free.
                with contextlib.suppress(*_ERRORS):
                    cursor.close()

    def _make_way(self) -> None:
        # The server sends the rows of a stream before anything else, so they have to be taken first.
        stream, self._stream = self._stream, None
        if stream is not None:
            try:
                stream.keep_rest()
            except _ERRORS as error:
                raise self._failure(error, "") from error

    def begin(self, *, writes: bool, isolation: Isolation) -> None:
        """Begin a transaction."""
        for text in begin_mysql(writes=writes, isolation=isolation):
            self._say(text)

    def commit(self) -> None:
        """Commit the transaction."""
        try:
            self._say("COMMIT")
        except DatabaseError as error:
            if self.is_broken:
                raise unknown_commit(error) from error
            raise

    def rollback(self) -> None:
        """Undo the transaction; a broken connection does nothing, because its server does it."""
        if not self.is_broken:
            self._say("ROLLBACK")

    def _say(self, text: str) -> None:
        self._make_way()
        try:
            self._link.query(text)
        except _ERRORS as error:
            raise self._failure(error, text) from error

    def is_alive(self) -> bool:
        """Tell whether the connection still stands: a server that hangs up makes it readable."""
        return not self.is_broken and not self._is_readable()

    def close(self) -> None:
        """Close the connection."""
        self.is_broken = True
        with contextlib.suppress(*_ERRORS):
            self._link.close()

    def _failure(self, error: Exception, text: str) -> DatabaseError:
        if isinstance(error, UnicodeEncodeError):
            return value_failure("a text is not valid Unicode", text)
        if isinstance(error, TypeError):
            return QueryError(f"A statement cannot be sent: {error}. It was: {text}")
        number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
        message = str(error.args[1]) if len(error.args) > 1 else str(error)
        link = getattr(self, "_link", None)
        if link is None or not link.open or not isinstance(error, pymysql.MySQLError):
            self.is_broken = True
            if number == 2013 and "timed out" in message:
                return StatementTimeout("The database did not answer in time.", fix="Is it reachable?")
            number = number if number >= 1000 else 0
        elif not number:
            return QueryError(f"A statement cannot be sent: {error}. It was: {text}")
        return mysql_failure(number, message, text)


class _Stream:
    """Rows on their way: from the server, or from memory after somebody else needed the connection."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor
        self._rest: list[Row] | None = None

    def fetch(self, size: int) -> Sequence[Row]:
        if self._rest is None:
            rows: Sequence[Row] = self._cursor.fetchmany(size)
            return rows
        rows, self._rest = self._rest[:size], self._rest[size:]
        return rows

    def keep_rest(self) -> None:
        self._rest = list(self._cursor.fetchall())
