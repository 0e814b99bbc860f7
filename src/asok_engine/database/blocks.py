"""The beginning and the end of a block: of a transaction, or of a savepoint inside of one.

Whatever happens at the end, the connection goes back to where it came from, and what
could not be kept is undone. What waited for the commit is called after it, outside of
the block. Knows neither decorators nor retries.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Token
from typing import Any

from asok_engine.database.databases import databases
from asok_engine.database.drivers.contract import AsyncConnection, Isolation, PlainConnection
from asok_engine.database.levels import (
    Level,
    Transaction,
    open_level,
    open_levels,
    statement_cancelled,
    transaction_failed,
)
from asok_engine.errors import DatabaseError, UsageError

__all__ = ["Block"]


class Block:
    """One entry into a transaction or savepoint, and its end. Used once."""

    __slots__ = ("_isolation", "_level", "_token", "_writes", "alias", "is_kept")

    def __init__(self, alias: str, isolation: Isolation, writes: bool) -> None:
        self.alias = alias
        self._isolation = isolation
        self._writes = writes
        self._level: Level | None = None
        #: Whether it has ended well: committed, or released into the block around it.
        self.is_kept = False
        self._token: Token[dict[str, Level] | None] | None = None

    def _enter(self, level: Level) -> Level:
        self._level = level
        self._token = open_levels.set({**(open_levels.get() or {}), self.alias: level})
        return level

    def _left(self) -> Level:
        level, token = self._level, self._token
        assert level is not None
        self._level = self._token = None
        if token is not None:
            try:
                open_levels.reset(token)
            except ValueError:
                # Ended in another context than begun, as a generator's block may be: that one keeps its view,
                # and sees that the block is over.
                pass
        return level

    def _check_nested(self, parent: Level) -> None:
        if self._isolation and parent is not None:
            raise UsageError(
                f"A block inside a transaction cannot choose the isolation {self._isolation!r}.",
                fix="Give `isolation` to the outermost block.",
            )

    # --- plain ------------------------------------------------------------------------------------

    def begin(self) -> Level:
        """Begin the transaction, or set the savepoint."""
        parent = open_level(self.alias)
        if parent is None:
            database = databases[self.alias]
            # Why first: with a pool of one, its first statement would wait for another connection to ask.
            _ = database.dialect
            channel = database.plain
            connection = channel.take()
            try:
                connection.begin(writes=self._writes, isolation=self._isolation)
            except BaseException:
                channel.give(connection)
                raise
            return self._enter(Transaction(database, connection, None).root)
        self._check_nested(parent)
        transaction = parent.transaction
        if transaction.loop is not None:
            raise UsageError(
                "A plain `with transaction()` cannot stand inside of an async transaction.",
                fix="Write `async with transaction()`.",
            )
        level = Level(transaction, parent)
        transaction.turns.take(parent)
        try:
            parent.check()
            transaction.connection.run(f"SAVEPOINT asok_{level.depth}", (), "count")
            transaction.turns.top = level
        finally:
            transaction.turns.give()
        return self._enter(level)

    def end(self, error: BaseException | None) -> None:
        """Commit it, or undo it because of `error`; then call what waited for the commit."""
        level = self._left()
        transaction = level.transaction
        if transaction.is_foreign:
            return
        try:
            transaction.turns.take(level)
            try:
                self.is_kept = self._end(level, error)
            finally:
                level.close(self.is_kept)
                transaction.turns.give()
        except UsageError:
            # Somebody is in the middle of it and does not end: the connection goes with him.
            transaction.connection.is_broken = True
            raise
        finally:
            if level.parent is None:
                transaction.is_over = True
                transaction.database.plain.give(transaction.connection)
        if level.parent is None and self.is_kept:
            _call_hooks(level.hooks)

    def _end(self, level: Level, error: BaseException | None) -> bool:
        """Commit, release or undo what belongs to a block; tell whether it was kept."""
        transaction, connection = level.transaction, level.transaction.connection
        failure = level.failure or transaction.failure
        is_kept = error is None and failure is None
        if level.parent is not None:
            if transaction.failure is None:
                connection.run(level.ending(is_kept), (), "count")
        elif is_kept:
            try:
                connection.commit()
            except BaseException:
                _undo(connection)
                raise
            self._note_write(transaction)
        else:
            _undo(connection)
        if error is None and failure is not None:
            raise transaction_failed(failure) from failure
        return is_kept

    def _note_write(self, transaction: Transaction) -> None:
        if self._writes and transaction.database.replicas:
            transaction.database.note_write()

    # --- async -------------------------------------------------------------------------------------

    async def begin_async(self) -> Level:
        """Do what `begin` does."""
        parent = open_level(self.alias)
        loop = asyncio.get_running_loop()
        if parent is None:
            database = databases[self.alias]
            await database.find_dialect()
            channel = database.on_loop
            connection = await channel.take(writes=self._writes)
            try:
                await connection.begin(writes=self._writes, isolation=self._isolation)
            except BaseException:
                await _undo_async(connection)
                channel.give(connection)
                raise
            return self._enter(Transaction(database, connection, loop).root)
        self._check_nested(parent)
        transaction = parent.transaction
        if transaction.loop is not loop:
            raise UsageError(
                "An `async with transaction()` cannot stand inside of a transaction of plain code or of "
                "another event loop.",
                fix="Open the outer block with `async with` as well.",
            )
        level = Level(transaction, parent)
        await transaction.turns.take_async(parent)
        try:
            parent.check()
            await transaction.connection.run(f"SAVEPOINT asok_{level.depth}", (), "count")
            transaction.turns.top = level
        except asyncio.CancelledError:
            transaction.failure = statement_cancelled()
            raise
        finally:
            transaction.turns.give()
        return self._enter(level)

    async def end_async(self, error: BaseException | None) -> None:
        """Do what `end` does."""
        level = self._left()
        transaction = level.transaction
        try:
            error = await self._take_last_turn(level, error)
            try:
                self.is_kept = await self._end_async(level, error)
            finally:
                level.close(self.is_kept)
                transaction.turns.give()
        except UsageError:
            # Somebody is in the middle of it and does not end: the connection goes with him.
            transaction.connection.terminate()
            raise
        finally:
            if level.parent is None:
                transaction.is_over = True
                transaction.database.on_loop.give(transaction.connection)
        if level.parent is None and self.is_kept:
            await _call_hooks_async(level.hooks)

    async def _take_last_turn(self, level: Level, error: BaseException | None) -> BaseException | None:
        """Wait for the turn whatever happens: while somebody uses the connection, it cannot be given back."""
        while True:
            try:
                await level.transaction.turns.take_async(level)
            except asyncio.CancelledError as cancelled:
                error = error or cancelled
            else:
                return error

    async def _end_async(self, level: Level, error: BaseException | None) -> bool:
        """Do what `_end` does."""
        transaction, connection = level.transaction, level.transaction.connection
        failure = level.failure or transaction.failure
        is_kept = error is None and failure is None
        if level.parent is not None:
            if transaction.failure is None:
                try:
                    await connection.run(level.ending(is_kept), (), "count")
                except asyncio.CancelledError:
                    transaction.failure = statement_cancelled()
                    raise
        elif is_kept:
            try:
                await connection.commit()
            except BaseException:
                await _undo_async(connection)
                raise
            self._note_write(transaction)
        else:
            await _undo_async(connection)
        if isinstance(error, asyncio.CancelledError):
            # It may have come while this block waited for its turn, and then nobody else raises it.
            raise error
        if error is None and failure is not None:
            raise transaction_failed(failure) from failure
        return is_kept


def _undo(connection: PlainConnection) -> None:
    try:
        connection.rollback()
    except DatabaseError:
        # The error that led here says more; a connection whose rollback fails is not used again.
        connection.is_broken = True


async def _undo_async(connection: AsyncConnection) -> None:
    try:
        await connection.rollback()
    except DatabaseError:
        connection.is_broken = True


def _call_hooks(hooks: list[Callable[[], Any]]) -> None:
    """Call what waited for the commit: all of them, also when one fails; the first error is raised then."""
    first: Exception | None = None
    for hook in hooks:
        try:
            hook()
        except Exception as error:
            first = first or error
    if first is not None:
        raise first


async def _call_hooks_async(hooks: list[Callable[[], Any]]) -> None:
    first: Exception | None = None
    for hook in hooks:
        try:
            result = hook()
            if isinstance(result, Awaitable):
                await result
        except Exception as error:
            first = first or error
    if first is not None:
        raise first
