"""Reading a query piece by piece, in constant memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from asok_engine.errors import UsageError
from asok_engine.records.query import Query
from asok_engine.records.rows import Records
from asok_engine.records.steps import Plan, Stream

__all__ = ["stream"]


def stream(query: Query, size: int = 500) -> Plan[Iterator[Any] | AsyncIterator[Any]]:
    """Give an iterator over the records, an async one under an event loop.

    At most `size` records are in memory at once, and peers are those of one piece.
    Relations to load are joined; prefetching needs all records and is refused.
    """
    if query.included:
        raise UsageError("A stream loads no relations apart.", fix="Join them, or read the records in pages.")
    pieces, database = (yield Stream(query.select(), size)), query.database_alias
    if hasattr(pieces, "__aiter__"):
        return _one_by_one_async(pieces, database)
    return _one_by_one(pieces, database)


def _one_by_one(pieces: Iterator[Records[Any]], database: str) -> Iterator[Any]:
    for piece in pieces:
        if database:
            piece.read_from(database)
        yield from piece


async def _one_by_one_async(pieces: AsyncIterator[Records[Any]], database: str) -> AsyncIterator[Any]:
    async for piece in pieces:
        if database:
            piece.read_from(database)
        for record in piece:
            yield record
