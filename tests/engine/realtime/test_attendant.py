"""What handlers run on, and what happens when they fail."""

from __future__ import annotations

import asyncio
import logging
import threading
from pathlib import Path
from typing import Any

import pytest

from asok_engine.dispatch.context import current_request
from asok_engine.errors import ForbiddenError
from asok_engine.realtime.connection import Connection
from asok_engine.telemetry.hooks import error_caught
from tests.engine.realtime.served import closed, serving


async def test_plain_handlers_run_in_threads_and_in_order(tmp_path: Path) -> None:
    """A handler that blocks holds up its own connection and no other, and messages keep their order."""
    goes_on, heard = threading.Event(), []

    def register(server: Any) -> None:
        def handler(conn: Connection, message: str) -> None:
            if message == "block":
                goes_on.wait(5)
            heard.append(message)
            conn.send(f"{message} in {threading.current_thread().name.rpartition('-')[0]}")

        server.routes.on_message("/", handler)

    async with serving(register, tmp_path) as served:
        async with served.connect() as stuck, served.connect() as free:
            await stuck.send("block")
            for number in range(20):
                await stuck.send(str(number))
            await free.send("free")
            assert await free.recv() == "free in asok-plain-0"
            assert heard == ["free"]
            goes_on.set()
            answers = [(await stuck.recv()).split()[0] for _ in range(21)]
            assert answers == ["block", *map(str, range(20))]


async def test_async_handler_may_wait_and_its_connection_keeps_its_order(tmp_path: Path) -> None:
    """Handlers of one connection never overlap."""
    running = 0

    def register(server: Any) -> None:
        async def handler(conn: Connection, message: str) -> None:
            nonlocal running
            running += 1
            assert running == 1
            await conn.send(message)
            running -= 1

        server.routes.on_message("/", handler)

    async with serving(register, tmp_path) as served, served.connect() as client:
        for number in range(50):
            await client.send(str(number))
        assert [await client.recv() for _ in range(50)] == list(map(str, range(50)))


async def test_failing_handler_is_logged_and_closes_its_connection_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The client learns 1011 and nothing of the error; the log has the traceback; the hook is told."""
    told: list[Any] = []
    owner = object()

    def receiver(sender: object, error: BaseException, request: Any, error_id: str) -> None:
        told.append((sender, type(error), request.path, bool(error_id)))

    def register(server: Any) -> None:
        async def handler(conn: Connection, message: str) -> None:
            if message == "fail":
                raise ZeroDivisionError("a secret reason")
            conn.send("fine")

        server.routes.on_message("/", handler)

    error_caught.connect(receiver)
    try:
        with caplog.at_level(logging.ERROR, "asok.websocket"):
            async with serving(register, tmp_path, owner=owner) as served, served.connect() as other:
                failing = await served.connect()
                await failing.send("fail")
                code, reason = await closed(failing)
                assert (code, "secret" in str(reason)) == (1011, False)
                await other.send("x")
                assert await other.recv() == "fine"
    finally:
        error_caught.disconnect(receiver)
    assert told == [(owner, ZeroDivisionError, "/", True)]
    assert [record.exc_info is not None for record in caplog.records] == [True]


async def test_refusing_handler_closes_with_1008_and_says_why(tmp_path: Path) -> None:
    """ForbiddenError and its kin are answers, not defects."""

    def register(server: Any) -> None:
        def members_only(conn: Connection) -> None:
            if conn.user is None:
                raise ForbiddenError("Members only.")
            conn.send("welcome")

        server.routes.on_connect("/", members_only)

    async with serving(register, tmp_path) as served:
        stranger = await served.connect()
        assert await closed(stranger) == (1008, "Members only.")
        async with served.connect(who=3) as member:
            assert await member.recv() == "welcome"


async def test_handlers_see_the_handshake_as_the_current_request(tmp_path: Path) -> None:
    """Code that asks for current_request works in handlers of both kinds."""

    def register(server: Any) -> None:
        def plain(conn: Connection, message: str) -> None:
            conn.send(current_request.path)

        async def on_loop(conn: Connection, message: str) -> None:
            conn.send(current_request.path)

        server.routes.on_message("/plain", plain)
        server.routes.on_message("/loop", on_loop)

    async with serving(register, tmp_path) as served:
        for path in ("/plain", "/loop"):
            async with served.connect(path) as client:
                await client.send("x")
                assert await client.recv() == path


async def test_disconnect_handler_runs_once_however_the_client_leaves(tmp_path: Path) -> None:
    """A clean close, a broken connection and a failing handler are each seen off, with their codes."""
    left: list[int | None] = []
    seen = threading.Semaphore(0)

    def register(server: Any) -> None:
        def gone(conn: Connection) -> None:
            left.append(conn.close_code)
            seen.release()

        def fail(conn: Connection, message: str) -> None:
            raise ZeroDivisionError

        server.routes.on_disconnect("/", gone)
        server.routes.on_message("/", fail)

    async with serving(register, tmp_path) as served:
        client = await served.connect()
        await client.close(4001, "bye")
        assert await asyncio.to_thread(seen.acquire, timeout=5)
        client = await served.connect()
        client.transport.abort()
        assert await asyncio.to_thread(seen.acquire, timeout=5)
        client = await served.connect()
        await client.send("x")
        await closed(client)
        assert await asyncio.to_thread(seen.acquire, timeout=5)
    assert left == [4001, 1006, 1011]
