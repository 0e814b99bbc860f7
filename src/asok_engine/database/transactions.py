"""Transactions as people write them: blocks and decorators, plain and async, with a retry.

    with transaction(): ...            @transaction(retry=5)
    async with transaction(): ...      async def transfer(...): ...

Inside of an open block they are savepoints. What a block is stands in `levels.py`, how
it begins and ends in `blocks.py`.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import random
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Literal, TypeVar, cast, overload

from asok_engine.database.blocks import Block
from asok_engine.database.drivers.contract import ISOLATION_LEVELS, Isolation
from asok_engine.database.levels import Level, open_level
from asok_engine.errors import DatabaseError, SerializationError, TransactionFailed, UsageError

__all__ = ["Transactional", "transaction"]

F = TypeVar("F", bound=Callable[..., Any])

_FIRST_PAUSE_SECONDS: Final = 0.01
_LONGEST_PAUSE_SECONDS: Final = 1.0
#: Not for secrets; the system's, so that forked processes do not pause alike.
_dice: Final = random.SystemRandom()


class Transactional:
    """What `transaction` gives: a block for `with` and `async with`, and a decorator."""

    def __init__(self, alias: str, isolation: Isolation, writes: bool, retry: int) -> None:
        self._alias = alias
        self._isolation = isolation
        self._writes = writes
        self._retry = retry
        self._block: Block | None = None

    def _open(self) -> Block:
        if self._retry:
            raise UsageError(
                "A `with` block cannot be run again, so it cannot have `retry`.",
                fix="Put the block into a function and decorate it with @transaction(retry=...).",
            )
        if self._block is not None:
            raise UsageError("This transaction object is in use already.", fix="Call transaction() again.")
        self._block = self._new()
        return self._block

    def _new(self) -> Block:
        return Block(self._alias, self._isolation, self._writes)

    def _close(self) -> Block:
        block, self._block = self._block, None
        assert block is not None
        return block

    def __enter__(self) -> Level:
        block = self._open()
        try:
            return block.begin()
        except BaseException:
            self._block = None
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, place: TracebackType | None
    ) -> Literal[False]:
        self._close().end(error)
        return False

    async def __aenter__(self) -> Level:
        block = self._open()
        try:
            return await block.begin_async()
        except BaseException:
            self._block = None
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, place: TracebackType | None
    ) -> Literal[False]:
        await self._close().end_async(error)
        return False

    def __call__(self, function: F) -> F:
        """Run a function in a transaction of its own at each call, plain or async."""
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise UsageError(
                f"{function.__qualname__} is a generator; its transaction would be open between its items.",
                fix="Open the transaction inside of it.",
            )
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def call_async(*arguments: Any, **named: Any) -> Any:
                return await self._call_async(function, arguments, named)

            return cast("F", call_async)

        @functools.wraps(function)
        def call(*arguments: Any, **named: Any) -> Any:
            return self._call(function, arguments, named)

        return cast("F", call)

    def _tries(self) -> int:
        # Inside of an open transaction only the outermost function can try again: the whole was undone.
        return 0 if open_level(self._alias) is not None else self._retry

    def _call(self, function: Callable[..., Any], arguments: Any, named: Any) -> Any:
        tries = self._tries()
        for attempt in range(tries + 1):
            block = self._new()
            try:
                return _run_in(block, function, arguments, named)
            except DatabaseError as error:
                if attempt == tries or block.is_kept or not _is_worth_another_try(error):
                    raise
            time.sleep(_pause(attempt))
        raise AssertionError("the last attempt returns or raises")

    async def _call_async(self, function: Callable[..., Any], arguments: Any, named: Any) -> Any:
        tries = self._tries()
        for attempt in range(tries + 1):
            block = self._new()
            try:
                return await _run_in_async(block, function, arguments, named)
            except DatabaseError as error:
                if attempt == tries or block.is_kept or not _is_worth_another_try(error):
                    raise
            await asyncio.sleep(_pause(attempt))
        raise AssertionError("the last attempt returns or raises")


def _run_in(block: Block, function: Callable[..., Any], arguments: Any, named: Any) -> Any:
    block.begin()
    try:
        result = function(*arguments, **named)
    except BaseException as error:
        block.end(error)
        raise
    block.end(None)
    return result


async def _run_in_async(block: Block, function: Callable[..., Any], arguments: Any, named: Any) -> Any:
    await block.begin_async()
    try:
        result = await function(*arguments, **named)
    except BaseException as error:
        await block.end_async(error)
        raise
    await block.end_async(None)
    return result


def _is_worth_another_try(error: BaseException) -> bool:
    if isinstance(error, TransactionFailed):
        return isinstance(error.__cause__, SerializationError)
    return isinstance(error, SerializationError)


def _pause(attempt: int) -> float:
    # Why random: those who met once would meet again.
    return _dice.uniform(0, min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2**attempt))


@overload
def transaction(database: F) -> F:
    """Run a function in a transaction at each call."""


@overload
def transaction(
    database: str = "default", *, isolation: Isolation = "", writes: bool = True, retry: int = 0
) -> Transactional:
    """Open a transaction as asked."""


def transaction(
    database: Any = "default", *, isolation: Isolation = "", writes: bool = True, retry: int = 0
) -> Any:
    """Open a transaction: `with`, `async with`, or a decorator of plain and async functions.

    Inside of an open one it is a savepoint. `isolation` is "read committed",
    "repeatable read" or "serializable". `writes=False` only reads and sees one
    state of the data. `retry=5` (decorator only) runs the function again, up to five
    times, when the database undid it for the sake of another transaction.

    Raises:
        UsageError: no such isolation level; or `retry` on a block.
    """
    if callable(database):
        return Transactional("default", "", True, 0)(database)
    if isolation not in ISOLATION_LEVELS:
        expected = ", ".join(repr(level) for level in ISOLATION_LEVELS[1:])
        raise UsageError(f"There is no isolation {isolation!r}; expected one of {expected}.")
    return Transactional(database, isolation, writes, retry)
