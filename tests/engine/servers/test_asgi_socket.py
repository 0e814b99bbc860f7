"""A WebSocket of an ASGI server as a link."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from asok_engine.dispatch.sockets import SocketEnd
from asok_engine.servers.asgi_socket import AsgiSocket

CONNECT = {"type": "websocket.connect"}


class Server:
    """The server's side: what it hands over, and what it is told."""

    def __init__(self, *messages: dict[str, Any], fails: type[Exception] | None = None) -> None:
        self.sent: list[Any] = []
        self._messages = list(messages)
        self._fails = fails

    async def receive(self) -> Any:
        return self._messages.pop(0)

    async def send(self, message: Any) -> None:
        if self._fails is not None:
            raise self._fails("gone")
        self.sent.append(message)

    def link(self, **scope: Any) -> AsgiSocket:
        return AsgiSocket(scope, self.receive, self.send)


async def test_messages_of_both_kinds_pass() -> None:
    """Text, bytes, an empty text; servers fill the other key with None or leave it out."""
    server = Server(
        CONNECT,
        {"type": "websocket.receive", "text": "a", "bytes": None},
        {"type": "websocket.receive", "text": ""},
        {"type": "websocket.receive", "bytes": b"\x00", "text": None},
    )
    link = server.link(subprotocols=["v1"])
    assert link.subprotocols == ["v1"]
    await link.accept("v1")
    assert [await link.receive() for _ in range(3)] == ["a", "", b"\x00"]
    await link.send("b")
    await link.send(b"\x01")
    await link.close(4000, "done")
    assert server.sent == [
        {"type": "websocket.accept", "subprotocol": "v1", "headers": []},
        {"type": "websocket.send", "text": "b"},
        {"type": "websocket.send", "bytes": b"\x01"},
        {"type": "websocket.close", "code": 4000, "reason": "done"},
    ]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"code": 4001, "reason": "enough"}, (4001, "enough")),
        ({"code": 1001}, (1001, "")),
        ({}, (1005, "")),
        ({"code": None, "reason": None}, (1005, "")),
    ],
)
async def test_end_of_the_client_has_its_code(message: dict[str, Any], expected: tuple[int, str]) -> None:
    """1005 where the client gave none."""
    with pytest.raises(SocketEnd) as caught:
        await Server({"type": "websocket.disconnect", **message}).link().receive()
    assert (caught.value.code, caught.value.reason) == expected


async def test_refusal_is_an_http_answer_where_the_server_has_that() -> None:
    """Status and one sentence; else the close that makes a 403."""
    server = Server(CONNECT)
    await server.link(extensions={"websocket.http.response": {}}).refuse(404, "Nothing here.")
    assert [message["type"] for message in server.sent] == [
        "websocket.http.response.start",
        "websocket.http.response.body",
    ]
    assert (server.sent[0]["status"], server.sent[1]["body"]) == (404, b"Nothing here.\n")
    server = Server(CONNECT)
    await server.link().refuse(404, "Nothing here.")
    assert server.sent == [{"type": "websocket.close", "code": 1008, "reason": "Nothing here."}]


@pytest.mark.parametrize("error", [OSError, RuntimeError, ConnectionResetError])
async def test_client_that_has_left_ends_sending(error: type[Exception]) -> None:
    """What servers raise then is the end of the connection, and of a refusal nobody is told."""
    with pytest.raises(SocketEnd):
        await Server(fails=error).link().send("x")
    await Server(CONNECT, fails=error).link().refuse(403, "no")


async def test_client_that_leaves_during_the_handshake_is_not_accepted() -> None:
    """There is nobody to accept."""
    server = Server({"type": "websocket.disconnect", "code": 1006})
    with pytest.raises(SocketEnd):
        await server.link().accept(None)
    assert server.sent == []
    await asyncio.sleep(0)
