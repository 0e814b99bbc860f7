"""PostgreSQL on an event loop, through asyncpg.

Sessions speak UTC; JSON and network addresses stay text in both directions,
because the dialect reads and writes them. A task that is cancelled cancels its query
in the server; the connection is then closed, once the server has heard of it. Each
statement is bounded twice, as in psycopg's file. The library is imported here alone.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Any, Final

import asyncpg

from asok_engine.database.deadlines import Deadline
from asok_engine.database.drivers.contract import Isolation, Link, Row
from asok_engine.database.drivers.sessions import (
    GRACE_SECONDS,
    POSTGRESQL_TEXT_TYPES,
    begin_postgresql,
    postgresql_settings,
    tls_context,
)
from asok_engine.database.failures import postgresql_failure, unknown_commit, value_failure
from asok_engine.database.urls import DatabaseOptions
from asok_engine.errors import DatabaseError, QueryError, StatementTimeout, TransactionFailed
from asok_engine.sql.compiler import Returns

__all__ = ["AsyncpgConnection"]

_CLOSE_SECONDS: Final = 5.0
#: Days are counted from this one.
_FIRST_DAY: Final = date(2000, 1, 1).toordinal()
_LAST_DAY: Final = date.max.toordinal()
_ERRORS: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
    UnicodeEncodeError,
)


class AsyncpgConnection(Link):
    """One connection; make it with `connect`."""

    error_ends_transaction = True
    many_is_atomic = True

    def __init__(self, link: Any, options: DatabaseOptions) -> None:
        super().__init__()
        self._link = link
        seconds = options.statement_timeout + GRACE_SECONDS if options.statement_timeout else None
        self._deadline = Deadline(seconds, self.terminate)
        self._fetch = link.fetch
        self._is_closed = link.is_closed

    @classmethod
    async def connect(cls, options: DatabaseOptions) -> AsyncpgConnection:
        """Open a connection.

        Raises:
            DatabaseUnavailable: the server does not answer, or does not let us in.
        """
        settings = dict(postgresql_settings(options))
        settings["application_name"] = options.application_name
        try:
            link = await asyncpg.connect(
                host=options.unix_socket or options.host,
                port=options.port,
                user=options.user or None,
                password=options.password or None,
                database=options.name,
                timeout=options.connect_timeout or None,
                ssl=tls_context(options) or options.sslmode,
                server_settings=settings,
                statement_cache_size=options.statement_cache_size,
                # Why none: what is unused makes room for what is used, and a timer per statement costs.
                max_cached_statement_lifetime=0,
            )
            try:
                for name in POSTGRESQL_TEXT_TYPES:
                    await link.set_type_codec(name, schema="pg_catalog", encoder=str, decoder=str)
                await link.set_type_codec(
                    "date", schema="pg_catalog", encoder=_days, decoder=_day, format="tuple"
                )
            except BaseException:
                link.terminate()
                raise
        except _ERRORS as error:
            code = getattr(error, "sqlstate", None) or ""
            raise postgresql_failure(code, str(error) or type(error).__name__) from error
        return cls(link, options)

    @property
    def server_version(self) -> tuple[int, ...]:
        """The version of the server."""
        version = self._link.get_server_version()
        return version.major, version.minor

    async def run(self, text: str, parameters: Sequence[Any], returns: Returns) -> Any:
        """Run one statement: give all its rows, the number affected, or the first value of the first."""
        self.statements += 1
        try:
            with self._deadline:
                if returns == "rows":
                    return await self._fetch(text, *parameters)
                if returns == "named":
                    found = await self._fetch(text, *parameters)
                    return [tuple(found[0].keys()), *found] if found else [()]
                if returns == "count":
                    status = await self._link.execute(text, *parameters)
                    return _affected(status)
                return await self._link.fetchval(text, *parameters)
        except _ERRORS as error:
            raise self._failure(error, text) from error
        except asyncio.CancelledError:
            # asyncpg tells the server; until that is done, nobody else can use the connection.
            self.is_broken = True
            raise

    async def run_many(self, text: str, rows: Sequence[Sequence[Any]]) -> int:
        """Run one text with many rows of parameters, all or none; give how many rows there were."""
        self.statements += 1
        try:
            with self._deadline:
                await self._link.executemany(text, rows)
        except _ERRORS as error:
            raise self._failure(error, text) from error
        except asyncio.CancelledError:
            self.is_broken = True
            raise
        # asyncpg does not tell what each of them did.
        return len(rows)

    async def stream(self, text: str, parameters: Sequence[Any], size: int) -> AsyncIterator[Sequence[Row]]:
        """Read rows in pieces of at most `size`, through a cursor of the server, inside of a transaction."""
        self.statements += 1
        try:
            with self._deadline:
                cursor = await self._link.cursor(text, *parameters)
            while rows := await self._piece(cursor, size):
                yield rows
        except _ERRORS as error:
            raise self._failure(error, text) from error
        except asyncio.CancelledError:
            self.is_broken = True
            raise

    async def _piece(self, cursor: Any, size: int) -> Sequence[Row]:
        with self._deadline:
            rows: Sequence[Row] = await cursor.fetch(size)
            return rows

    async def begin(self, *, writes: bool, isolation: Isolation) -> None:
        """Begin a transaction."""
        await self._say(begin_postgresql(writes=writes, isolation=isolation))

    async def commit(self) -> None:
        """Commit the transaction."""
        try:
            status = await self._say("COMMIT")
        except DatabaseError as error:
            if self.is_broken:
                raise unknown_commit(error) from error
            raise
        if status == "ROLLBACK":
            raise TransactionFailed(fix="Catch errors outside of the block.")

    async def rollback(self) -> None:
        """Undo the transaction; a broken connection does nothing, because its server does it."""
        if not self.is_broken:
            await self._say("ROLLBACK")

    async def _say(self, text: str) -> str:
        try:
            with self._deadline:
                return str(await self._link.execute(text))
        except _ERRORS as error:
            raise self._failure(error, text) from error
        except asyncio.CancelledError:
            self.is_broken = True
            raise

    def is_alive(self) -> bool:
        """Tell whether the connection still stands, as far as the event loop has heard."""
        return not (self.is_broken or self._is_closed())

    async def close(self) -> None:
        """Close it in order, after a cancelled query has ended."""
        self.is_broken = True
        try:
            await self._link.close(timeout=_CLOSE_SECONDS)
        except (*_ERRORS, asyncio.CancelledError):
            self.terminate()

    def terminate(self) -> None:
        """Drop it at once."""
        self.is_broken = True
        with contextlib.suppress(RuntimeError):
            self._link.terminate()

    def _failure(self, error: Exception, text: str) -> DatabaseError:
        if isinstance(error, UnicodeEncodeError):
            return value_failure("a text is not valid Unicode", text)
        if isinstance(error, asyncpg.DataError) and not isinstance(error, asyncpg.PostgresError):
            return value_failure(_reason(error), text)
        if isinstance(error, TimeoutError):
            # The server owes us an answer, so nothing else can be asked on this connection.
            self.is_broken = True
            return StatementTimeout("The database did not answer in time.", fix="Is it reachable?")
        if self._link.is_closed() or isinstance(error, OSError):
            self.is_broken = True
        if not isinstance(error, asyncpg.PostgresError):
            if self.is_broken:
                return postgresql_failure("", str(error), text)
            return QueryError(f"A statement cannot be sent: {error}.")
        return postgresql_failure(
            error.sqlstate or "",
            error.message or str(error),
            text,
            table=error.table_name or "",
            column=error.column_name or "",
            constraint=error.constraint_name or "",
            detail=error.detail or "",
        )


# Why: asyncpg writes Python's first and last day as infinity, which psycopg cannot read and which is later
# than that day.
def _days(value: date) -> tuple[int]:
    return (value.toordinal() - _FIRST_DAY,)


def _day(value: tuple[int]) -> date:
    days = value[0] + _FIRST_DAY
    return date.fromordinal(days) if 0 < days <= _LAST_DAY else date.min if days < 0 else date.max


def _affected(status: str) -> int:
    number = status.rpartition(" ")[2]
    return int(number) if number.isdigit() else -1


def _reason(error: Exception) -> str:
    # "invalid input for query argument $1: 'the value' (what was expected)": the value stays out.
    text = str(error)
    return text.partition(":")[0] + (f" ({text.rpartition('(')[2]}" if text.endswith(")") else "")
