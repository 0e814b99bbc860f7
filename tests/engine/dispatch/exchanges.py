"""Requests without a server: an exchange that lives in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from asok_engine.wire.headers import Headers
from asok_engine.wire.request import Request
from asok_engine.wire.response import Response, bare

__all__ = ["MemoryExchange", "make_request", "page"]


class MemoryExchange:
    """One exchange with nobody; what a server would tell is given at construction."""

    protocol = "asgi"

    def __init__(
        self,
        fields: Iterable[tuple[str, str]] = (),
        *,
        raw_path: bytes = b"/",
        peer: str = "203.0.113.9",
        scheme: str = "http",
        server: tuple[str, int | None] = ("testserver", 80),
        root_path: str = "",
        http_version: str = "1.1",
        body: Iterable[bytes] = (),
    ) -> None:
        self._fields = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in fields]
        self._raw_path = raw_path
        self._peer = peer
        self._scheme = scheme
        self._server = server
        self._root_path = root_path
        self._http_version = http_version
        self._pieces = iter(body)

    def headers(self) -> Headers:
        """Give the fields, lower-case names."""
        return Headers(self._fields)

    def raw_path(self) -> bytes:
        """Give the path as it was sent."""
        return self._raw_path

    def peer(self) -> tuple[str, int]:
        """Give the other end."""
        return self._peer, 40000 if self._peer else 0

    def scheme(self) -> str:
        """Give the scheme of the connection."""
        return self._scheme

    def server(self) -> tuple[str, int | None]:
        """Give our own end."""
        return self._server

    def root_path(self) -> str:
        """Give the mount prefix."""
        return self._root_path

    def http_version(self) -> str:
        """Give the version."""
        return self._http_version

    def environ(self) -> Mapping[str, Any]:
        """There is no environ here."""
        return {}

    def read(self) -> bytes:
        """Give the next piece of the body."""
        return next(self._pieces, b"")

    async def read_async(self) -> bytes:
        """Give the next piece of the body."""
        return next(self._pieces, b"")


def make_request(
    path: str = "/",
    method: str = "GET",
    headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    *,
    host: str | None = "testserver",
    **exchange: Any,
) -> Request:
    """Make a request; `host` None leaves the Host field out, `exchange` goes to the exchange."""
    plain_path, _, query = path.partition("?")
    fields = list(headers.items() if isinstance(headers, Mapping) else headers)
    if host is not None:
        fields.insert(0, ("host", host))
    exchange.setdefault("raw_path", plain_path.encode())
    return Request.from_exchange(MemoryExchange(fields, **exchange), method, plain_path, query)


def page(
    body: bytes = b"<p>hello</p>", status: int = 200, content_type: bytes = b"text/html; charset=utf-8"
) -> Response:
    """Make an answer such as a page gives."""
    return bare(body, content_type, status)
