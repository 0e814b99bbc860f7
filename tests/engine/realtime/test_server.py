"""The WebSocket side of an application in one process: its start, its end, and several processes."""

from __future__ import annotations

import asyncio
import logging
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect

from asok_engine.errors import UsageError
from asok_engine.realtime.connection import Connection
from asok_engine.realtime.limits import Limits
from asok_engine.realtime.server import SocketServer
from tests import servers
from tests.engine.realtime.served import FakeLink, closed, made_request, plan, serving

PROCESS = """
import sys, time
from pathlib import Path
from asok_engine.realtime.server import SocketServer, SocketPlan
from asok_engine.realtime.origins import Origins
from asok_engine.realtime.gate import NoSessions
from asok_engine.backends.broadcast.sqlite import SqliteBroadcast
from asok_engine.wire.request import Request
port, folder, name = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
server = SocketServer()
server.routes.on_connect("/", lambda conn: conn.send(name))
server.compose(SocketPlan(Origins(), NoSessions(), SqliteBroadcast(folder / "bus.sqlite3"), Request))
async def started(): ...
server.start("127.0.0.1", port, folder, started)
print("begun", flush=True)
for line in sys.stdin:
    server.broadcast("/", f"{name}: {line.strip()}")
"""


def quiet(server: Any) -> None:
    server.routes.on_connect("/", lambda conn: conn.send("welcome"))


class Worker:
    """One process of an application."""

    def __init__(self, port: int, folder: Path, name: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROCESS, str(port), str(folder), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "begun\n"

    def says(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{text}\n")
        self.process.stdin.flush()

    def end(self) -> None:
        self.process.kill()
        self.process.wait(5)
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            stream.close()


async def greeted(port: int, seconds: float = 10) -> tuple[Any, str]:
    """Connect as soon as somebody serves; give the client and who serves."""
    async with asyncio.timeout(seconds):
        while True:
            try:
                client = await connect(f"ws://127.0.0.1:{port}/")
            except OSError:
                await asyncio.sleep(0.02)
                continue
            return client, str(await client.recv())


async def test_one_of_several_processes_serves_and_another_takes_over(tmp_path: Path) -> None:
    """Broadcasts of all of them reach the clients, and a killed server is replaced within a moment."""
    port = servers.free_port()
    workers = {name: await asyncio.to_thread(Worker, port, tmp_path, name) for name in ("a", "b")}
    try:
        client, serving_name = await greeted(port)
        other = {"a": "b", "b": "a"}[serving_name]
        workers[other].says("from the side")
        assert await asyncio.wait_for(client.recv(), 5) == f"{other}: from the side"
        workers.pop(serving_name).end()
        began = time.monotonic()
        client, now = await greeted(port)
        assert now == other
        assert time.monotonic() - began < 3
        await client.close()
    finally:
        for worker in workers.values():
            worker.end()


async def test_port_of_another_program_is_told_and_waited_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says what to do, once; when the port is free, the server begins."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = SocketServer()
        quiet(server)
        server.compose(plan())
        with caplog.at_level(logging.ERROR, "asok.websocket"):
            server.start("127.0.0.1", port, tmp_path, _started)
            await asyncio.sleep(0.8)
    try:
        client, words = await greeted(port)
        assert words == "welcome"
        await client.close()
    finally:
        await server.stop_async()
    assert len([each for each in caplog.records if each.levelno >= logging.ERROR]) == 1
    assert f"port {port}" in caplog.text
    assert "WS_PORT" in caplog.text


async def test_address_that_is_not_ours_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A wrong host is an error in the log, and the application goes on."""
    server = SocketServer()
    server.compose(plan())
    with caplog.at_level(logging.ERROR, "asok.websocket"):
        server.start("203.0.113.1", 8001, tmp_path, _started)
        async with asyncio.timeout(5):
            while not caplog.records:
                await asyncio.sleep(0.01)
    await server.stop_async()
    assert "203.0.113.1 port 8001" in caplog.text


async def test_start_and_stop_may_be_repeated(tmp_path: Path) -> None:
    """A second start changes nothing, a second stop neither, and after a stop it may start again."""
    async with serving(quiet, tmp_path) as served:
        served.server.start("127.0.0.1", 1, tmp_path, _started)
        client, _ = await greeted(served.port)
        await client.close()
        await asyncio.to_thread(served.server.stop)
        await asyncio.to_thread(served.server.stop)
        assert not served.server.is_serving.is_set()
        served.server.start("127.0.0.1", served.port, tmp_path, _started)
        client, _ = await greeted(served.port)
        await client.close()


async def test_stop_inside_of_its_own_thread_is_refused(tmp_path: Path) -> None:
    """An async handler of the stand-alone server cannot wait for that server's end."""
    told: list[str] = []

    def register(server: Any) -> None:
        async def handler(conn: Any, message: str) -> None:
            try:
                server.stop()
            except UsageError as error:
                told.append(str(error))
            conn.send("done")

        server.routes.on_message("/", handler)

    async with serving(register, tmp_path) as served, served.connect() as client:
        await client.send("x")
        await client.recv()
    assert "wait for" in told[0]


async def test_the_applications_own_server_is_served_by_the_door(tmp_path: Path) -> None:
    """The same handlers, and broadcasts between both ways."""
    async with serving(quiet, tmp_path) as served, served.connect() as client:
        assert await client.recv() == "welcome"
        link = FakeLink()
        task = asyncio.ensure_future(served.server.serve(made_request("/"), link))
        async with asyncio.timeout(5):
            while not link.sent:
                await asyncio.sleep(0.001)
        served.server.broadcast("/", "to both")
        assert await client.recv() == "to both"
        async with asyncio.timeout(5):
            while link.sent != ["welcome", "to both"]:
                await asyncio.sleep(0.001)
        link.leaves()
        await task


async def test_nothing_is_served_before_the_application_has_started() -> None:
    """A link that comes too early is an error of the adapter."""
    with pytest.raises(UsageError, match="not started"):
        await SocketServer().serve(made_request("/"), FakeLink())


async def test_application_that_does_not_start_refuses_with_503(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A client that comes to a broken application learns that, and the log has the reason."""
    server = SocketServer()
    quiet(server)

    async def broken() -> None:
        raise ZeroDivisionError("the application is broken")

    port = servers.free_port()
    with caplog.at_level(logging.ERROR, "asok.websocket"):
        server.start("127.0.0.1", port, tmp_path, broken)
        try:
            assert await asyncio.to_thread(server.is_serving.wait, 5)
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(
                b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MTIzNDU2Nzg5MDEyMzQ1Ng==\r\n\r\n"
            )
            assert (await reader.readline()).startswith(b"HTTP/1.1 500 ")
            writer.close()
        finally:
            await server.stop_async()
    assert "the application is broken" in caplog.text


async def _started() -> None:
    return None


@pytest.mark.parametrize("allowed", [None, lambda conn, room: True])
async def test_connection_is_in_so_many_rooms_at_once(tmp_path: Path, allowed: Any) -> None:
    """Who asks for more, or for a name without end, is closed with 1008; a room that was left does not count."""

    def register(server: SocketServer) -> None:
        async def on_message(conn: Connection, message: str) -> None:
            if message.startswith("leave "):
                conn.leave(message[6:])
            else:
                conn.send(str(conn.join(message)))

        server.routes.on_message("/", on_message)

    limits = Limits(max_rooms=3)
    async with serving(register, tmp_path, limits=limits, may_join=allowed) as served:
        client = await served.connect()
        for room in ("a", "b", "c", "a", "leave b", "d"):
            await client.send(room)
        assert [await client.recv() for _ in range(5)] == ["True"] * 5
        await client.send("e")
        assert await closed(client) == (1008, "This connection is in too many rooms.")
        client = await served.connect()
        await client.send("x" * 255)
        assert await client.recv() == "True"
        await client.send("x" * 256)
        assert await closed(client) == (1008, "The name of this room is too long.")
