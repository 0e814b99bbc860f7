"""The pieces of a streamed body as an async iterator of bytes, whatever gives them.

A plain iterator is advanced in a thread, one hop per piece, so that it may wait
without holding the event loop; its `close` runs there too.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator
from typing import Any

from asok_engine.dispatch.threads import Threads
from asok_engine.wire.response import Response

__all__ = ["as_bytes", "async_pieces", "close_unsent", "from_thread", "without_content"]


def as_bytes(piece: str | bytes) -> bytes:
    """Encode a piece of text as UTF-8, leave bytes alone."""
    return piece.encode() if isinstance(piece, str) else piece


def async_pieces(body: Any, threads: Threads) -> AsyncGenerator[bytes, None]:
    """Give the pieces of a body on an event loop; empty pieces are left out."""
    if hasattr(body, "__aiter__"):
        return _from_async(body)
    return from_thread(iter(body), threads)


async def _from_async(body: Any) -> AsyncGenerator[bytes, None]:
    try:
        async for piece in body:
            if piece:
                yield as_bytes(piece)
    finally:
        if (aclose := getattr(body, "aclose", None)) is not None:
            await aclose()


async def from_thread(iterator: Iterator[Any], threads: Threads) -> AsyncGenerator[bytes, None]:
    """Advance a plain iterator in a thread, piece by piece."""
    try:
        while (piece := await threads.run(_next_piece, iterator)) is not None:
            if piece:
                yield piece
    finally:
        if (close := getattr(iterator, "close", None)) is not None:
            await threads.run(_close, close)


def _next_piece(iterator: Iterator[Any]) -> bytes | None:
    for piece in iterator:
        return as_bytes(piece)
    return None


def _close(close: Callable[[], None]) -> None:
    try:
        close()
    except ValueError:
        # The generator is still running in a thread that was abandoned.
        return


async def close_unsent(body: Any) -> None:
    """Close a body that is not going to be sent."""
    if (aclose := getattr(body, "aclose", None)) is not None:
        await aclose()
    elif (close := getattr(body, "close", None)) is not None:
        close()


def without_content(response: Response) -> bytes:
    """Take away what describes a body, for a status that has none (RFC 9110 8.6); give the empty body."""
    response.raw.pop(b"content-length", None)
    response.raw.pop(b"content-type", None)
    return b""
