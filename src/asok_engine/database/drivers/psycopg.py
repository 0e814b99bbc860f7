"""PostgreSQL for plain code, through psycopg 3.

Parameters are `$1`, as asyncpg has them; results come in binary form. Sessions speak
UTC and UTF-8. JSON and network addresses stay text in both directions,
because the dialect reads and writes them. Each statement is bounded twice: by the
server's own timeout, and by ours a moment later, for a server that has fallen silent.
The library is imported here alone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, Final, cast

import psycopg
from psycopg.abc import PQGen
from psycopg.adapt import Loader
from psycopg.conninfo import make_conninfo
from psycopg.pq import ConnStatus, Format, TransactionStatus
from psycopg.types.net import CidrBinaryLoader, InetBinaryLoader
from psycopg.types.string import TextLoader

from asok_engine.database.drivers.contract import Isolation, Link, Row
from asok_engine.database.drivers.sessions import (
    GRACE_SECONDS,
    POSTGRESQL_TEXT_TYPES,
    begin_postgresql,
    postgresql_settings,
    readable,
    with_names,
)
from asok_engine.database.failures import postgresql_failure, unknown_commit, value_failure
from asok_engine.database.urls import DatabaseOptions
from asok_engine.errors import DatabaseError, QueryError, StatementTimeout, TransactionFailed
from asok_engine.sql.compiler import Returns

__all__ = ["PsycopgConnection"]

_ERRORS: Final = (psycopg.Error, OSError, UnicodeEncodeError)


class _JsonbLoader(Loader):
    """The text of a jsonb value, which follows a byte for the version of its form."""

    format = Format.BINARY

    def load(self, data: Any) -> str:
        return bytes(data[1:]).decode()


class _LabelLoader(Loader):
    """Types whose binary form is their text: json, and those that psycopg does not know, such as enums."""

    format = Format.BINARY

    def load(self, data: Any) -> str:
        return bytes(data).decode()


class _InetLoader(InetBinaryLoader):
    def load(self, data: Any) -> Any:
        return str(super().load(data))


class _CidrLoader(CidrBinaryLoader):
    def load(self, data: Any) -> Any:
        return str(super().load(data))


class _BoundedConnection(psycopg.Connection[Any]):
    """Gives up waiting for the server after `wait_seconds`."""

    wait_seconds: float | None = None

    def wait(self, gen: PQGen[Any], interval: float = 0.1, timeout: float | None = None) -> Any:
        """Do what psycopg does, with an end."""
        return super().wait(gen, interval, self.wait_seconds if timeout is None else timeout)


class PsycopgConnection(Link):
    """One connection.

    Raises:
        DatabaseUnavailable: the server does not answer, or does not let us in.
    """

    error_ends_transaction = True

    def __init__(self, options: DatabaseOptions) -> None:
        super().__init__()
        self._streams = 0
        address = make_conninfo(
            host=options.unix_socket or options.host,
            port=options.port,
            user=options.user or None,
            password=options.password or None,
            dbname=options.name,
            connect_timeout=max(1, round(options.connect_timeout)) if options.connect_timeout else None,
            sslmode=options.sslmode,
            sslrootcert=options.sslrootcert or None,
            client_encoding="utf8",
            application_name=options.application_name,
            options=" ".join(f"-c {name}={value}" for name, value in postgresql_settings(options).items()),
        )
        try:
            self._link = _BoundedConnection.connect(address, autocommit=True)
        except _ERRORS as error:
            self.is_broken = True
            raise self._failure(error, "") from error
        link = self._link
        if options.statement_timeout:
            link.wait_seconds = options.statement_timeout + GRACE_SECONDS
        link.prepare_threshold = 1 if options.statement_cache_size else None
        link.prepared_max = options.statement_cache_size or None
        for name in POSTGRESQL_TEXT_TYPES:
            link.adapters.register_loader(name, TextLoader)
        link.adapters.register_loader("json", _LabelLoader)
        link.adapters.register_loader("inet", _InetLoader)
        link.adapters.register_loader("cidr", _CidrLoader)
        link.adapters.register_loader("jsonb", _JsonbLoader)
        link.adapters.register_loader(0, _LabelLoader)
        self._cursor = psycopg.RawCursor(link)
        self._is_readable = readable(link.fileno())

    @property
    def server_version(self) -> tuple[int, ...]:
        """The version of the server."""
        number = self._link.info.server_version
        return number // 10000, number % 10000

    def run(self, text: str, parameters: Sequence[Any], returns: Returns) -> Any:
        """Run one statement: give all its rows, the number affected, or the first value of the first."""
        self.statements += 1
        cursor = self._cursor
        try:
            cursor.execute(cast("Any", text), parameters, binary=True)
            if returns == "count":
                return cursor.rowcount
            rows = cursor.fetchall()
        except psycopg.errors.FeatureNotSupported as error:
            if not self._forgets_plans(error):
                raise self._failure(error, text) from error
            return self.run(text, parameters, returns)
        except _ERRORS as error:
            raise self._failure(error, text) from error
        if returns == "named":
            return with_names(cursor.description, rows)
        return rows if returns == "rows" else rows[0][0]

    def _forgets_plans(self, error: psycopg.Error) -> bool:
        """Forget prepared statements after a migration of somebody else; tell whether to run it again."""
        if "cached plan" not in str(error):
            return False
        if self._link.info.transaction_status != TransactionStatus.IDLE:
            # The transaction is lost; the next user of this connection is spared.
            self.is_broken = True
            return False
        # Nothing was done: the server refuses such a plan before it begins.
        self._say("DEALLOCATE ALL")
        return True

    def run_many(self, text: str, rows: Sequence[Sequence[Any]]) -> int:
        """Run one text with many rows of parameters in one go; give how many rows were affected."""
        self.statements += 1
        cursor = self._cursor
        try:
            cursor.executemany(cast("Any", text), rows)
            return cursor.rowcount
        except _ERRORS as error:
            raise self._failure(error, text) from error

    def stream(self, text: str, parameters: Sequence[Any], size: int) -> Iterator[Sequence[Row]]:
        """Read rows in pieces of at most `size`, through a cursor of the server, inside of a transaction."""
        self.statements += 1
        self._streams += 1
        cursor = psycopg.RawServerCursor(self._link, f"asok_stream_{self._streams}")
        try:
            cursor.execute(cast("Any", text), parameters, binary=True)
            while rows := cursor.fetchmany(size):
                yield rows
        except _ERRORS as error:
            raise self._failure(error, text) from error
        finally:
            # After an error or a cut the server has closed it already, and would only complain.
            with contextlib.suppress(psycopg.Error):
                cursor.close()

    def begin(self, *, writes: bool, isolation: Isolation) -> None:
        """Begin a transaction."""
        self._say(begin_postgresql(writes=writes, isolation=isolation))

    def _say(self, text: str) -> None:
        try:
            self._cursor.execute(cast("Any", text), prepare=False)
        except _ERRORS as error:
            raise self._failure(error, text) from error

    def commit(self) -> None:
        """Commit the transaction."""
        try:
            self._say("COMMIT")
        except DatabaseError as error:
            if self.is_broken:
                raise unknown_commit(error) from error
            raise
        if self._cursor.statusmessage == "ROLLBACK":
            raise TransactionFailed(fix="Catch errors outside of the block.")

    def rollback(self) -> None:
        """Undo the transaction; a broken connection does nothing, because its server does it."""
        if not self.is_broken:
            self._say("ROLLBACK")

    def is_alive(self) -> bool:
        """Tell whether the connection still stands: a server that hangs up makes it readable."""
        if self.is_broken:
            return False
        if not self._is_readable():
            return True
        try:
            self._link.pgconn.consume_input()
        except psycopg.Error:
            self.is_broken = True
        # A note of the server that came while nobody asked is no reason to part, its last word is.
        return not self.is_broken and self._link.pgconn.status == ConnStatus.OK and not self._is_readable()

    def close(self) -> None:
        """Close the connection."""
        self.is_broken = True
        self._link.close()

    def _failure(self, error: Exception, text: str) -> DatabaseError:
        if isinstance(error, UnicodeEncodeError):
            return value_failure("a text is not valid Unicode", text)
        if isinstance(error, psycopg.errors.ConnectionTimeout) or not isinstance(error, psycopg.Error):
            self.is_broken = True
            return postgresql_failure("", str(error), text)
        if type(error).__name__ == "_WaitTimeout":
            # The server owes us an answer, so nothing else can be asked on this connection.
            self.is_broken = True
            return StatementTimeout("The database did not answer in time.", fix="Is it reachable?")
        code = error.sqlstate or ""
        if not code and isinstance(error, psycopg.DataError):
            return value_failure(str(error), text)
        link = getattr(self, "_link", None)
        if link is None or link.closed:
            self.is_broken = True
        elif not code:
            return QueryError(f"A statement cannot be sent: {error}.")
        said = error.diag
        return postgresql_failure(
            code,
            said.message_primary or str(error),
            text,
            table=said.table_name or "",
            column=said.column_name or "",
            constraint=said.constraint_name or "",
            detail=said.message_detail or "",
        )
