"""`window.asokWS` in the pages that use it: a script of its own, and what the policy must allow.

The element stands before every other script, so that those may use it at once, and
tells where the sockets are: on a port of their own in development, below `/ws` behind
a proxy, or at the pages' own address. A page without scripts gets none.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from asok_engine.dispatch.chain import Handler
from asok_engine.dispatch.kernel import Endpoint
from asok_engine.dispatch.routes import RouteTable
from asok_engine.realtime import script
from asok_engine.wire.hosts import parse_host
from asok_engine.wire.request import Request
from asok_engine.wire.response import Response, bare

if TYPE_CHECKING:
    from asok.websocket import WebSocketServer

__all__ = ["SocketScript", "mentions_helper"]

NAME = "asokWS"
_HEAD = re.compile(r"<head(?:\s[^>]*)?>", re.IGNORECASE)
_SCRIPT = re.compile(r"<script[\s>]", re.IGNORECASE)
_FOREVER = b"public, max-age=31536000, immutable"


def mentions_helper(folders: Iterable[Path]) -> bool:
    """Tell whether a script file below these folders calls the helper."""
    return any(
        NAME.encode() in path.read_bytes()
        for folder in folders
        for pattern in ("*.js", "*.mjs")
        for path in folder.rglob(pattern)
    )


class SocketScript:
    """The script of one application.

    `servers` are asked at each page whether they have a port of their own. `in_files`
    tells that a script file uses the helper, so that every page with a script may.
    """

    def __init__(self, servers: Sequence[WebSocketServer], *, debug: bool, in_files: bool) -> None:
        self._servers = servers
        self._debug = debug
        self._in_files = in_files
        self._content = script.content()
        version = hashlib.sha1(self._content, usedforsecurity=False).hexdigest()[:12]
        self.address = f"/assets/asok-ws.{version}.js"

    def add_routes(self, routes: RouteTable) -> None:
        """Serve the script at its address."""
        handler = Handler(_answer(self._content), "asokWS", is_async=False, is_light=True)
        routes.add(self.address, {"GET": Endpoint(handler)}, source="asokWS")

    def into(self, request: Request, page: str) -> str:
        """Put the element into a page that uses it, and let the policy allow the connection."""
        if NAME not in page and not (self._in_files and _SCRIPT.search(page)):
            return page
        place = _HEAD.search(page) or _SCRIPT.search(page)
        if place is None:
            return page
        at = place.end() if page[place.start() : place.start() + 5].lower() == "<head" else place.start()
        request.__dict__["connect_source"] = self._source(request)
        return f"{page[:at]}{self._element(request)}{page[at:]}"

    def _port(self) -> int | None:
        """Give the port of its own that a page in development connects to."""
        return next((server.own_port for server in self._servers if server.own_port), None)

    def _element(self, request: Request) -> str:
        port = self._port()
        if port is None:
            prefix = request.root_path
            told = f' data-prefix="{prefix}"' if prefix else ""
        else:
            told = f' data-port="{port}"' if self._debug else ' data-prefix="/ws"'
        return f'<script src="{request.root_path}{self.address}"{told}></script>'

    def _source(self, request: Request) -> str:
        """Give what connect-src must allow beside 'self', which older browsers do not take for sockets."""
        scheme = "wss" if request.scheme == "https" else "ws"
        parsed = parse_host(request.host)
        if parsed is None or ":" in parsed[0]:
            # A policy cannot name an IPv6 address.
            return ""
        name, shown_port = parsed
        port = self._port()
        if port is not None and self._debug:
            return f"{scheme}://{name}:{port}"
        return f"{scheme}://{name}" + (f":{shown_port}" if shown_port else "")


def _answer(content: bytes) -> Callable[[Request], Response]:
    def answer(request: Request) -> Response:
        response = bare(content, b"text/javascript; charset=utf-8")
        response.raw[b"cache-control"] = _FOREVER
        return response

    return answer
