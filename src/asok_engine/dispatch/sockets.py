"""What stands between a server that speaks WebSocket and the room that handles sockets.

The adapters in `servers` make a link of each connection and give it to the site's
door; `realtime` is that door. So neither room knows the other. A link carries whole
messages; frames, pings and the closing handshake are the server's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Protocol

from asok_engine.wire.request import Request

__all__ = ["SocketDoor", "SocketEnd", "SocketLink", "TakenOver", "Takeover"]


class SocketEnd(Exception):
    """The connection is over: with a close code and the reason that the closing side gave.

    1005 means that the client gave no code, 1006 that the connection broke.
    """

    def __init__(self, code: int = 1006, reason: str = "") -> None:
        super().__init__(f"closed with {code} {reason}".rstrip())
        self.code = code
        self.reason = reason


class SocketLink(Protocol):
    """One WebSocket connection as a server gives it, on the server's event loop."""

    @property
    def subprotocols(self) -> Sequence[str]:
        """The subprotocols that the client offers, in its order."""

    @property
    def sends_at_once(self) -> bool:
        """Whether `send` waits for nothing but a slow client, so that it may be begun outside of a task."""

    async def accept(self, subprotocol: str | None) -> None:
        """Complete the handshake."""

    async def refuse(self, status: int, text: str) -> None:
        """Answer the handshake with an HTTP status, as far as the server can."""

    async def receive(self) -> str | bytes:
        """Give the next message; raises SocketEnd when there is none."""

    def send(self, message: str | bytes) -> Coroutine[Any, Any, None]:
        """Send a message and wait as long as the server wants; raises SocketEnd when that is over."""

    async def close(self, code: int, reason: str) -> None:
        """Close the connection."""


class TakenOver(asyncio.Protocol):
    """A connection of a server whose bytes are ours from its handshake on."""

    def stop(self) -> None:
        """Tell the client that the server goes away, and close."""


#: Makes what takes a connection over, on its event loop; the argument is called when all is over.
Takeover = Callable[[Callable[[], None]], TakenOver]
SocketDoor = Callable[[Request, SocketLink], Awaitable[None]]
