"""Whatever gives the pieces of a body, an event loop gets bytes, and the source is closed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from asok_engine.dispatch.threads import Threads
from asok_engine.servers.pieces import as_bytes, async_pieces, close_unsent, from_thread, without_content
from asok_engine.wire.response import Response


async def taken(body: Any, threads: Threads) -> list[bytes]:
    """Take every piece."""
    return [piece async for piece in async_pieces(body, threads)]


class Asynchronous:
    """An async iterable that is no generator."""

    async def __aiter__(self) -> AsyncIterator[str]:
        for piece in ("a", "", "é"):
            yield piece


async def test_every_kind_of_source_gives_bytes() -> None:
    """Generators, lists and async iterables of text and bytes; empty pieces are left out."""
    threads = Threads(1)

    async def generator() -> AsyncIterator[str | bytes]:
        yield "a"
        yield b""
        yield "é"

    for body in (["a", "", "é"], (piece for piece in [b"a", b"", "é"]), generator(), Asynchronous()):
        assert await taken(body, threads) == [b"a", "é".encode()]
    threads.close()


async def test_plain_source_runs_in_a_thread() -> None:
    """A source that waits does not hold up the loop."""
    threads = Threads(1)
    names: list[str] = []

    def source() -> Iterator[bytes]:
        try:
            names.append(threading.current_thread().name)
            yield b"x"
        finally:
            names.append(threading.current_thread().name)

    pieces = from_thread(source(), threads)
    assert await anext(pieces) == b"x"
    await pieces.aclose()
    assert names == ["asok-plain-0-0"] * 2
    threads.close()


async def test_async_source_is_closed_with_its_pieces() -> None:
    """Giving up runs the generator's `finally` at once."""
    closed: list[str] = []

    async def source() -> AsyncIterator[bytes]:
        try:
            yield b"x"
            yield b"y"
        finally:
            closed.append("closed")

    pieces = async_pieces(source(), Threads(1))
    assert await anext(pieces) == b"x"
    await pieces.aclose()
    assert closed == ["closed"]


async def test_source_that_is_busy_is_left_to_its_thread() -> None:
    """A generator that waits in a thread cannot be closed from outside; giving up does not fail or hang."""
    threads = Threads(2)
    entered, free, closed = threading.Event(), threading.Event(), threading.Event()

    def source() -> Iterator[bytes]:
        try:
            entered.set()
            free.wait(5)
            yield b"late"
        finally:
            closed.set()

    pieces = from_thread(source(), threads)
    task = asyncio.ensure_future(anext(pieces))
    await asyncio.to_thread(entered.wait, 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 2)
    await pieces.aclose()
    free.set()
    del pieces, task
    assert await asyncio.to_thread(closed.wait, 2)
    threads.close()


async def test_error_of_a_plain_source_arrives() -> None:
    """A StopIteration raised by mistake is an error and no end (PEP 479)."""
    threads = Threads(1)

    def broken() -> Iterator[bytes]:
        yield b"x"
        raise LookupError("no more")

    with pytest.raises(LookupError, match="no more"):
        await taken(broken(), threads)
    threads.close()


async def test_unsent_body_is_closed() -> None:
    """The answer to HEAD never begins its source; what has a `close` is closed."""
    closed: list[str] = []

    class Closable:
        def close(self) -> None:
            closed.append("plain")

    class ClosableAsync:
        async def aclose(self) -> None:
            closed.append("async")

    for body in (Closable(), ClosableAsync(), ["a"], b"bytes"):
        await close_unsent(body)
    assert closed == ["plain", "async"]


def test_text_becomes_utf_8() -> None:
    """Bytes stay as they are."""
    assert (as_bytes("é"), as_bytes(b"\xff")) == ("é".encode(), b"\xff")


def test_answer_without_content_does_not_describe_one() -> None:
    """Length and type go, the rest stays."""
    response = Response("x", 304, {"Content-Length": "1", "ETag": '"a"'})
    assert without_content(response) == b""
    assert dict(response.headers) == {"Etag": '"a"'}
