"""Three servers in memory: each drives an adapter exactly as its protocol says, and keeps what it was sent.

The WSGI driver stands behind `wsgiref.validate`, the ASGI driver refuses messages
out of order, the RSGI driver refuses a second answer.
"""

from __future__ import annotations

import asyncio
import io
import sys
import warnings
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, unquote_to_bytes
from wsgiref.validate import validator

from asok_engine.dispatch.site import Site
from asok_engine.servers.asgi import AsgiAdapter
from asok_engine.servers.rsgi import RsgiAdapter
from asok_engine.servers.wsgi import WsgiAdapter

__all__ = ["DRIVERS", "Answer", "RsgiProtocol", "RsgiScope", "ask_asgi", "asgi_scope", "environ_of"]

Fields = Iterable[tuple[str, str]]


@dataclass
class Answer:
    """What a client would see."""

    status: int = 0
    fields: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    whole: bool = False

    def __getitem__(self, name: str) -> str:
        return ", ".join(value for key, value in self.fields if key.lower() == name.lower())

    def __contains__(self, name: str) -> bool:
        return any(key.lower() == name.lower() for key, _ in self.fields)


# --- ASGI -------------------------------------------------------------------------------------


def asgi_scope(method: str, target: str, fields: Fields = (), **more: Any) -> dict[str, Any]:
    """Make the scope that uvicorn would."""
    path, _, query = target.partition("?")
    root = more.get("root_path", "")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": root + unquote(path),
        "raw_path": (root + path).encode("latin-1"),
        "query_string": query.encode("latin-1"),
        "root_path": "",
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in fields],
        "client": ("203.0.113.9", 5000),
        "server": ("server.test", 80),
        **more,
    }


async def ask_asgi(
    adapter: AsgiAdapter,
    scope: dict[str, Any],
    body: Iterable[bytes] = (),
    *,
    leave_after: int | None = None,
    gone_while_sending: bool = False,
) -> Answer:
    """Send one request; the client leaves after so many pieces of the answer, if it does at all.

    Servers tell with a message, or with an error of `send` (`gone_while_sending`).
    """
    answer, pieces = Answer(), 0
    incoming = list(body) or [b""]
    left = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0)
        if incoming:
            piece = incoming.pop(0)
            if piece is GONE:
                return {"type": "http.disconnect"}
            return {"type": "http.request", "body": piece, "more_body": bool(incoming)}
        await (asyncio.Event() if gone_while_sending else left).wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        nonlocal pieces
        await asyncio.sleep(0)
        if left.is_set() and gone_while_sending:
            raise OSError("the client has left")
        if message["type"] == "http.response.start":
            assert answer.status == 0, "the answer was begun twice"
            answer.status = message["status"]
            answer.fields = [
                (name.decode("latin-1"), value.decode("latin-1")) for name, value in message["headers"]
            ]
        elif message["type"] == "http.response.pathsend":
            assert answer.status
            with open(message["path"], "rb") as file:
                answer.body, answer.whole = file.read(), True
        else:
            assert message["type"] == "http.response.body"
            assert answer.status, "a body before its start"
            assert not answer.whole, "a body behind its end"
            answer.body += message.get("body", b"")
            answer.whole = not message.get("more_body", False)
            pieces += 1
            if leave_after is not None and pieces >= leave_after:
                left.set()

    await adapter(scope, receive, send)
    return answer


#: A piece of a request's body that means: the client is gone.
GONE = b"\x00gone"


def by_asgi(site: Site, method: str, target: str, fields: Fields, body: Iterable[bytes]) -> Answer:
    """Ask over ASGI."""
    asked = ask_asgi(AsgiAdapter(site), asgi_scope(method, target, fields), body)
    return asyncio.run(asyncio.wait_for(asked, 10))


# --- WSGI -------------------------------------------------------------------------------------


def environ_of(
    method: str, target: str, fields: Fields = (), body: bytes = b"", **more: Any
) -> dict[str, Any]:
    """Make the environ that a WSGI server would."""
    path, _, query = target.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": "server.test",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "203.0.113.9",
        "REMOTE_PORT": "5000",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in fields:
        key = name.upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    return {**environ, **more}


def by_wsgi(site: Site, method: str, target: str, fields: Fields, body: Iterable[bytes]) -> Answer:
    """Ask over WSGI, through the validator of the standard library."""
    whole = b"".join(body)
    fields = list(fields)
    if whole and not any(name.lower() in ("content-length", "transfer-encoding") for name, _ in fields):
        fields.append(("Content-Length", str(len(whole))))
    answer = Answer()

    def start_response(
        status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], Any]:
        answer.status, answer.fields = int(status[:3]), headers
        return lambda _: None

    environ = environ_of(method, target, fields, whole)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=Warning)
        pieces: Any = validator(WsgiAdapter(site))(environ, start_response)
    try:
        for piece in pieces:
            answer.body += piece
        answer.whole = True
    except ConnectionAbortedError:
        pass
    finally:
        pieces.close()
    return answer


# --- RSGI -------------------------------------------------------------------------------------


class RsgiHeaders:
    """Header fields as granian gives them."""

    def __init__(self, fields: Fields) -> None:
        self._fields = [(name.lower(), value) for name, value in fields]

    def items(self) -> list[tuple[str, str]]:
        """Give every field that was sent."""
        return self._fields


class RsgiScope:
    """A scope as granian gives it: the path is decoded, with U+FFFD for what is not UTF-8."""

    proto = "http"
    http_version = "1.1"
    server = "127.0.0.1:80"
    client = "203.0.113.9:5000"
    scheme = "http"
    authority: str | None = None

    def __init__(self, method: str, target: str, fields: Fields = ()) -> None:
        path, _, self.query_string = target.partition("?")
        self.path = unquote(path, errors="replace")
        self.method = method
        self.headers = RsgiHeaders(fields)


class RsgiTransport:
    """The sending side of a stream."""

    def __init__(self, protocol: RsgiProtocol) -> None:
        self._protocol = protocol
        self._pieces = 0

    async def send_bytes(self, piece: bytes) -> None:
        """Take one piece; fails once the client has left."""
        await asyncio.sleep(0)
        if self._protocol.left.is_set():
            raise RuntimeError("the transport is closed")
        self._protocol.answer.body += piece
        self._pieces += 1
        if self._pieces == self._protocol.leave_after:
            self._protocol.left.set()


class RsgiProtocol:
    """The protocol object of one request."""

    def __init__(
        self, body: Iterable[bytes] = (), leave_after: int | None = None, *, tells: bool = True
    ) -> None:
        self._tells = tells
        self.answer = Answer()
        self.leave_after = leave_after
        self.left = asyncio.Event()
        self._body = list(body)
        self.closed: int | None = None

    def __aiter__(self) -> AsyncIterator[bytes]:
        async def pieces() -> AsyncIterator[bytes]:
            for piece in self._body:
                if piece is GONE:
                    raise RuntimeError("the client is gone")
                yield piece

        return pieces()

    async def client_disconnect(self) -> None:
        """Return when the client has left."""
        await (self.left if self._tells else asyncio.Event()).wait()

    def close(self, status: int) -> None:
        """Refuse a WebSocket."""
        self.closed = status

    def _begin(self, status: int, fields: list[tuple[str, str]], body: bytes = b"") -> None:
        assert self.answer.status == 0, "the answer was begun twice"
        self.answer = Answer(status, fields, body, True)

    def response_empty(self, status: int, fields: list[tuple[str, str]]) -> None:
        """Answer without a body."""
        self._begin(status, fields)

    def response_bytes(self, status: int, fields: list[tuple[str, str]], body: bytes) -> None:
        """Answer with a whole body."""
        assert type(body) is bytes
        self._begin(status, fields, body)

    def response_file(self, status: int, fields: list[tuple[str, str]], path: str) -> None:
        """Answer with a file."""
        with open(path, "rb") as file:
            self._begin(status, fields, file.read())

    def response_file_range(
        self, status: int, fields: list[tuple[str, str]], path: str, start: int, end: int
    ) -> None:
        """Answer with the bytes of a file from `start` up to but without `end`."""
        with open(path, "rb") as file:
            self._begin(status, fields, file.read()[start:end])

    def response_stream(self, status: int, fields: list[tuple[str, str]]) -> RsgiTransport:
        """Answer piece by piece."""
        self._begin(status, fields)
        return RsgiTransport(self)


def by_rsgi(site: Site, method: str, target: str, fields: Fields, body: Iterable[bytes]) -> Answer:
    """Ask over RSGI."""

    async def ask() -> Answer:
        protocol = RsgiProtocol(body)
        await asyncio.wait_for(RsgiAdapter(site)(RsgiScope(method, target, fields), protocol), 10)
        return protocol.answer

    return asyncio.run(ask())


Driver = Callable[[Site, str, str, Fields, Iterable[bytes]], Answer]
DRIVERS: Mapping[str, Driver] = {"asgi": by_asgi, "wsgi": by_wsgi, "rsgi": by_rsgi}
