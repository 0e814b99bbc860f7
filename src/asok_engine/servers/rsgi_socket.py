"""A WebSocket connection of an RSGI server as a link for the site's socket door.

RSGI has no subprotocols, tells no close code and takes no reason; what it does not
have is left out. Source: the RSGI specification 1.5 (granian).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from asok_engine.dispatch.sockets import SocketEnd

__all__ = ["RsgiSocket"]

_CLOSE, _BYTES = 0, 1


class RsgiSocket:
    """One WebSocket scope with its protocol object."""

    sends_at_once = False

    __slots__ = ("_protocol", "_transport", "subprotocols")

    def __init__(self, protocol: Any) -> None:
        self.subprotocols: Sequence[str] = ()
        self._protocol = protocol
        self._transport: Any = None

    async def accept(self, subprotocol: str | None) -> None:
        """Complete the handshake."""
        try:
            self._transport = await self._protocol.accept()
        except (OSError, RuntimeError) as error:
            raise SocketEnd from error

    async def refuse(self, status: int, text: str) -> None:
        """Answer the handshake with a status."""
        self._protocol.close(status)

    async def receive(self) -> str | bytes:
        """Give the next message."""
        try:
            message = await self._transport.receive()
        except (OSError, RuntimeError) as error:
            raise SocketEnd from error
        if message.kind == _CLOSE:
            raise SocketEnd(1005)
        return bytes(message.data) if message.kind == _BYTES else str(message.data)

    async def send(self, message: str | bytes) -> None:
        """Send a message."""
        try:
            if isinstance(message, str):
                await self._transport.send_str(message)
            else:
                await self._transport.send_bytes(message)
        except (OSError, RuntimeError) as error:
            raise SocketEnd from error

    async def close(self, code: int, reason: str) -> None:
        """Close the connection."""
        self._protocol.close(code)

    def end(self) -> None:
        """Let go of the connection: granian closes it when nobody holds its transport any more."""
        self._transport = None
