"""Ways to one database: for plain code, for an event loop, and for SQLite on an event loop.

A channel runs single statements, each on a connection of its own for as long as it
takes, and lends connections to transactions and streams. It knows nothing of plans
and of who is in which transaction. SQLite on a loop: cheap reads run at once in the
loop's thread, other reads in a few threads, and changes in one, in the order in which
they were asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, Protocol

from asok_engine.database.drivers.contract import AsyncConnection, Isolation, Link, PlainConnection, Row
from asok_engine.database.drivers.sqlite import SqliteConnection, SqliteFile
from asok_engine.database.pool import LoopPool, PlainPool
from asok_engine.database.workers import Workers
from asok_engine.errors import DatabaseError, UnknownOutcome
from asok_engine.sql.compiler import Compiled, Returns

__all__ = ["LoopChannel", "PlainChannel", "PooledLoopChannel", "SqliteLoopChannel"]

_READER_THREADS = 4


def _unknown(error: DatabaseError) -> UnknownOutcome:
    return UnknownOutcome(
        f"The connection broke during a change, and nobody knows whether it was made: {error.message}",
        fix="Look for the rows before you do it again.",
    )


class PlainChannel:
    """The way for plain code; `file` is there for SQLite."""

    def __init__(self, pool: PlainPool, file: SqliteFile | None = None) -> None:
        self.pool = pool
        # Why not in memory: its only connection is the lock.
        self._is_in_memory = file is not None and file.options.is_in_memory
        self._file = None if self._is_in_memory else file

    def run(self, compiled: Compiled, writes: bool) -> Any:
        """Run one statement outside of any transaction.

        Raises:
            UnknownOutcome: the connection broke during a change.
        """
        pool = self.pool
        connection = pool.take_now() or pool.take()
        try:
            if writes and self._file is not None:
                self._file.lock()
                try:
                    return connection.run(compiled.text, compiled.parameters, compiled.returns)
                finally:
                    self._file.unlock()
            return connection.run(compiled.text, compiled.parameters, compiled.returns)
        except DatabaseError as error:
            if writes and connection.is_broken:
                raise _unknown(error) from error
            raise
        finally:
            pool.give(connection)

    def run_many(self, text: str, rows: Sequence[Sequence[Any]]) -> int:
        """Run one text with many rows of parameters, all or none."""
        with self.lend() as connection:
            connection.begin(writes=True, isolation="")
            try:
                count = connection.run_many(text, rows)
            except BaseException:
                connection.rollback()
                raise
            connection.commit()
            return count

    @contextlib.contextmanager
    def lend(self) -> Iterator[PlainConnection]:
        """Lend a connection for the length of a block."""
        connection = self.take()
        try:
            yield connection
        finally:
            self.pool.give(connection)

    def take(self) -> PlainConnection:
        """Lend a connection; whoever has it gives it back with `give`."""
        connection = self.pool.take_now() or self.pool.take()
        if self._is_in_memory:
            self.pool.holder = asyncio._get_running_loop()
        return connection

    def give(self, connection: PlainConnection) -> None:
        """Take a connection back."""
        self.pool.holder = None
        self.pool.give(connection)

    def close(self) -> None:
        """Close the connections."""
        self.pool.close()


class LoopChannel(Protocol):
    """The way for the tasks of one event loop."""

    async def run(self, compiled: Compiled, writes: bool, is_cheap: bool) -> Any:
        """Run one statement outside of any transaction."""
        ...

    async def run_many(self, text: str, rows: Sequence[Sequence[Any]]) -> int:
        """Run one text with many rows of parameters, all or none."""
        ...

    async def take(self, *, writes: bool) -> AsyncConnection:
        """Lend a connection; whoever has it gives it back with `give`."""
        ...

    def give(self, connection: AsyncConnection) -> None:
        """Take a connection back."""
        ...

    async def fill(self) -> None:
        """Open the connections that are to be there from the start."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...

    def terminate(self) -> None:
        """Drop the connections at once, for a loop that runs no more."""
        ...


class PooledLoopChannel:
    """The way to a database server."""

    def __init__(self, pool: LoopPool) -> None:
        self.pool = pool

    async def run(self, compiled: Compiled, writes: bool, is_cheap: bool) -> Any:
        """Run one statement outside of any transaction.

        Raises:
            UnknownOutcome: the connection broke during a change.
        """
        pool = self.pool
        connection = pool.take_now() or await pool.take()
        try:
            return await connection.run(compiled.text, compiled.parameters, compiled.returns)
        except DatabaseError as error:
            if writes and connection.is_broken:
                raise _unknown(error) from error
            raise
        finally:
            pool.give(connection)

    async def run_many(self, text: str, rows: Sequence[Sequence[Any]]) -> int:
        """Run one text with many rows of parameters, all or none."""
        connection = await self.take(writes=True)
        try:
            if connection.many_is_atomic:
                return await connection.run_many(text, rows)
            return await _run_many(connection, text, rows)
        except DatabaseError as error:
            if connection.is_broken and not isinstance(error, UnknownOutcome):
                raise _unknown(error) from error
            raise
        finally:
            self.give(connection)

    async def take(self, *, writes: bool) -> AsyncConnection:
        """Lend a connection; whoever has it gives it back with `give`."""
        return self.pool.take_now() or await self.pool.take()

    def give(self, connection: AsyncConnection) -> None:
        """Take a connection back."""
        self.pool.give(connection)

    async def fill(self) -> None:
        """Open the connections that are to be there from the start."""
        await self.pool.fill()

    async def close(self) -> None:
        """Close the connections."""
        await self.pool.close()

    def terminate(self) -> None:
        """Drop the connections at once."""
        self.pool.terminate()


async def _run_many(connection: AsyncConnection, text: str, rows: Sequence[Sequence[Any]]) -> int:
    await connection.begin(writes=True, isolation="")
    try:
        count = await connection.run_many(text, rows)
    except BaseException:
        await connection.rollback()
        raise
    await connection.commit()
    return count


class _Lent(Link):
    """An SQLite connection whose work is done by `workers`, or at once where there are none."""

    def __init__(
        self, plain: PlainConnection, workers: Workers | None, file: SqliteFile | None = None
    ) -> None:
        super().__init__()
        self.inline: PlainConnection | None = plain
        self.plain = plain
        self._workers = workers
        self._file = file

    async def _hop(self, call: Any, *arguments: Any) -> Any:
        if self._workers is None:
            return call(*arguments)
        assert isinstance(self.plain, SqliteConnection)
        return await self._workers.run(self.plain, call, *arguments)

    async def run(self, text: str, parameters: Sequence[Any], returns: Returns) -> Any:
        return await self._hop(self.plain.run, text, parameters, returns)

    async def run_many(self, text: str, rows: Sequence[Sequence[Any]]) -> int:
        count: int = await self._hop(self.plain.run_many, text, rows)
        return count

    async def stream(self, text: str, parameters: Sequence[Any], size: int) -> AsyncIterator[Sequence[Row]]:
        pieces = self.plain.stream(text, parameters, size)
        try:
            while True:
                rows = await self._hop(next, pieces, None)
                if rows is None:
                    return
                yield rows
        finally:
            pieces.close()  # type: ignore[attr-defined]

    async def begin(self, *, writes: bool, isolation: Isolation) -> None:
        await self._hop(_begin, self.plain, writes, isolation)
        if writes and self._file is not None:
            self._file.holder = asyncio.get_running_loop()

    async def commit(self) -> None:
        await self._hop(self.plain.commit)

    async def rollback(self) -> None:
        # Why at once: it waits for nobody, and must happen also when the task is cancelled.
        self.plain.rollback()

    @property
    def has_lost_transaction(self) -> bool:  # type: ignore[override]
        return bool(getattr(self.plain, "has_lost_transaction", False))

    def is_alive(self) -> bool:
        return self.plain.is_alive()

    async def close(self) -> None:
        self.plain.close()

    def terminate(self) -> None:
        self.plain.close()


def _begin(connection: PlainConnection, writes: bool, isolation: Isolation) -> None:
    connection.begin(writes=writes, isolation=isolation)


class SqliteLoopChannel:
    """The way to an SQLite database; `pool` is the one that plain code uses too."""

    def __init__(self, file: SqliteFile, pool: PlainPool) -> None:
        self._file = file
        self._pool = pool
        self._is_in_memory = file.options.is_in_memory
        self._readers = Workers("asok-sqlite-read", _READER_THREADS)
        self._writers = Workers("asok-sqlite-write", 1)
        #: Who changes something holds it: a statement, or a transaction from its beginning to its end.
        self._gate = asyncio.Lock()
        self._reader: SqliteConnection | None = None
        self._writer: SqliteConnection | None = None

    async def run(self, compiled: Compiled, writes: bool, is_cheap: bool) -> Any:
        """Run one statement outside of any transaction."""
        if self._is_in_memory:
            connection = self._pool.take_now() or await self._pool.take_async()
            try:
                return connection.run(compiled.text, compiled.parameters, compiled.returns)
            finally:
                self._pool.give(connection)
        if writes:
            async with self._gate:
                return await self._writers.run(self._open_writer(), self._change, compiled)
        if is_cheap:
            reader = self._reader or self._open_reader()
            return reader.run(compiled.text, compiled.parameters, compiled.returns)
        connection = self._pool.take_now() or await self._pool.take_async()
        try:
            return await _Lent(connection, self._readers).run(
                compiled.text, compiled.parameters, compiled.returns
            )
        finally:
            self._pool.give(connection)

    def _change(self, compiled: Compiled) -> Any:
        self._file.lock()
        try:
            return self._open_writer().run(compiled.text, compiled.parameters, compiled.returns)
        finally:
            self._file.unlock()

    def _open_reader(self) -> SqliteConnection:
        self._reader = SqliteConnection(self._file, is_reader=True)
        return self._reader

    def _open_writer(self) -> SqliteConnection:
        if self._writer is None or self._writer.is_broken:
            self._writer = SqliteConnection(self._file)
        return self._writer

    async def run_many(self, text: str, rows: Sequence[Sequence[Any]]) -> int:
        """Run one text with many rows of parameters, all or none."""
        connection = await self.take(writes=True)
        try:
            return await _run_many(connection, text, rows)
        finally:
            self.give(connection)

    async def take(self, *, writes: bool) -> AsyncConnection:
        """Lend a connection; whoever has it gives it back with `give`."""
        if self._is_in_memory:
            connection = self._pool.take_now() or await self._pool.take_async()
            self._pool.holder = asyncio.get_running_loop()
            return _Lent(connection, None)
        if not writes:
            return _Lent(self._pool.take_now() or await self._pool.take_async(), self._readers)
        await self._gate.acquire()
        try:
            return _Lent(self._open_writer(), self._writers, self._file)
        except BaseException:
            self._gate.release()
            raise

    def give(self, connection: AsyncConnection) -> None:
        """Take a connection back."""
        assert isinstance(connection, _Lent)
        if connection.plain is self._writer:
            self._gate.release()
        else:
            self._pool.holder = None
            self._pool.give(connection.plain)

    async def fill(self) -> None:
        """Do nothing: a file is opened at its first use."""

    async def close(self) -> None:
        """Close the connections of this loop; those of the pool belong to the plain channel."""
        self.terminate()

    def terminate(self) -> None:
        """Close the connections of this loop."""
        self._readers.close()
        self._writers.close()
        for connection in (self._reader, self._writer):
            if connection is not None:
                connection.close()
        self._reader = self._writer = None
