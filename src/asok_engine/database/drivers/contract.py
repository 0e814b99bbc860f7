"""What a driver gives: connections that run text with parameters, plain or async.

A connection is used by one caller at a time; who takes turns is not its business.
It knows no pool, no plan and no retry. Errors come out as the tree of
`asok_engine.errors`, and a connection that must not be used again says so with
`is_broken`. Rows are sequences of what the dialect says the driver gives.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, ClassVar, Literal, Protocol

from asok_engine.sql.compiler import Returns

__all__ = ["ISOLATION_LEVELS", "AsyncConnection", "Isolation", "Link", "PlainConnection", "Row"]

Row = Sequence[Any]
#: "" is the database's own.
Isolation = Literal["", "read uncommitted", "read committed", "repeatable read", "serializable"]
ISOLATION_LEVELS = ("", "read uncommitted", "read committed", "repeatable read", "serializable")


class Link:
    """What every connection carries for its pool."""

    #: After an error inside a transaction nothing more is accepted until it is rolled back (PostgreSQL).
    error_ends_transaction: ClassVar[bool] = False
    #: `run_many` outside of a transaction is all or nothing by itself.
    many_is_atomic: ClassVar[bool] = False
    #: The plain connection inside, where a cheap statement may run at once on the event loop (SQLite).
    inline: PlainConnection | None = None
    #: The database has ended the transaction by itself, after an error in it (SQLite).
    has_lost_transaction: bool = False

    def __init__(self) -> None:
        #: Never to be used again: the server is gone, or what it will say next is unknown.
        self.is_broken = False
        #: How many statements it has run.
        self.statements = 0
        self.opened_at = self.used_at = time.monotonic()


class PlainConnection(Protocol):
    """A connection for plain code."""

    error_ends_transaction: ClassVar[bool]
    many_is_atomic: ClassVar[bool]
    is_broken: bool
    statements: int
    opened_at: float
    used_at: float

    def run(self, text: str, parameters: Sequence[Any], returns: Returns) -> Any:
        """Run one statement: give all its rows, the number of rows affected, or the inserted key.

        Raises:
            DatabaseError: in one of its kinds.
        """
        ...

    def run_many(self, text: str, rows: Sequence[Sequence[Any]]) -> int:
        """Run one text with many rows of parameters, in order; give how many rows were affected."""
        ...

    def stream(self, text: str, parameters: Sequence[Any], size: int) -> Iterator[Sequence[Row]]:
        """Read rows in pieces of at most `size`, inside of a transaction where the database needs one."""
        ...

    def begin(self, *, writes: bool, isolation: Isolation) -> None:
        """Begin a transaction; one that does not write sees one state of the data all along."""
        ...

    def commit(self) -> None:
        """Commit it.

        Raises:
            UnknownOutcome: the connection broke before the database answered.
            TransactionFailed: the database has rolled it back instead.
        """
        ...

    def rollback(self) -> None:
        """Undo it; a broken connection does nothing, because its server does it."""
        ...

    def is_alive(self) -> bool:
        """Tell without a round trip whether the connection still stands, as far as can be seen."""
        ...

    def close(self) -> None:
        """Close it; never raises."""
        ...


class AsyncConnection(Protocol):
    """A connection for code on an event loop. A cancelled call stops what the server does for it."""

    error_ends_transaction: ClassVar[bool]
    many_is_atomic: ClassVar[bool]
    inline: PlainConnection | None
    is_broken: bool
    statements: int
    opened_at: float
    used_at: float

    async def run(self, text: str, parameters: Sequence[Any], returns: Returns) -> Any:
        """Do what `PlainConnection.run` does."""
        ...

    async def run_many(self, text: str, rows: Sequence[Sequence[Any]]) -> int:
        """Do what `PlainConnection.run_many` does."""
        ...

    def stream(self, text: str, parameters: Sequence[Any], size: int) -> AsyncIterator[Sequence[Row]]:
        """Do what `PlainConnection.stream` does."""
        ...

    async def begin(self, *, writes: bool, isolation: Isolation) -> None:
        """Do what `PlainConnection.begin` does."""
        ...

    async def commit(self) -> None:
        """Do what `PlainConnection.commit` does."""
        ...

    async def rollback(self) -> None:
        """Do what `PlainConnection.rollback` does."""
        ...

    def is_alive(self) -> bool:
        """Do what `PlainConnection.is_alive` does."""
        ...

    async def close(self) -> None:
        """Close it in order; never raises."""
        ...

    def terminate(self) -> None:
        """Drop it at once, without waiting for anybody; never raises."""
        ...
