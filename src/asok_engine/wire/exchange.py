"""What a Request needs from the server that received it.

One small object per request, made by an adapter in `servers`; it holds what the
server gave (an ASGI scope, a WSGI environ, an RSGI scope) and hands out parts of
it on demand, so that nothing is parsed before it is touched. The pure rooms know
this contract and no server.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from asok_engine.wire.headers import Headers

__all__ = ["Exchange"]


class Exchange(Protocol):
    """One exchange with one server, as the request sees it."""

    @property
    def protocol(self) -> str:
        """The protocol of the server: "asgi", "wsgi" or "rsgi"."""

    def headers(self) -> Headers:
        """Give the request's header fields."""

    def raw_path(self) -> bytes:
        """Give the path as it was sent, percent-encoded."""

    def peer(self) -> tuple[str, int]:
        """Give address and port of the other end of the connection; ("", 0) when unknown."""

    def scheme(self) -> str:
        """Give "http" or "https" as this server sees the connection."""

    def server(self) -> tuple[str, int | None]:
        """Give name and port that the server listens on."""

    def root_path(self) -> str:
        """Give the prefix under which the application is mounted, without a trailing slash."""

    def http_version(self) -> str:
        """Give "1.0", "1.1", "2" or "3"."""

    def environ(self) -> Mapping[str, Any]:
        """Give a WSGI-like environ (PEP 3333), made on demand on the other protocols."""

    async def read_async(self) -> bytes:
        """Give the next piece of the body, b"" at its end; raises ClientGone when the client has left."""

    def read(self) -> bytes:
        """Give the next piece of the body, b"" at its end, on a server that reads synchronously."""
