"""The handshake of the stand-alone server as a Request, so that all the rest sees what it knows.

The path is decoded as the pages' servers decode it, and what cannot be a path is
refused. Nothing is answered here. Source: RFC 6455 4.1, RFC 3986.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import unquote_to_bytes

from websockets.http11 import Request as HandshakeRequest

from asok_engine.errors import InputError
from asok_engine.wire.headers import Headers
from asok_engine.wire.request import Request

__all__ = ["HandshakeExchange", "handshake_request", "is_complete"]


def is_complete(head: bytes) -> int | None:
    """Give the length of the header section, its empty line included; None while it goes on."""
    end = head.find(b"\r\n\r\n")
    return None if end < 0 else end + 4


class HandshakeExchange:
    """What a Request asks its server for, out of one handshake."""

    __slots__ = ("_headers", "_peer", "_secure", "_server", "request", "target")

    protocol = "websocket"
    request: Request

    def __init__(self, shake: HandshakeRequest, transport: asyncio.BaseTransport) -> None:
        self.target = shake.path
        self._headers = Headers(
            [
                (name.lower().encode("latin-1", "replace"), value.encode("latin-1", "replace"))
                for name, value in shake.headers.raw_items()
            ]
        )
        self._peer = _address(transport.get_extra_info("peername"))
        self._server = _address(transport.get_extra_info("sockname"))
        self._secure = transport.get_extra_info("sslcontext") is not None

    def headers(self) -> Headers:
        """Give the header fields."""
        return self._headers

    def raw_path(self) -> bytes:
        """Give the path as it was sent."""
        return self.target.partition("?")[0].encode("latin-1", "replace")

    def peer(self) -> tuple[str, int]:
        """Give address and port of the client's end."""
        return self._peer

    def scheme(self) -> str:
        """Give "http" or "https"."""
        return "https" if self._secure else "http"

    def server(self) -> tuple[str, int | None]:
        """Give address and port of our end."""
        return self._server

    def root_path(self) -> str:
        """Give the mount prefix, of which there is none."""
        return ""

    def http_version(self) -> str:
        """Give the version, which RFC 6455 fixes."""
        return "1.1"

    def environ(self) -> Mapping[str, Any]:
        """Make a WSGI environ of what a handshake has."""
        path, _, query = self.target.partition("?")
        fields = {"HTTP_" + name.upper().replace("-", "_"): value for name, value in self._headers.items()}
        return {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": self._server[0],
            "SERVER_PORT": str(self._server[1] or ""),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": self._peer[0],
            "wsgi.url_scheme": self.scheme(),
            **fields,
        }

    async def read_async(self) -> bytes:
        """Give the body, which a handshake does not have."""
        return b""

    def read(self) -> bytes:
        """Give the body, which a handshake does not have."""
        return b""


def handshake_request(request_class: type[Request], exchange: HandshakeExchange) -> Request:
    """Make the Request of a handshake; raises InputError (400) for a path that cannot be one."""
    raw, _, query = exchange.target.partition("?")
    try:
        path = unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError("The path is not UTF-8.") from error
    if any(ord(character) < 32 or character == "\x7f" for character in path):
        raise InputError("The path has a control character in it.")
    exchange.request = request_class.from_exchange(exchange, "GET", path, query)
    return exchange.request


def _address(name: object) -> tuple[str, int]:
    if isinstance(name, tuple) and len(name) >= 2:
        return str(name[0]), int(cast(int, name[1]))
    return "", 0
