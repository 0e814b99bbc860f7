"""The databases of this process: each under its alias, with the ways to it.

A face configures them at its start. Where nobody did, as in a script, what the face
left as a last resort is asked once. Connections are made at first use, per process
and per event loop; a forked process begins anew. Reads may go to copies of a
database, as long as the code that asks has not changed anything itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import os
import sqlite3
import time
import weakref
from collections.abc import AsyncGenerator, Callable, Mapping
from contextvars import ContextVar
from typing import Any, Final

from asok_engine.database.channels import LoopChannel, PlainChannel, PooledLoopChannel, SqliteLoopChannel
from asok_engine.database.drivers.contract import AsyncConnection, PlainConnection
from asok_engine.database.drivers.loading import async_driver, plain_driver
from asok_engine.database.drivers.sqlite import SqliteConnection, SqliteFile
from asok_engine.database.observing import current_statements, note_statement, note_waiting
from asok_engine.database.pool import LoopPool, PlainPool
from asok_engine.database.urls import DatabaseOptions, parse_url
from asok_engine.errors import DatabaseUnavailable, SetupError, UsageError
from asok_engine.sql.compiler import Compiled
from asok_engine.sql.dialects.contract import Dialect
from asok_engine.sql.dialects.mysql import MysqlDialect
from asok_engine.sql.dialects.postgresql import PostgresqlDialect
from asok_engine.sql.dialects.sqlite import SqliteDialect
from asok_engine.sql.metadata import sqlalchemy_dialect
from asok_engine.sql.statements import Many, Statement
from asok_engine.telemetry.hooks import statement_finished

__all__ = ["Database", "Databases", "Router", "databases", "forget_own_writes"]

#: Gives the alias of the database for a statement, None for the one that it names itself.
Router = Callable[[Statement], str | None]

_CHECK_SECONDS: Final = 5.0
#: How many more objects than before there are when the garbage collector looks through the young ones.
_YOUNG_OBJECTS: Final = 5_000
#: Python's own number; since 3.13 it is the second.
_DEFAULT_YOUNG_OBJECTS: Final = (700, 2_000)
#: Asks a server for what its version does not tell: a row means that it has it.
_HAS_PGVECTOR: Final = "SELECT 1 FROM pg_extension WHERE extname = 'vector'"
_KNOWS_ZONES: Final = (
    "SELECT 1 FROM DUAL WHERE CONVERT_TZ('2000-01-01', '+00:00', 'Europe/Paris') IS NOT NULL"
)

#: The aliases that this context has written to: their copies may not have it yet.
_written: ContextVar[frozenset[str]] = ContextVar("asok_written", default=frozenset())


def forget_own_writes() -> None:
    """Let reads go to copies again; called where a request begins."""
    _written.set(frozenset())


class Database:
    """One configured database: its dialect, and its channels for plain code and for event loops."""

    def __init__(self, alias: str, options: DatabaseOptions) -> None:
        self.alias = alias
        self.options = options
        #: Whether each statement is timed for the log.
        self.is_logged = bool(options.log_queries or options.slow_query)
        self._dialect: Dialect | None = None
        if options.kind == "sqlite":
            self._dialect = SqliteDialect(sqlite3.sqlite_version_info)
        self.replicas = tuple(
            Database(f"{alias} (copy {number})", parse_url(url, log_queries=options.log_queries))
            for number, url in enumerate(options.replicas, 1)
        )
        self._next_replica = itertools.cycle(range(len(self.replicas) or 1))
        self._forget()
        _known.add(self)

    def _forget(self) -> None:
        self._file = SqliteFile(self.options) if self.options.kind == "sqlite" else None
        self._plain: PlainChannel | None = None
        self._channels: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Bound] = (
            weakref.WeakKeyDictionary()
        )
        #: The loop that asked last and its channel: most processes have one loop.
        self._last: tuple[asyncio.AbstractEventLoop | None, LoopChannel | None] = (None, None)

    # --- channels -----------------------------------------------------------------------

    @property
    def plain(self) -> PlainChannel:
        """The way for plain code."""
        return self._plain or self._open_plain()

    def _open_plain(self) -> PlainChannel:
        options, file = self.options, self._file
        connect: Callable[[], PlainConnection]
        connect = plain_driver(options) if file is None else lambda: SqliteConnection(file)
        self._plain = PlainChannel(PlainPool(options, connect), file)
        return self._plain

    @property
    def on_loop(self) -> LoopChannel:
        """The way for the tasks of the running event loop."""
        loop = asyncio.get_running_loop()
        known, channel = self._last
        if known is loop and channel is not None:
            return channel
        bound = self._channels.get(loop)
        if bound is None:
            bound = self._channels[loop] = self._bind(loop)
        self._last = loop, bound.channel
        return bound.channel

    def _bind(self, loop: asyncio.AbstractEventLoop) -> _Bound:
        channel: LoopChannel
        if self._file is not None:
            channel = SqliteLoopChannel(self._file, self.plain.pool)
        else:
            channel = PooledLoopChannel(LoopPool(self.options, async_driver(self.options)))
        # Why a generator: a loop that ends closes the asynchronous generators that it has begun, and with
        # this one the connections, also where nobody ever calls `close`.
        watcher = _until_the_end(channel)
        with contextlib.suppress(StopIteration):
            watcher.__anext__().send(None)
        return _Bound(channel, watcher)

    # --- dialect ------------------------------------------------------------------------

    @property
    def dialect(self) -> Dialect:
        """The dialect, once the server's version is known; asks it over a connection of plain code."""
        if self._dialect is None:
            with self.plain.lend() as connection:
                found = connection.run(self._question, (), "rows")
                self._dialect = _dialect_of(connection, bool(found))
        return self._dialect

    async def find_dialect(self) -> Dialect:
        """Give the dialect; asks the server over a connection of the running event loop."""
        if self._dialect is None:
            channel = self.on_loop
            connection = await channel.take(writes=False)
            try:
                found = await connection.run(self._question, (), "rows")
                self._dialect = _dialect_of(connection, bool(found))
            finally:
                channel.give(connection)
        return self._dialect

    @property
    def _question(self) -> str:
        return _HAS_PGVECTOR if self.options.kind == "postgresql" else _KNOWS_ZONES

    # --- statements outside of transactions -------------------------------------------------

    def run(self, statement: Statement) -> Any:
        """Run one statement on its own and give its result."""
        if self.replicas and not statement.writes and self.alias not in _written.get():
            try:
                return self._replica().run(statement)
            except DatabaseUnavailable:
                # A copy that is down is no outage: the original can answer as well.
                pass
        compiled = statement.compile(self._dialect or self.dialect)
        if self.is_logged or statement_finished or current_statements.get() is not None:
            result = self._watched(statement, compiled)
        elif type(statement) is Many:
            result = self.plain.run_many(compiled.text, compiled.parameters)
        else:
            result = (self._plain or self._open_plain()).run(compiled, statement.writes)
        if self.replicas and statement.writes:
            self.note_write()
        decode = compiled.decode
        return result if decode is None or compiled.returns != "rows" else decode(result)

    def _watched(self, statement: Statement, compiled: Compiled) -> Any:
        note_waiting()
        with self.timing(compiled) as outcome:
            if type(statement) is Many:
                outcome.result = self.plain.run_many(compiled.text, compiled.parameters)
            else:
                outcome.result = self.plain.run(compiled, statement.writes)
        return outcome.result

    async def run_async(self, statement: Statement) -> Any:
        """Run one statement on its own, on the running event loop, and give its result."""
        if self.replicas and not statement.writes and self.alias not in _written.get():
            try:
                return await self._replica().run_async(statement)
            except DatabaseUnavailable:
                # A copy that is down is no outage: the original can answer as well.
                pass
        compiled = statement.compile(self._dialect or await self.find_dialect())
        if self.is_logged or statement_finished or current_statements.get() is not None:
            result = await self._watched_async(statement, compiled)
        elif type(statement) is Many:
            result = await self.on_loop.run_many(compiled.text, compiled.parameters)
        else:
            result = await self.on_loop.run(compiled, statement.writes, statement.is_cheap)
        if self.replicas and statement.writes:
            self.note_write()
        decode = compiled.decode
        return result if decode is None or compiled.returns != "rows" else decode(result)

    async def _watched_async(self, statement: Statement, compiled: Compiled) -> Any:
        with self.timing(compiled) as outcome:
            if type(statement) is Many:
                outcome.result = await self.on_loop.run_many(compiled.text, compiled.parameters)
            else:
                outcome.result = await self.on_loop.run(compiled, statement.writes, statement.is_cheap)
        return outcome.result

    @property
    def is_watched(self) -> bool:
        """Whether somebody wants to know of each statement."""
        return bool(self.is_logged or statement_finished or current_statements.get() is not None)

    @contextlib.contextmanager
    def timing(self, compiled: Compiled) -> Any:
        """Tell those who watch about the statement that runs inside of the block."""
        outcome = _Outcome()
        error: BaseException | None = None
        begun = time.perf_counter()
        try:
            yield outcome
        except BaseException as caught:
            error = caught
            raise
        finally:
            note_statement(
                self,
                self.alias,
                compiled.text,
                time.perf_counter() - begun,
                outcome.result,
                error,
                logs=self.options.log_queries,
                slow_seconds=self.options.slow_query,
            )

    def note_write(self) -> None:
        """Have this context read from the original from now on."""
        _written.set(_written.get() | {self.alias})

    def _replica(self) -> Database:
        return self.replicas[next(self._next_replica)]

    # --- beginning, health, end ----------------------------------------------------------------

    def load_compiler(self) -> None:
        """Load what writes texts of SQL now; otherwise the first statement waits for it, about a second."""
        sqlalchemy_dialect(self.options.kind)

    def require_driver(self) -> None:
        """Load the driver for plain code, so that a missing one is found at the start.

        Raises:
            SetupError: it is not installed.
        """
        self._plain or self._open_plain()

    def open(self) -> None:
        """Open the connections for plain code that are to be there from the start.

        Raises:
            SetupError: the driver is not installed.
            DatabaseUnavailable: the database cannot be reached.
        """
        self.plain.pool.fill()

    async def open_async(self) -> None:
        """Open the connections of the running event loop that are to be there from the start."""
        await self.on_loop.fill()

    async def check(self) -> None:
        """Ask the database whether it answers, for a health check; raises when it does not."""
        if self._file is not None and not self._file.is_there:
            # It is made at its first use, and a health check is none.
            return
        try:
            async with asyncio.timeout(_CHECK_SECONDS):
                await self.on_loop.run(Compiled("SELECT 1", (), "rows", None), False, True)
        except TimeoutError as error:
            raise DatabaseUnavailable(
                f"The database at {self.options.address} did not answer within {_CHECK_SECONDS:g} s."
            ) from error

    def close(self) -> None:
        """Close everything; connections of other loops are dropped. A later use opens new ones."""
        plain, channels = self._plain, dict(self._channels)
        self._forget()
        for loop, bound in channels.items():
            bound.end(loop)
        if plain is not None:
            plain.close()
        for replica in self.replicas:
            replica.close()

    async def close_async(self) -> None:
        """Close everything, the connections of the running event loop in order."""
        bound = self._channels.pop(asyncio.get_running_loop(), None)
        if bound is not None:
            self._last = (None, None)
            await bound.watcher.aclose()
        for replica in self.replicas:
            await replica.close_async()
        self.close()

    def __repr__(self) -> str:
        return f"<Database {self.alias}: {self.options.address}>"


class _Outcome:
    __slots__ = ("result",)

    def __init__(self) -> None:
        self.result: Any = None


class _Bound:
    """A channel and the generator that closes it with its loop."""

    __slots__ = ("channel", "watcher")

    def __init__(self, channel: LoopChannel, watcher: AsyncGenerator[None, None]) -> None:
        self.channel = channel
        self.watcher = watcher

    def end(self, loop: asyncio.AbstractEventLoop) -> None:
        """Close the channel of a loop from outside of it."""
        try:
            if loop.is_running():
                loop.call_soon_threadsafe(self.channel.terminate)
                return
        except RuntimeError:
            # It has stopped since it was asked.
            pass
        self.channel.terminate()


async def _until_the_end(channel: LoopChannel) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        await channel.close()


def _dialect_of(connection: PlainConnection | AsyncConnection, has_more: bool) -> Dialect:
    version: tuple[int, ...] = connection.server_version  # type: ignore[union-attr]
    is_mariadb: bool | None = getattr(connection, "is_mariadb", None)
    if is_mariadb is None:
        return PostgresqlDialect(version, has_pgvector=has_more)
    return MysqlDialect(version, is_mariadb=is_mariadb, knows_zones=has_more)


def _give_room_to_young_objects() -> None:
    """Let a list of records be no reason to look for garbage; a number that somebody chose stays.

    With Python's own number some hundreds of them are, all in use, and looking at them costs a third of
    what making them does.
    """
    young, *older = gc.get_threshold()
    if young in _DEFAULT_YOUNG_OBJECTS:
        gc.set_threshold(_YOUNG_OBJECTS, *older)


class Databases:
    """The registry: alias to database."""

    def __init__(self) -> None:
        self._databases: dict[str, Database] = {}
        self._last_resorts: list[Callable[[], Mapping[str, DatabaseOptions]]] = []
        #: Asked for every statement outside of a transaction, where one is set.
        self.router: Router | None = None

    def configure(self, options: Mapping[str, DatabaseOptions], *, router: Router | None = None) -> None:
        """Set the databases of this process; those of before are closed, unless they stay the same.

        `router` takes the place of the one of before; None leaves that as it is.
        """
        before, self._databases = self._databases, {}
        for alias, wanted in options.items():
            known = before.pop(alias, None)
            if known is None or known.options != wanted:
                if known is not None:
                    known.close()
                known = Database(alias, wanted)
            self._databases[alias] = known
        if router is not None:
            self.router = router
        if options:
            _give_room_to_young_objects()
        for gone in before.values():
            gone.close()

    def add_last_resort(self, find: Callable[[], Mapping[str, DatabaseOptions]]) -> None:
        """Ask `find` when a database is used and none was configured; {} lets the next one be asked."""
        self._last_resorts.append(find)

    def __getitem__(self, alias: str) -> Database:
        """Give the database with an alias.

        Raises:
            SetupError: no database is configured.
            UsageError: none has this alias.
        """
        found = self._databases.get(alias)
        return found if found is not None else self._find(alias)

    def _find(self, alias: str) -> Database:
        if not self._databases:
            found = next((options for find in self._last_resorts if (options := find())), {})
            self.configure(found)
            if alias in self._databases:
                return self._databases[alias]
        if not self._databases:
            raise SetupError(
                "A database was asked for, and none is configured.",
                fix="Set DATABASE_URL, and start the application or run the code in its project.",
            )
        raise UsageError(
            f"There is no database {alias!r}; configured are: {', '.join(sorted(self._databases))}."
        )

    def __contains__(self, alias: str) -> bool:
        return alias in self._databases

    def __iter__(self) -> Any:
        return iter(list(self._databases.values()))

    def for_statement(self, statement: Statement) -> Database:
        """Give the database that a statement goes to."""
        alias = self.router(statement) if self.router is not None else None
        return self[alias or statement.database]

    def close(self) -> None:
        """Close all databases and forget them."""
        databases, self._databases = self._databases, {}
        for database in databases.values():
            database.close()

    async def close_async(self) -> None:
        """Close all databases, the connections of the running event loop in order, and forget them."""
        databases, self._databases = self._databases, {}
        for database in databases.values():
            await database.close_async()


#: The databases of this process.
databases: Final = Databases()

_known: weakref.WeakSet[Database] = weakref.WeakSet()
#: What a parent process had open: kept, because closing it here would speak on the parent's sockets.
_inherited: list[Any] = []


def _forget_all() -> None:
    for database in list(_known):
        _inherited.append((database._plain, dict(database._channels), database._file))
        database._forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
