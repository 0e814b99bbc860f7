"""Takes WebSocket connections over from uvicorn at their handshake, for a site that handles frames itself.

uvicorn lets its protocol for WebSockets be chosen. Its own ones fail a connection at
the first wrong frame and lose what came before; ours is the one of the stand-alone
server, with its limits, its pings and messages that are encoded once for everybody.
What is given here is called as uvicorn calls a protocol class.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable
from typing import Any

from asok_engine.dispatch.site import Site
from asok_engine.dispatch.sockets import TakenOver

__all__ = ["Upgraded", "socket_protocol"]


class Upgraded(TakenOver):
    """One connection that uvicorn counts until all is over, and that a site serves."""

    def __init__(self, taken_over: Callable[[Callable[[], None]], TakenOver], connections: set[Any]) -> None:
        self._connections = connections
        self._inner = taken_over(self._gone)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._connections.add(self)
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received()

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    def connection_lost(self, error: Exception | None) -> None:
        self._inner.connection_lost(error)

    def shutdown(self) -> None:
        """Close, because uvicorn stops."""
        self._inner.stop()

    def stop(self) -> None:
        """Close, because the server goes away."""
        self._inner.stop()

    def _gone(self) -> None:
        self._connections.discard(self)


def socket_protocol(site: Site | None) -> Any:
    """Give what uvicorn's setting `ws` takes: "auto" for an application that is none of ours.

    Whether the site takes connections over is asked at each handshake, when it has started.
    """
    if site is None:
        return "auto"

    def make(config: Any, server_state: Any, app_state: Any) -> Any:
        takeover = site.socket_takeover
        if takeover is not None:
            return Upgraded(takeover, server_state.connections)
        own = importlib.import_module("uvicorn.protocols.websockets.auto").AutoWebSocketsProtocol
        return own(config=config, server_state=server_state, app_state=app_state)

    return make
