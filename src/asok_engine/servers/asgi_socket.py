"""A WebSocket connection of an ASGI server as a link for the site's socket door.

Built from the specification (asgi.readthedocs.io, HTTP & WebSocket 2.5). A refusal is
an HTTP answer where the server has the extension for it, else the plain 403 that the
specification gives.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

from asok_engine.dispatch.sockets import SocketEnd

__all__ = ["AsgiSocket"]

Message = MutableMapping[str, Any]


class AsgiSocket:
    """One WebSocket scope with its two channels."""

    __slots__ = ("_has_answers", "_receive", "_send", "sends_at_once", "subprotocols")

    def __init__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        self.subprotocols: Sequence[str] = scope.get("subprotocols") or ()
        self._has_answers = "websocket.http.response" in (scope.get("extensions") or {})
        self._receive = receive
        self._send = send
        # Known of uvicorn alone; others may take locks and start timers, which need a task.
        self.sends_at_once = str(getattr(send, "__module__", "")).startswith("uvicorn.")

    async def accept(self, subprotocol: str | None) -> None:
        """Complete the handshake; raises SocketEnd when the client has left meanwhile."""
        await self._handshake()
        await self._put({"type": "websocket.accept", "subprotocol": subprotocol, "headers": []})

    async def refuse(self, status: int, text: str) -> None:
        """Answer the handshake with a status."""
        try:
            await self._handshake()
            if not self._has_answers:
                await self._put({"type": "websocket.close", "code": 1008, "reason": text[:100]})
                return
            body = f"{text}\n".encode()
            headers = [
                (b"content-type", b"text/plain; charset=utf-8"),
                (b"content-length", b"%d" % len(body)),
            ]
            await self._put({"type": "websocket.http.response.start", "status": status, "headers": headers})
            await self._put({"type": "websocket.http.response.body", "body": body})
            # Why: uvicorn takes a return before the connection is gone for a handshake forgotten.
            for _ in range(3):
                await asyncio.sleep(0)
        except SocketEnd:
            return

    async def receive(self) -> str | bytes:
        """Give the next message."""
        message = await self._receive()
        if message["type"] == "websocket.receive":
            text = message.get("text")
            if text is not None:
                return str(text)
            return bytes(message.get("bytes") or b"")
        raise SocketEnd(int(message.get("code") or 1005), str(message.get("reason") or ""))

    async def send(self, message: str | bytes) -> None:
        """Send a message."""
        kind = "text" if isinstance(message, str) else "bytes"
        await self._put({"type": "websocket.send", kind: message})

    async def close(self, code: int, reason: str) -> None:
        """Close the connection."""
        await self._put({"type": "websocket.close", "code": code, "reason": reason})

    async def _handshake(self) -> None:
        if (await self._receive())["type"] != "websocket.connect":
            raise SocketEnd

    async def _put(self, message: Message) -> None:
        try:
            await self._send(message)
        except (OSError, RuntimeError) as error:
            # Servers of ASGI 2.4 raise OSError when the client has left, some RuntimeError.
            raise SocketEnd from error
