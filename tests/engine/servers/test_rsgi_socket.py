"""A WebSocket of an RSGI server as a link."""

from __future__ import annotations

from typing import Any

import pytest

from asok_engine.dispatch.sockets import SocketEnd
from asok_engine.servers.rsgi_socket import RsgiSocket


class Message:
    """What granian hands over."""

    def __init__(self, kind: int, data: Any = None) -> None:
        self.kind = kind
        self.data = data


class Protocol:
    """The server's side; it is its own transport."""

    def __init__(self, *messages: Message, fails: bool = False) -> None:
        self.sent: list[Any] = []
        self.closed: int | None = None
        self._messages = list(messages)
        self._fails = fails

    async def accept(self) -> Protocol:
        return self

    async def receive(self) -> Message:
        if not self._messages:
            raise RuntimeError("closed")
        return self._messages.pop(0)

    async def send_str(self, text: str) -> None:
        if self._fails:
            raise RuntimeError("closed")
        self.sent.append(text)

    async def send_bytes(self, data: bytes) -> None:
        self.sent.append(data)

    def close(self, status: int | None) -> None:
        self.closed = status


async def test_messages_of_both_kinds_pass() -> None:
    """Text and bytes go both ways, and the client's end ends the reading."""
    protocol = Protocol(Message(2, "a"), Message(1, b"\x00"), Message(0))
    link = RsgiSocket(protocol)
    await link.accept(None)
    assert [await link.receive(), await link.receive()] == ["a", b"\x00"]
    with pytest.raises(SocketEnd) as caught:
        await link.receive()
    assert caught.value.code == 1005
    await link.send("b")
    await link.send(b"\x01")
    await link.close(4000, "done")
    assert (protocol.sent, protocol.closed) == (["b", b"\x01"], 4000)


async def test_broken_connection_is_an_end() -> None:
    """What granian raises then is the end of the connection."""
    link = RsgiSocket(Protocol(fails=True))
    await link.accept(None)
    with pytest.raises(SocketEnd):
        await link.send("x")
    with pytest.raises(SocketEnd):
        await link.receive()


async def test_refusal_has_its_status() -> None:
    """The handshake is answered with the status."""
    protocol = Protocol()
    await RsgiSocket(protocol).refuse(404, "Nothing here.")
    assert protocol.closed == 404


async def test_transport_is_let_go_at_the_end() -> None:
    """granian closes the connection when nobody holds its transport, and not before."""
    protocol = Protocol()
    link = RsgiSocket(protocol)
    await link.accept(None)
    link.end()
    assert link._transport is None
