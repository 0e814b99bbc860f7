"""`client.websocket(path)`: one WebSocket to the application in this process, for plain tests.

It is the client's side of an ASGI server: the handshake, whole messages and the end.
What the application raises is raised in the test, and waiting for a message that does
not come fails after some seconds. Source: the ASGI specification (HTTP & WebSocket 2.5).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine, Iterator, MutableMapping
from types import TracebackType
from typing import Any, TypeVar

from asok_engine.dispatch.sockets import SocketEnd
from asok_engine.errors import UsageError

__all__ = ["SocketExchange", "SocketRefused", "TestSocket"]

T = TypeVar("T")
Message = MutableMapping[str, Any]
_LEAVING_SECONDS = 5.0


class SocketRefused(ConnectionError):
    """The handshake was answered with `status` and `text` instead of a WebSocket."""

    def __init__(self, path: str, status: int, text: str) -> None:
        super().__init__(f"The WebSocket {path} was refused with {status}: {text.strip()}")
        self.status = status
        self.text = text


class SocketExchange:
    """One connection on the loop: what `receive` gives and what `send` has brought."""

    def __init__(self, scope: Message) -> None:
        self._scope = scope
        self.path = str(scope["path"])
        self.to_app: asyncio.Queue[Message] = asyncio.Queue()
        self.from_app: asyncio.Queue[Message] = asyncio.Queue()
        self.subprotocol: str | None = None
        self.end: SocketEnd | None = None

    async def begin(self, app: Callable[..., Awaitable[None]]) -> None:
        """Shake hands; raises SocketRefused."""
        self.to_app.put_nowait({"type": "websocket.connect"})
        self._task = asyncio.ensure_future(app(self._scope, self.to_app.get, self.from_app.put))
        answer = await self._next(_LEAVING_SECONDS)
        if answer["type"] == "websocket.accept":
            self.subprotocol = answer.get("subprotocol")
            return
        status, text = 403, str(answer.get("reason") or "")
        if answer["type"] == "websocket.http.response.start":
            status, pieces = answer["status"], []
            while True:
                body = await self._next(_LEAVING_SECONDS)
                pieces.append(body.get("body", b""))
                if not body.get("more_body", False):
                    break
            text = b"".join(pieces).decode("utf-8", "replace")
        await self._task
        raise SocketRefused(self.path, status, text)

    async def receive(self, seconds: float) -> str | bytes:
        """Give the next message; raises SocketEnd."""
        if self.end is not None:
            raise self.end
        message = await self._next(seconds)
        if message["type"] == "websocket.close":
            self.end = SocketEnd(int(message.get("code") or 1000), str(message.get("reason") or ""))
            self.to_app.put_nowait({"type": "websocket.disconnect", "code": self.end.code})
            raise self.end
        text = message.get("text")
        return str(text) if text is not None else bytes(message["bytes"])

    async def close(self, code: int, reason: str) -> None:
        """Leave, and wait until the application has noticed."""
        if self.end is None:
            self.end = SocketEnd(code, reason)
            self.to_app.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        done, _ = await asyncio.wait({self._task}, timeout=_LEAVING_SECONDS)
        if not done:
            self._task.cancel()
            raise RuntimeError(
                f"The WebSocket {self.path} goes on {_LEAVING_SECONDS:g} s after its client has left."
            )
        if not self._task.cancelled():
            self._task.result()

    async def _next(self, seconds: float) -> Message:
        getting = asyncio.ensure_future(self.from_app.get())
        await asyncio.wait({getting, self._task}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if getting.done():
            return getting.result()
        getting.cancel()
        if not self._task.done():
            raise TimeoutError(f"Nothing came over the WebSocket {self.path} within {seconds:g} s.")
        self._task.result()
        return {"type": "websocket.close", "code": 1006}


class TestSocket:
    """One open WebSocket; leaving the block closes it.

    `subprotocol` is what was agreed on, `close_code` and `close_reason` tell how the
    application has closed, as far as `receive` has come.
    """

    __test__ = False

    def __init__(self, exchange: SocketExchange, run: Callable[[Coroutine[Any, Any, T]], T]) -> None:
        self._exchange = exchange
        self._run: Callable[[Coroutine[Any, Any, Any]], Any] = run
        self.subprotocol = exchange.subprotocol

    @property
    def close_code(self) -> int | None:
        """The code of the end; None while it is open."""
        return None if self._exchange.end is None else self._exchange.end.code

    @property
    def close_reason(self) -> str:
        """The reason of the end."""
        return "" if self._exchange.end is None else self._exchange.end.reason

    def send(self, message: str | bytes) -> None:
        """Send text, or bytes as a binary message."""
        if not isinstance(message, str | bytes):
            raise UsageError(f"socket.send got {type(message).__name__}; a message is text or bytes.")
        kind = "text" if isinstance(message, str) else "bytes"
        self._run(self._put({"type": "websocket.receive", kind: message}))

    def send_json(self, data: Any) -> None:
        """Send data as JSON text."""
        self.send(json.dumps(data))

    def receive(self, seconds: float = 5.0) -> str | bytes:
        """Give the next message.

        Raises:
            SocketEnd: the application has closed.
            TimeoutError: none came in time.
        """
        message: str | bytes = self._run(self._exchange.receive(seconds))
        return message

    def receive_json(self, seconds: float = 5.0) -> Any:
        """Give the next message, read as JSON."""
        return json.loads(self.receive(seconds))

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Leave; returns when the disconnect handler has run."""
        self._run(self._exchange.close(code, reason))

    def __iter__(self) -> Iterator[str | bytes]:
        while True:
            try:
                yield self.receive()
            except SocketEnd:
                return

    def __enter__(self) -> TestSocket:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def _put(self, message: Message) -> None:
        self._exchange.to_app.put_nowait(message)
