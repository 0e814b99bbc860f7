"""Performs plans: `run` from plain code, `run_async` on an event loop, the same plan either way.

A plan yields statements and steps; each is performed where the context says: in the
open transaction, else on a connection of its own. What goes wrong is thrown into the
plan at its yield. The two drivers below are the only place where plain and async
differ; no deed is written twice.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator, Mapping
from typing import Any, TypeVar

from asok_engine.database.blocks import Block
from asok_engine.database.databases import databases
from asok_engine.database.levels import after_commit, open_level, open_levels
from asok_engine.errors import UsageError
from asok_engine.records.steps import AfterCommit, AskDialect, Atomic, Call, Compute, Plan, Stream
from asok_engine.sql.statements import Statement

__all__ = ["run", "run_async", "run_one", "run_one_async"]

Result = TypeVar("Result")


def run(plan: Plan[Result]) -> Result:
    """Perform a plan in this thread and give its result."""
    send, throw = plan.send, plan.throw
    try:
        step = send(None)
        while True:
            try:
                perform = _PLAIN.get(type(step))
                result = run_one(step) if perform is None else perform(step)  # type: ignore[arg-type]
            except BaseException as error:
                step = throw(error)
            else:
                step = send(result)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]


def run_one(statement: Statement) -> Any:
    """Run one statement in this thread and give its result."""
    if open_levels.get() is not None:
        level = open_level(statement.database)
        if level is not None:
            return level.run(statement)
    return databases.for_statement(statement).run(statement)


async def run_async(plan: Plan[Result]) -> Result:
    """Perform a plan on the running event loop and give its result."""
    send, throw = plan.send, plan.throw
    try:
        step = send(None)
        while True:
            try:
                perform = _ASYNC.get(type(step))
                if perform is not None:
                    result = await perform(step)
                elif open_levels.get() is None:
                    # What `run_one_async` does, without a coroutine more on the way of every statement.
                    result = await databases.for_statement(step).run_async(step)  # type: ignore[arg-type]
                else:
                    result = await run_one_async(step)  # type: ignore[arg-type]
            except BaseException as error:
                step = throw(error)
            else:
                step = send(result)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]


async def run_one_async(statement: Statement) -> Any:
    """Run one statement on the running event loop and give its result."""
    if open_levels.get() is not None:
        level = open_level(statement.database)
        if level is not None:
            return await level.run_async(statement)
    return await databases.for_statement(statement).run_async(statement)


# --- steps, plain -------------------------------------------------------------------------------


def _atomic(step: Atomic) -> Any:
    if step.is_one_statement and open_level(step.database) is None:
        return run(step.plan)
    block = Block(step.database, step.isolation, step.writes)  # type: ignore[arg-type]
    block.begin()
    try:
        result = run(step.plan)
    except BaseException as error:
        block.end(error)
        raise
    block.end(None)
    return result


def _call(step: Call) -> Any:
    result = step.function(*step.arguments)
    if isinstance(result, Awaitable):
        if inspect.iscoroutine(result):
            result.close()
        raise UsageError(
            f"{_named(step.function)} is async, and plain code called it.",
            fix="Use the async form of this deed, such as save_async(), or make it a plain function.",
        )
    return run(result) if isinstance(result, Generator) else result


def _compute(step: Compute) -> Any:
    return step.function(*step.arguments)


def _after_commit(step: AfterCommit) -> None:
    after_commit(step.function, step.database)


def _ask_dialect(step: AskDialect) -> Any:
    return databases[step.database].dialect


def _stream(step: Stream) -> Iterator[Any]:
    statement = step.statement
    level = open_level(statement.database)
    database = databases.for_statement(statement) if level is None else level.transaction.database
    compiled = statement.compile(database.dialect)
    if level is not None:
        pieces = level.stream(compiled, step.size)
        for rows in pieces:
            yield rows if compiled.decode is None else compiled.decode(rows)
        return
    with database.plain.lend() as connection:
        connection.begin(writes=False, isolation="")
        try:
            for rows in connection.stream(compiled.text, compiled.parameters, step.size):
                yield rows if compiled.decode is None else compiled.decode(rows)
        finally:
            connection.rollback()


_PLAIN: Mapping[type, Callable[[Any], Any]] = {
    AfterCommit: _after_commit,
    AskDialect: _ask_dialect,
    Atomic: _atomic,
    Call: _call,
    Compute: _compute,
    Stream: _stream,
}


# --- steps, async -------------------------------------------------------------------------------


async def _atomic_async(step: Atomic) -> Any:
    if step.is_one_statement and open_level(step.database) is None:
        return await run_async(step.plan)
    block = Block(step.database, step.isolation, step.writes)  # type: ignore[arg-type]
    await block.begin_async()
    try:
        result = await run_async(step.plan)
    except BaseException as error:
        await block.end_async(error)
        raise
    await block.end_async(None)
    return result


async def _call_async(step: Call) -> Any:
    result = step.function(*step.arguments)
    if isinstance(result, Generator):
        return await run_async(result)
    return await result if isinstance(result, Awaitable) else result


async def _compute_async(step: Compute) -> Any:
    return await asyncio.to_thread(step.function, *step.arguments)


async def _after_commit_async(step: AfterCommit) -> None:
    result = after_commit(step.function, step.database) if open_level(step.database) else step.function()
    if isinstance(result, Awaitable):
        await result


async def _ask_dialect_async(step: AskDialect) -> Any:
    return await databases[step.database].find_dialect()


async def _stream_async(step: Stream) -> AsyncIterator[Any]:
    return _pieces(step)


async def _pieces(step: Stream) -> AsyncIterator[Any]:
    statement = step.statement
    level = open_level(statement.database)
    database = databases.for_statement(statement) if level is None else level.transaction.database
    compiled = statement.compile(await database.find_dialect())
    if level is not None:
        async for rows in level.stream_async(compiled, step.size):
            yield rows if compiled.decode is None else compiled.decode(rows)
        return
    channel = database.on_loop
    connection = await channel.take(writes=False)
    try:
        await connection.begin(writes=False, isolation="")
        try:
            async for rows in connection.stream(compiled.text, compiled.parameters, step.size):
                yield rows if compiled.decode is None else compiled.decode(rows)
        finally:
            await connection.rollback()
    finally:
        channel.give(connection)


_ASYNC: Mapping[type, Callable[[Any], Awaitable[Any]]] = {
    AfterCommit: _after_commit_async,
    AskDialect: _ask_dialect_async,
    Atomic: _atomic_async,
    Call: _call_async,
    Compute: _compute_async,
    Stream: _stream_async,
}


def _named(function: Callable[..., Any]) -> str:
    return getattr(function, "__qualname__", None) or repr(function)
