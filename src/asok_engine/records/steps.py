"""What a plan may yield besides a statement, and what it receives for it.

A plan is a generator. It yields a `Statement` and receives what `Compiled.decode`
makes of its rows, the number of rows affected, or the key of the inserted row; or
it yields a step of this module. `database.run` and `database.run_async` perform the steps and send the
results; what goes wrong is thrown into the plan at its yield. A plan that uses
another one says `result = yield from other_plan(...)`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, TypeAlias, TypeVar

from msgspec import Struct

from asok_engine.sql.statements import Statement

__all__ = ["AfterCommit", "AskDialect", "Atomic", "Call", "Compute", "Plan", "Step", "Stream"]

Result = TypeVar("Result")


class Stream(Struct, eq=False):
    """A SELECT that is read in pieces; the plan receives an iterator (an async one under run_async).

    Each item is a decoded list of at most `size` rows. Memory holds one piece at a
    time. The connection is held until the iterator is used up or closed.
    """

    statement: Statement
    size: int = 500


class Atomic(Struct, eq=False):
    """A plan in a transaction, a savepoint where one is open; the plan receives its result.

    Whatever the inner plan raises rolls it back and is thrown into the outer plan.
    """

    plan: Plan[Any]
    database: str = "default"
    #: False for a plan that only reads and wants one view of the data.
    writes: bool = True
    #: Isolation level, "" for the database's own.
    isolation: str = ""
    #: True for a plan of one statement, which is all or none by itself: only a savepoint is needed.
    is_one_statement: bool = False


class Call(Struct, eq=False):
    """A function of the user: a hook, a signal, a callable default. The plan receives its result.

    A coroutine is awaited under run_async; under run it raises a UsageError that
    says to use the async form. A generator is a plan of the user's and is driven.
    """

    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()


class Compute(Struct, eq=False):
    """Work for the processor, such as a password hash: in a thread under run_async, in place under run."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()


class AfterCommit(Struct, eq=False):
    """A function without arguments to call when the open transaction has committed.

    Where none is open it is called at once. The plan receives None. A coroutine is treated as in `Call`.
    """

    function: Callable[[], Any]
    database: str = "default"


class AskDialect(Struct, eq=False):
    """The question which dialect a database has; the plan receives its `Dialect`.

    For the few deeds that are done differently where a capability is missing.
    """

    database: str = "default"


Step: TypeAlias = Statement | Stream | Atomic | Call | Compute | AfterCommit | AskDialect
#: A generator that yields steps, receives what they give, and returns a result.
Plan: TypeAlias = Generator[Step, Any, Result]
