"""`SocketServer`: routes, connections and broadcasts of one application, and both ways to serve them.

Handlers are registered while modules are imported; the face composes it when the
application starts, and from then on its door answers the sockets of the application's
own server. `start` adds the stand-alone server on a port of its own, in one of the
processes that call it. Sites, settings and sessions come in as arguments.
"""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import errno
import logging
import os
import socket
import threading
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from asok_engine.backends.broadcast.contract import Broadcast, Gap
from asok_engine.dispatch.sockets import SocketLink, TakenOver
from asok_engine.dispatch.threads import Threads
from asok_engine.errors import ForbiddenError, SetupError, UsageError
from asok_engine.realtime.attendant import Attendant
from asok_engine.realtime.closing import GOING_AWAY
from asok_engine.realtime.connection import Connection, Follow
from asok_engine.realtime.door import Door
from asok_engine.realtime.election import Election
from asok_engine.realtime.gate import Authenticator, Gate, Guard
from asok_engine.realtime.hub import Hub
from asok_engine.realtime.limits import Admission, Limits
from asok_engine.realtime.loop_thread import LoopThread
from asok_engine.realtime.origins import Origins
from asok_engine.realtime.routes import SocketHandler, SocketRoutes
from asok_engine.realtime.session_watch import SessionWatch
from asok_engine.realtime.standalone import StandaloneServer
from asok_engine.wire.request import Request

__all__ = ["SocketPlan", "SocketServer"]

AGAIN_SECONDS = 0.3
LONGEST_ROOM_NAME = 255
STOP_SECONDS = 2.0
_log = logging.getLogger("asok.websocket")


class SocketPlan(Struct):
    """What the face has decided when the application starts."""

    origins: Origins
    authenticator: Authenticator
    broadcast: Broadcast
    request_class: type[Request]
    guards: Sequence[Guard] = ()
    owner: object = None
    threads: int = 8


class SocketServer:
    """The WebSocket side of one application in one process."""

    def __init__(self, limits: Limits | None = None, on_gap: Callable[[Gap], None] | None = None) -> None:
        self.limits = limits or Limits()
        self.routes = SocketRoutes()
        self.hub = Hub(on_gap)
        self.may_join: Callable[[Connection, str], bool] | None = None
        #: What makes a connection follow records; None while no model is announced.
        self.follow: Follow | None = None
        self.door: Door | None = None
        #: The port on which this server stands alone; None unless `start` was called.
        self.port: int | None = None
        self._loop_thread = LoopThread("asok-websocket")
        self._admission = Admission(self.limits)
        self._gate: Gate | None = None
        self._plan: SocketPlan | None = None
        # One thread until the application has said how many; before that nobody is let in.
        self._attendant = Attendant(self.hub, Threads(1))
        self._standing: asyncio.Task[None] | None = None
        self._standalone: StandaloneServer | None = None
        #: What has the connections that the application's own server lets go of.
        self._taking: StandaloneServer | None = None
        self._watching: asyncio.Task[None] | None = None
        self._is_open = False
        self._opening: concurrent.futures.Future[None] | None = None
        self._lock = threading.Lock()
        #: Set while this process serves the port of its own.
        self.is_serving = threading.Event()

    # --- the application's start ------------------------------------------------------------

    def compose(self, plan: SocketPlan) -> None:
        """Take what the application has decided; its server may call `serve` from now on."""
        self._plan = plan
        self.hub.connect(plan.broadcast)
        attendant = self._attended()
        attendant.owner = plan.owner
        attendant.threads = Threads(plan.threads)
        self._gate = Gate(self.routes.match, plan.origins, self._admission, plan.authenticator, plan.guards)
        self.door = Door(self._gate, attendant, self.limits)
        if self.port is not None:
            self._open_hub()

    async def serve(self, request: Request, link: SocketLink) -> None:
        """Serve one connection of the application's own server."""
        if self.door is None:
            raise UsageError("The application has not started.", fix="Start it before it serves.")
        self._open_hub()
        await self.door(request, link)

    def take_over(self, when_gone: Callable[[], None]) -> TakenOver:
        """Take a connection of the application's own server over at its handshake, on its loop."""
        taking, loop = self._taking, asyncio.get_running_loop()
        if taking is None or taking.loop is not loop:
            taking = self._taking = StandaloneServer(
                self.limits, self._attended(), lambda: self._ready(_nothing)
            )
            taking.begin()
        self._open_hub()
        return taking.take_over(when_gone)

    def _attended(self) -> Attendant:
        self._attendant.may_join = self._may_join
        self._attendant.follow = self.follow
        return self._attendant

    def _may_join(self, connection: Connection, room: str) -> bool:
        # Why limits: clients may be what rooms are named by.
        if len(room) > LONGEST_ROOM_NAME:
            raise ForbiddenError("The name of this room is too long.")
        if len(connection.rooms) >= self.limits.max_rooms and room not in connection.rooms:
            raise ForbiddenError("This connection is in too many rooms.")
        return self.may_join is None or self.may_join(connection, room)

    def _open_hub(self) -> None:
        """Begin to talk to the other processes, once."""
        if self._is_open:
            return
        with self._lock:
            if self._is_open or self._plan is None:
                return
            # A program that says something and ends, such as a command, says it before it ends.
            atexit.register(self.stop)
            self._opening = self._loop_thread.begin(self._opened(self._plan))
            self._is_open = True

    async def hearing(self) -> None:
        """Return when this process hears the others, or has tried to: a gap is told when it does later."""
        self._open_hub()
        opening = self._opening
        if opening is not None:
            await asyncio.wait([asyncio.wrap_future(opening)])

    async def _opened(self, plan: SocketPlan) -> None:
        self._watching = asyncio.get_running_loop().create_task(
            SessionWatch(self.hub, plan.authenticator, self.call).run()
        )
        try:
            await self.hub.open()
        except SetupError as error:
            _log.error("Broadcasts reach this process only: %s", error)

    # --- broadcasts -------------------------------------------------------------------------

    def broadcast(self, path: str, message: str | bytes, exclude: Connection | None = None) -> None:
        """Send to every connection of a path, in all processes."""
        self._open_hub()
        self.hub.broadcast(path, message, exclude)

    def broadcast_to(self, room: str, message: str | bytes, exclude: Connection | None = None) -> None:
        """Send to every connection in a room, in all processes."""
        self._open_hub()
        self.hub.broadcast_to(room, message, exclude)

    def tell_of_rows(self, table: str, keys: list[Any], names: list[str]) -> None:
        """Tell the followers of all processes that rows of a table came, changed or went."""
        self._open_hub()
        self.hub.tell_of_rows(table, keys, names)

    async def call(self, handler: SocketHandler, connection: Connection, *arguments: Any) -> None:
        """Call a handler for a connection outside of its messages; it judges what the handler raises."""
        await self._attended().call(handler, connection, *arguments)

    # --- the port of its own ----------------------------------------------------------------

    def start(
        self,
        host: str,
        port: int,
        folder: Path,
        application: Callable[[], Awaitable[None]],
    ) -> None:
        """Serve on a port of its own, in a daemon thread; returns at once.

        Of several processes with the same `folder` one serves, and another one takes
        over when it ends. `application` starts the application, and is awaited when
        the first client comes.
        """
        if self.port is not None:
            return
        self.port = port
        self._loop_thread.begin(self._stand(host, port, folder, application))
        atexit.register(self.stop)
        self._open_hub()

    async def _stand(
        self, host: str, port: int, folder: Path, application: Callable[[], Awaitable[None]]
    ) -> None:
        self._standing = asyncio.current_task()
        election = Election(folder / f"websocket-{port}.lock")
        try:
            listener = await self._place(host, port, election)
        except SetupError as error:
            _log.error("%s", error)
            return
        server = StandaloneServer(self.limits, self._attended(), lambda: self._ready(application))
        self._standalone = server
        try:
            await server.open(listener)
            _log.info("WebSockets are served on %s port %d.", host, port)
            self.is_serving.set()
            await asyncio.Event().wait()
        finally:
            self.is_serving.clear()
            self._standalone = None
            await server.close(STOP_SECONDS / 2)
            election.resign()

    async def _place(self, host: str, port: int, election: Election) -> socket.socket:
        """Wait until it is this process's turn, and give a listening socket."""
        told = False
        while True:
            if election.win():
                try:
                    return _listener(host, port)
                except OSError as error:
                    if error.errno != errno.EADDRINUSE:
                        raise SetupError(
                            f"WebSockets cannot be served on {host} port {port}: {error.strerror or error}.",
                            fix="Check the host and WS_PORT.",
                        ) from error
                    if not told:
                        _log.error(
                            "WebSockets wait for port %d of %s: another program has it. "
                            "Stop that, or set WS_PORT.",
                            port,
                            host,
                        )
                    told = True
            elif not told:
                _log.debug("Another process of the application serves WebSockets on port %d.", port)
                told = True
            await asyncio.sleep(AGAIN_SECONDS)

    async def _ready(self, application: Callable[[], Awaitable[None]]) -> tuple[Gate, type[Request]]:
        await application()
        if self._gate is None or self._plan is None:
            raise UsageError("The application has started without its WebSocket server.")
        return self._gate, self._plan.request_class

    # --- the end ----------------------------------------------------------------------------

    def end_connections(self) -> None:
        """Let nobody in any more and begin to close every connection; safe in a signal handler."""
        if self.door is not None:
            self.door.is_ending = True
        for server in (self._standalone, self._taking):
            if server is not None:
                server.end()
        self.hub.close_all(GOING_AWAY, "The server stops.")

    def has_connections(self) -> bool:
        """Tell whether somebody is connected whose close is not done."""
        return self._admission.count > 0

    def stop(self) -> None:
        """Close all connections with 1001 and stop; returns when that is done, in about a second at most."""
        atexit.unregister(self.stop)
        if self._loop_thread.is_running:
            if self._loop_thread.is_here():
                raise UsageError("ws.stop was called by a handler that it would wait for.")
            stopped = self._loop_thread.begin(self._stopped())
            try:
                # More than the parts take together, so that this is never what ends them.
                stopped.result(STOP_SECONDS * 2)
            except TimeoutError:
                _log.warning("The WebSocket server was stopped before every connection had ended.")
            self._loop_thread.stop()
        self.port = None
        self._is_open = False

    async def stop_async(self) -> None:
        """Do what `stop` does without blocking the event loop."""
        atexit.unregister(self.stop)
        if self._loop_thread.is_running:
            await asyncio.wrap_future(self._loop_thread.begin(self._stopped()))
            self._loop_thread.stop()
        self.port = None
        self._is_open = False

    async def _stopped(self) -> None:
        self.end_connections()
        opening, self._opening = self._opening, None
        if opening is not None:
            await asyncio.wait({asyncio.wrap_future(opening)}, timeout=STOP_SECONDS / 2)
        for task in (self._standing, self._watching):
            if task is not None:
                task.cancel()
                await asyncio.wait({task}, timeout=STOP_SECONDS)
        self._standing = self._watching = None
        if self._taking is not None:
            self._taking.rest()
            self._taking = None
        await self.hub.close()


async def _nothing() -> None:
    """Start nothing: the application's own server has."""


def _listener(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(1024)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener
