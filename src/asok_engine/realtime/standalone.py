"""The WebSocket server on a port of its own, beside whatever server answers the pages.

It runs on one event loop, that of the thread that it was opened on, and does for all
of its connections together what has to be done in time: deadlines, pings, sessions
that have ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable

from asok_engine.errors import InputError
from asok_engine.realtime.attendant import Attendant
from asok_engine.realtime.gate import Admitted, Gate, Refused
from asok_engine.realtime.handshake import HandshakeExchange, handshake_request
from asok_engine.realtime.limits import Limits
from asok_engine.realtime.peer import Peer
from asok_engine.wire.request import Request

__all__ = ["StandaloneServer"]

TICK_SECONDS = 1.0
BACKLOG = 1024
_log = logging.getLogger("asok.websocket")


class StandaloneServer:
    """Serves WebSockets on a bound socket; make it on its event loop.

    `application` gives the gate and the class of requests; it is called at the first
    handshake, because the application may still be starting when the server begins.
    """

    def __init__(
        self,
        limits: Limits,
        attendant: Attendant,
        application: Callable[[], Awaitable[tuple[Gate, type[Request]]]],
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.limits = limits
        self.attendant = attendant
        self.peers: set[Peer] = set()
        #: The time of the last tick, for what need not be exact.
        self.now = self.loop.time()
        self.gate: Gate
        self._request_class: type[Request] | None = None
        self._application = application
        self._listening: asyncio.Server | None = None
        self._ticking: asyncio.Task[None] | None = None
        self._is_stopping = False
        self._all_gone = asyncio.Event()

    async def open(self, listener: socket.socket) -> None:
        """Accept connections on a bound socket."""
        self._listening = await self.loop.create_server(lambda: Peer(self), sock=listener, backlog=BACKLOG)
        self.begin()

    def begin(self) -> None:
        """Do what has to be done in time, for connections that another server accepts as well."""
        self._ticking = self.loop.create_task(self._tick())

    def take_over(self, when_gone: Callable[[], None]) -> Peer:
        """Make the peer of a connection that another server on this loop has accepted."""
        return Peer(self, when_gone)

    def rest(self) -> None:
        """Do nothing in time any more; safe from any thread."""
        self._is_stopping = True
        if self._ticking is not None:
            with contextlib.suppress(RuntimeError):
                self.loop.call_soon_threadsafe(self._ticking.cancel)

    async def admit(self, exchange: HandshakeExchange) -> Admitted | Refused:
        """Make a request of a handshake and let the gate judge it."""
        if self._is_stopping:
            return Refused(503, "The server stops; try again later.")
        if self._request_class is None:
            self.gate, self._request_class = await self._application()
        try:
            request = handshake_request(self._request_class, exchange)
        except InputError as error:
            return Refused(error.status, error.message)
        return await self.gate.admit(request)

    def gone(self, peer: Peer) -> None:
        """Forget a connection that is over, handlers and all."""
        self.peers.discard(peer)
        if peer.when_gone is not None:
            peer.when_gone()
        if not self.peers:
            self._all_gone.set()

    def end(self) -> None:
        """Take no further client; safe in a signal handler."""
        self._is_stopping = True
        with contextlib.suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self._end_listening)

    def _end_listening(self) -> None:
        if self._listening is not None:
            self._listening.close()

    async def close(self, seconds: float) -> None:
        """Take no further client, close every connection with 1001, and wait for their ends."""
        self._is_stopping = True
        self._end_listening()
        for peer in list(self.peers):
            peer.stop()
        try:
            with contextlib.suppress(TimeoutError):
                if self.peers:
                    await asyncio.wait_for(self._all_gone.wait(), seconds)
        finally:
            for peer in list(self.peers):
                peer.transport.abort()
            if self._ticking is not None:
                self._ticking.cancel()
        # An abort closes in the next round of the loop.
        await asyncio.sleep(0)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self.now = now = self.loop.time()
            for peer in list(self.peers):
                peer.tend(now)
