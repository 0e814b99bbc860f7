"""The open blocks of this context: a transaction, the savepoints in it, and the statements of each.

A statement belongs to the innermost block of its context, so tasks and threads that
were started inside a block take part in it, one statement at a time. Plain code in an
async block, and the other way round, uses the same connection or is refused, never
another connection. Who opens and ends blocks stands in `blocks.py`.
"""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextvars import ContextVar
from typing import Any

from asok_engine.database.databases import Database
from asok_engine.database.drivers.contract import AsyncConnection, PlainConnection, Row
from asok_engine.database.observing import note_waiting
from asok_engine.database.turns import Turns
from asok_engine.errors import DatabaseError, SerializationError, TransactionFailed, UsageError
from asok_engine.sql.compiler import Compiled
from asok_engine.sql.statements import Many, Statement

__all__ = [
    "Level",
    "Transaction",
    "after_commit",
    "in_transaction",
    "open_level",
    "open_levels",
    "statement_cancelled",
    "transaction_failed",
]

#: The innermost level of this context, per alias.
open_levels: ContextVar[dict[str, Level] | None] = ContextVar("asok_levels", default=None)
#: Counts forks: a transaction of the parent process is over for its child.
_generation = 0


class Transaction:
    """One transaction of a database: its connection, its turns, its innermost level."""

    def __init__(
        self,
        database: Database,
        connection: PlainConnection | AsyncConnection,
        loop: asyncio.AbstractEventLoop | None,
    ) -> None:
        self.database = database
        self.connection: Any = connection
        #: The loop that its connection belongs to; None for plain code.
        self.loop = loop
        self.generation = _generation
        self.is_over = False
        #: An error after which nothing of it can be kept.
        self.failure: DatabaseError | None = None
        self.root = Level(self, None)
        self.turns = Turns(self.root, database.options.statement_timeout)

    @property
    def is_foreign(self) -> bool:
        """Whether it was begun before a fork, by the parent of this process."""
        return self.generation != _generation


class Level:
    """One block of a transaction: the transaction itself, or a savepoint in it."""

    def __init__(self, transaction: Transaction, parent: Level | None) -> None:
        self.transaction = transaction
        self.parent = parent
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.is_over = False
        #: An error after which nothing of this block can be kept.
        self.failure: DatabaseError | None = None
        #: What is called when the whole transaction has been committed.
        self.hooks: list[Callable[[], Any]] = []

    # --- statements -----------------------------------------------------------------------

    def run(self, statement: Statement) -> Any:
        """Run one statement of plain code on the transaction's connection."""
        transaction = self.transaction
        database = transaction.database
        compiled = statement.compile(database.dialect)
        if transaction.loop is not None:
            result = self._run_from_outside(statement, compiled)
        elif database.is_watched:
            note_waiting()
            with database.timing(compiled) as outcome:
                result = outcome.result = self._run_plain(statement, compiled)
        else:
            result = self._run_plain(statement, compiled)
        decode = compiled.decode
        return result if decode is None or compiled.returns != "rows" else decode(result)

    def _run_plain(self, statement: Statement, compiled: Compiled) -> Any:
        transaction = self.transaction
        transaction.turns.take(self)
        try:
            self.check()
            if type(statement) is Many:
                return transaction.connection.run_many(compiled.text, compiled.parameters)
            return transaction.connection.run(compiled.text, compiled.parameters, compiled.returns)
        except DatabaseError as error:
            self._note(error)
            raise
        finally:
            transaction.turns.give()

    def _run_from_outside(self, statement: Statement, compiled: Compiled) -> Any:
        """Run a statement of plain code in a transaction of an event loop."""
        transaction = self.transaction
        running = asyncio._get_running_loop()
        inline = transaction.connection.inline
        if running is None:
            assert transaction.loop is not None
            # The loop is free while this thread works for it, so waiting for it is safe.
            return asyncio.run_coroutine_threadsafe(
                self._run_async(statement, compiled), transaction.loop
            ).result()
        if inline is None or running is not transaction.loop:
            raise UsageError(
                "Plain code on the event loop cannot use the connection of an async transaction without "
                "stopping the loop.",
                fix="Use the async form of this call, for example `await post.save_async()`.",
            )
        if not transaction.turns.take_now(self):
            raise UsageError(
                "Plain code on the event loop would have to wait for another statement of its transaction.",
                fix="Use the async form of this call.",
            )
        try:
            self.check()
            if type(statement) is Many:
                return inline.run_many(compiled.text, compiled.parameters)
            return inline.run(compiled.text, compiled.parameters, compiled.returns)
        except DatabaseError as error:
            self._note(error)
            raise
        finally:
            transaction.turns.give()

    async def run_async(self, statement: Statement) -> Any:
        """Run one statement of async code on the transaction's connection."""
        transaction = self.transaction
        database = transaction.database
        compiled = statement.compile(database._dialect or await database.find_dialect())
        if database.is_watched:
            with database.timing(compiled) as outcome:
                result = outcome.result = await self._run_anywhere(statement, compiled)
        else:
            result = await self._run_anywhere(statement, compiled)
        decode = compiled.decode
        return result if decode is None or compiled.returns != "rows" else decode(result)

    async def _run_anywhere(self, statement: Statement, compiled: Compiled) -> Any:
        loop = self.transaction.loop
        if loop is None:
            # A transaction of plain code: its connection works in a thread, and waits there for its turn.
            return await asyncio.to_thread(self._run_plain, statement, compiled)
        if loop is asyncio.get_running_loop():
            return await self._run_async(statement, compiled)
        work = asyncio.run_coroutine_threadsafe(self._run_async(statement, compiled), loop)
        return await asyncio.wrap_future(work)

    async def _run_async(self, statement: Statement, compiled: Compiled) -> Any:
        transaction = self.transaction
        if not transaction.turns.take_now(self):
            await transaction.turns.take_async(self)
        try:
            self.check()
            connection = transaction.connection
            if type(statement) is Many:
                return await connection.run_many(compiled.text, compiled.parameters)
            if statement.is_cheap and connection.inline is not None:
                return connection.inline.run(compiled.text, compiled.parameters, compiled.returns)
            return await connection.run(compiled.text, compiled.parameters, compiled.returns)
        except DatabaseError as error:
            self._note(error)
            raise
        except asyncio.CancelledError:
            # The statement may have been stopped in the middle, and with it the transaction.
            transaction.failure = transaction.failure or statement_cancelled()
            raise
        finally:
            transaction.turns.give()

    def stream(self, compiled: Compiled, size: int) -> Iterator[Sequence[Row]]:
        """Read rows in pieces on the transaction's connection; other statements may run in between."""
        transaction = self.transaction
        if transaction.loop is not None:
            raise UsageError("A plain iteration cannot read in an async transaction.", fix="Use `async for`.")
        pieces = transaction.connection.stream(compiled.text, compiled.parameters, size)
        try:
            while True:
                transaction.turns.take(self)
                try:
                    self.check()
                    piece = next(pieces, None)
                except DatabaseError as error:
                    self._note(error)
                    raise
                finally:
                    transaction.turns.give()
                if piece is None:
                    return
                yield piece
        finally:
            pieces.close()

    async def stream_async(self, compiled: Compiled, size: int) -> AsyncIterator[Sequence[Row]]:
        """Do what `stream` does on the running event loop."""
        transaction = self.transaction
        if transaction.loop is not asyncio.get_running_loop():
            raise UsageError(
                "An `async for` cannot read in a transaction of plain code or of another event loop.",
                fix="Open the block with `async with` where it is read.",
            )
        pieces = transaction.connection.stream(compiled.text, compiled.parameters, size)
        try:
            while True:
                await transaction.turns.take_async(self)
                try:
                    self.check()
                    piece = await anext(pieces, None)
                except DatabaseError as error:
                    self._note(error)
                    raise
                finally:
                    transaction.turns.give()
                if piece is None:
                    return
                yield piece
        finally:
            await pieces.aclose()

    def check(self) -> None:
        failure = self.failure or self.transaction.failure
        if failure is not None:
            raise transaction_failed(failure) from failure

    def _note(self, error: DatabaseError) -> None:
        transaction = self.transaction
        if transaction.failure is not None or isinstance(error, TransactionFailed):
            return
        connection = transaction.connection
        if connection.is_broken or isinstance(error, SerializationError) or connection.has_lost_transaction:
            # A savepoint does not help any more: the database has undone, or will undo, everything.
            transaction.failure = error
        elif connection.error_ends_transaction:
            self.failure = error

    # --- savepoints --------------------------------------------------------------------------

    def ending(self, is_kept: bool) -> str:
        """Give the words that end this savepoint."""
        # What was rolled back to is not released: the next savepoint of this depth hides it by its name.
        return f"{'RELEASE' if is_kept else 'ROLLBACK TO'} SAVEPOINT asok_{self.depth}"

    def close(self, is_kept: bool) -> None:
        """Mark this block as ended; what it wanted to do after the commit goes to the block around it."""
        self.is_over = True
        if self.parent is not None:
            if is_kept:
                self.parent.hooks += self.hooks
            self.transaction.turns.top = self.parent


def transaction_failed(failure: DatabaseError) -> TransactionFailed:
    """Give the error for going on in a block that an earlier error has ended."""
    return TransactionFailed(
        f"This block cannot go on, because of an earlier error in it: {failure.message}",
        fix="Catch errors outside of the block, or give the part that may fail a block of its own.",
    )


def open_level(alias: str) -> Level | None:
    """Give the innermost open block of this context on a database, None outside of transactions."""
    levels = open_levels.get()
    if levels is None:
        return None
    level = levels.get(alias)
    while level is not None and level.is_over:
        level = level.parent
    if level is None or level.transaction.is_over or level.transaction.is_foreign:
        return None
    return level


def in_transaction(database: str = "default") -> bool:
    """Tell whether this code runs inside of a transaction of a database."""
    return open_level(database) is not None


def after_commit(function: Callable[[], Any], database: str = "default") -> Any:
    """Have a function called when the open transaction has been committed; never if it is rolled back.

    Where none is open it is called at once, and its result is given. Inside an async
    transaction it may be async; elsewhere a coroutine would never run, and is refused.

    Raises:
        UsageError: the function is async and there is no async transaction.
    """
    level = open_level(database)
    if (level is None or level.transaction.loop is None) and inspect.iscoroutinefunction(function):
        raise UsageError(
            f"{function.__qualname__} is async, and nothing here can await it.",
            fix="Use a plain function, or an async transaction.",
        )
    if level is None:
        return function()
    level.hooks.append(function)
    return None


def statement_cancelled() -> DatabaseError:
    """Give the error that ends a transaction in which a task was cancelled."""
    return DatabaseError("A task was cancelled in the middle of a statement.")


def _count_fork() -> None:
    global _generation
    _generation += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_count_fork)
