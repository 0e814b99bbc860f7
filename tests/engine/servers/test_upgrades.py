"""WebSockets that are taken over from uvicorn: it upgrades, counts and stops; the site has the bytes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import uvicorn
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from asok_engine.dispatch.site import Site
from asok_engine.dispatch.sockets import TakenOver
from asok_engine.dispatch.threads import BackgroundLoop
from asok_engine.realtime.server import SocketServer
from asok_engine.servers.upgrades import socket_protocol
from tests import servers
from tests.engine.realtime.served import plan

HANDSHAKE = (
    b"GET /echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def frame(first: int, payload: bytes) -> bytes:
    """Make a frame of a client; the mask is nought."""
    return bytes((first, 0x80 | len(payload))) + bytes(4) + payload


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Start and stop; refuse sockets, so that uvicorn's own protocol can be told."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
    elif scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1000})


@contextlib.asynccontextmanager
async def served(takeover: Callable[[Callable[[], None]], TakenOver] | None) -> AsyncIterator[Any]:
    """Run uvicorn with a site; give it and its port."""
    site = Site(lambda: None, BackgroundLoop())  # type: ignore[arg-type, return-value]
    site.socket_takeover = takeover
    port = servers.free_port()
    server = uvicorn.Server(
        uvicorn.Config(app, port=port, log_config=None, log_level="critical", ws=socket_protocol(site))
    )
    server.install_signal_handlers = lambda: None
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield server, port
    server.should_exit = True
    await asyncio.wait_for(running, 5)


@pytest.fixture
async def sockets() -> AsyncIterator[SocketServer]:
    """The sockets of an application, with an echo."""
    server = SocketServer()

    async def echo(conn: Any, message: str) -> None:
        conn.send(message)

    server.routes.on_message("/echo", echo)
    server.compose(plan())
    yield server
    await server.stop_async()


async def raw(port: int, *pieces: bytes) -> bytes:
    """Shake hands, send these bytes at once, and give all that comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HANDSHAKE)
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101")
    writer.write(b"".join(pieces))
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    return answer


async def test_messages_come_and_what_came_before_a_wrong_frame_is_answered(sockets: SocketServer) -> None:
    """Autobahn's cases 3.2 and 7.1.5, which uvicorn's own protocols do not meet."""
    async with served(sockets.take_over) as (_, port):
        async with connect(f"ws://127.0.0.1:{port}/echo") as client:
            await client.send("x" * 70_000)
            assert await client.recv() == "x" * 70_000
        with pytest.raises(InvalidStatus):
            await connect(f"ws://127.0.0.1:{port}/nowhere")
        wrong = await raw(port, frame(0x81, b"one"), frame(0xC1, b"two"))
        assert wrong.startswith(b"\x81\x03one\x88")
        assert wrong[7:9] == (1002).to_bytes(2, "big")
        halfway = await raw(port, frame(0x01, b"half"), frame(0x88, (1000).to_bytes(2, "big")))
        assert halfway == b"\x88\x02" + (1000).to_bytes(2, "big")


async def test_uvicorn_waits_for_what_it_let_go_of(sockets: SocketServer) -> None:
    """A connection counts until its handlers are through; it is closed when uvicorn stops."""
    ended: list[int] = []

    async def left(conn: Any) -> None:
        await asyncio.sleep(0.1)
        ended.append(conn.close_code)

    sockets.routes.on_disconnect("/echo", left)
    async with served(sockets.take_over) as (server, port):
        async with connect(f"ws://127.0.0.1:{port}/echo") as client:
            assert len(server.server_state.connections) == 1
            server.should_exit = True
            await asyncio.wait_for(client.wait_closed(), 5)
            assert client.close_code == 1001
    assert ended == [1001]
    assert not server.server_state.connections


async def test_uvicorn_keeps_sockets_that_nobody_takes() -> None:
    """A site that takes none over has uvicorn's own protocol, and what is no site of ours as well."""
    async with served(None) as (server, port):
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"ws://127.0.0.1:{port}/echo")
        assert refused.value.response.status_code == 403
        assert not [each for each in server.server_state.connections if hasattr(each, "stop")]
    assert socket_protocol(None) == "auto"
