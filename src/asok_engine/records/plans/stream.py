"""Reading a query piece by piece, in constant memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from asok_engine.errors import UsageError
from asok_engine.records.query import Query
from asok_engine.records.steps import Plan, Stream

__all__ = ["stream"]


def stream(query: Query, size: int = 500) -> Plan[Iterator[Any] | AsyncIterator[Any]]:
    """Give an iterator over the records, an async one under an event loop.

    At most `size` records are in memory at once, and peers are those of one piece.
    Relations to load are joined; prefetching needs all records and is refused.
    """
    if query.included:
        raise UsageError("A stream loads no relations apart.", fix="Join them, or read the records in pages.")
    pieces = yield Stream(query.select(), size)
    return _one_by_one_async(pieces) if hasattr(pieces, "__aiter__") else _one_by_one(pieces)


def _one_by_one(pieces: Iterator[list[Any]]) -> Iterator[Any]:
    for piece in pieces:
        yield from piece


async def _one_by_one_async(pieces: AsyncIterator[list[Any]]) -> AsyncIterator[Any]:
    async for piece in pieces:
        for record in piece:
            yield record
