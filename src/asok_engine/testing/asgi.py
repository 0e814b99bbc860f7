"""Calls an ASGI application in this process, as a strict server does.

The application runs on an event loop in a thread of its own, one for all
clients of the process, so a plain test and a test inside a running loop may both
call it. Messages out of order and answers without an end are failures of the
test. Source: the ASGI specification (HTTP & WebSocket 2.5, Lifespan 2.0).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any
from urllib.parse import unquote

from asok_engine.dispatch.threads import BackgroundLoop
from asok_engine.errors import SetupError
from asok_engine.testing.calls import Call, OpenAnswer
from asok_engine.testing.sockets import SocketExchange, TestSocket

__all__ = ["AsgiApp", "AsgiCaller"]

Message = MutableMapping[str, Any]
AsgiApp = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]

_ASGI = {"version": "3.0", "spec_version": "2.4"}
_LEAVING_SECONDS = 5.0

_loop = BackgroundLoop()


class AsgiCaller:
    """Calls one ASGI application."""

    def __init__(self, app: AsgiApp) -> None:
        self._app = app
        self._lifespan: _Lifespan | None = None

    def open(self, call: Call) -> OpenAnswer:
        """Send a request and return when its answer has begun."""
        exchange = _Exchange(call)
        _loop.run(exchange.begin(self._app))
        return OpenAnswer(
            exchange.status,
            exchange.fields,
            lambda: _loop.run(exchange.next_piece()),
            lambda: _loop.run(exchange.leave()),
        )

    def open_socket(self, call: Call, subprotocols: Sequence[str]) -> TestSocket:
        """Shake hands over a WebSocket; raises SocketRefused."""
        scope = _scope(call) | {
            "type": "websocket",
            "scheme": "wss" if call.scheme == "https" else "ws",
            "subprotocols": list(subprotocols),
            "extensions": {"websocket.http.response": {}},
        }
        del scope["method"]
        exchange = SocketExchange(scope)
        _loop.run(exchange.begin(self._app))
        return TestSocket(exchange, _loop.run)

    def start(self) -> None:
        """Send lifespan.startup; raises SetupError when the application says that it failed."""
        self._lifespan = _Lifespan()
        _loop.run(self._lifespan.begin(self._app))

    def stop(self) -> None:
        """Send lifespan.shutdown and wait for its end."""
        if self._lifespan is not None:
            lifespan, self._lifespan = self._lifespan, None
            _loop.run(lifespan.end())


def _scope(call: Call) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": dict(_ASGI),
        "http_version": "1.1",
        "method": call.method,
        "scheme": call.scheme,
        "path": unquote(call.raw_path),
        "raw_path": call.raw_path.encode("ascii"),
        "query_string": call.query.encode("ascii"),
        "root_path": "",
        "headers": [
            (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in call.headers
        ],
        "client": call.client,
        "server": (call.host, call.port),
        "state": {},
        "extensions": {},
    }


class _Exchange:
    """One request on the loop: what `receive` gives and what `send` has brought."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._content = call.content
        self._sent_all = False
        self._complete = False
        self._left = asyncio.Event()
        self._begun = asyncio.Event()
        # One place: the application waits until its piece was taken, as behind a slow client.
        self._pieces: asyncio.Queue[bytes | None] = asyncio.Queue(1)
        self.status = 0
        self.fields: list[tuple[str, str]] = []

    async def begin(self, app: AsgiApp) -> None:
        self._task = asyncio.ensure_future(app(_scope(self._call), self._receive, self._send))
        await self._until(self._begun.wait())
        if not self._begun.is_set():
            self._task.result()
            raise RuntimeError(f"The application ended without an answer to {self._name}.")

    @property
    def _name(self) -> str:
        return f"{self._call.method} {self._call.raw_path}"

    async def _until(self, coroutine: Any) -> None:
        """Wait for a coroutine, or for the end of the application when that comes first."""
        waiting = asyncio.ensure_future(coroutine)
        await asyncio.wait({waiting, self._task}, return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            waiting.cancel()

    async def next_piece(self) -> bytes | None:
        while True:
            if self._pieces.empty() and not self._task.done() and not self._complete:
                getting = asyncio.ensure_future(self._pieces.get())
                await asyncio.wait({getting, self._task}, return_when=asyncio.FIRST_COMPLETED)
                if getting.done():
                    piece = getting.result()
                else:
                    getting.cancel()
                    continue
            elif not self._pieces.empty():
                piece = self._pieces.get_nowait()
            else:
                await self._ended()
                return None
            if piece:
                return piece

    async def _ended(self) -> None:
        await self._task
        if not self._complete:
            raise ConnectionAbortedError(f"The answer to {self._name} ended before its body was complete.")

    async def leave(self) -> None:
        """Go away; what the application still sends is refused, and it is given time to notice."""
        self._left.set()
        while not self._pieces.empty():
            self._pieces.get_nowait()
        done, _ = await asyncio.wait({self._task}, timeout=_LEAVING_SECONDS)
        if not done:
            self._task.cancel()
            raise RuntimeError(
                f"The answer to {self._name} goes on {_LEAVING_SECONDS:g} s after its client has left."
            )
        if not self._task.cancelled() and not isinstance(self._task.exception(), OSError):
            self._task.result()

    async def _receive(self) -> Message:
        if self._sent_all:
            if not self._complete:
                await self._left.wait()
            return {"type": "http.disconnect"}
        if isinstance(self._content, bytes):
            self._sent_all = True
            return {"type": "http.request", "body": self._content, "more_body": False}
        piece = await asyncio.to_thread(next, self._content, None)
        if piece is None:
            self._sent_all = True
            return {"type": "http.request", "body": b"", "more_body": False}
        return {"type": "http.request", "body": piece, "more_body": True}

    async def _send(self, message: Message) -> None:
        if self._left.is_set():
            raise OSError("The client has left.")
        kind = message["type"]
        if kind == "http.response.start":
            if self._begun.is_set():
                raise RuntimeError(f"The answer to {self._name} was begun twice.")
            self.status = message["status"]
            self.fields = [_field(name, value) for name, value in message.get("headers", [])]
            self._begun.set()
        elif kind == "http.response.body":
            if not self._begun.is_set():
                raise RuntimeError(f"The answer to {self._name} has a body before its start.")
            if self._complete:
                raise RuntimeError(f"The answer to {self._name} goes on after its end.")
            await self._body(message)
        else:
            raise RuntimeError(f"The answer to {self._name} has a message of the unknown type {kind!r}.")

    async def _body(self, message: Message) -> None:
        piece = message.get("body", b"")
        if not isinstance(piece, bytes | bytearray | memoryview):
            raise TypeError(f"A piece of the answer to {self._name} is {type(piece).__name__}, not bytes.")
        if piece:
            await self._pieces.put(bytes(piece))
        if not message.get("more_body", False):
            self._complete = True
            await self._pieces.put(None)


def _field(name: Any, value: Any) -> tuple[str, str]:
    if not isinstance(name, bytes) or not isinstance(value, bytes):
        raise TypeError(f"The header field {name!r}: {value!r} is not bytes.")
    return name.decode("latin-1"), value.decode("latin-1")


class _Lifespan:
    """The lifespan call of one application."""

    def __init__(self) -> None:
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self._from_app: asyncio.Queue[Message] = asyncio.Queue()

    async def begin(self, app: AsgiApp) -> None:
        scope: Message = {"type": "lifespan", "asgi": dict(_ASGI), "state": {}}
        self._task = asyncio.ensure_future(app(scope, self._to_app.get, self._from_app.put))
        await self._step("startup")

    async def end(self) -> None:
        await self._step("shutdown")
        await self._task

    async def _step(self, step: str) -> None:
        self._to_app.put_nowait({"type": f"lifespan.{step}"})
        answer = asyncio.ensure_future(self._from_app.get())
        await asyncio.wait({answer, self._task}, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            answer.cancel()
            await self._task
            raise SetupError(f"The application ended its lifespan without answering the {step}.")
        message = answer.result()
        if message["type"] != f"lifespan.{step}.complete":
            await self._task
            raise SetupError(message.get("message") or f"The application's {step} failed.")
