"""`Connection`: one connected client, as handlers see it.

Its methods may be called from any thread and return at once: what they do happens on
the connection's own event loop, in the order of the calls. How bytes reach the
client is the business of the pipe below it. A connection has attributes of its own
for whatever a handler wants to keep with it.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Awaitable, Callable, Generator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from asok_engine.dispatch.sockets import SocketEnd
from asok_engine.errors import UsageError
from asok_engine.realtime.closing import NORMAL, checked_code, fitting_reason
from asok_engine.realtime.parcel import Parcel
from asok_engine.wire.headers import Headers
from asok_engine.wire.jsons import encode_json
from asok_engine.wire.request import Request

if TYPE_CHECKING:
    from asok_engine.realtime.station import Station

__all__ = ["Connection", "Follow", "Identity", "Pipe"]

_numbers = itertools.count(1)


class Identity:
    """Who connects: the session of the handshake's cookies and its person; None for both otherwise.

    `key` names the session wherever it is shared with other processes, and must not be
    its secret id; "" means that no session can end this connection. `user` is another
    object every few seconds: the person as they are then.
    """

    __slots__ = ("key", "session", "user")

    def __init__(self, session: Any = None, user: Any = None, key: str = "") -> None:
        self.session = session
        self.user = user
        self.key = key


class Pipe(Protocol):
    """The way to one client, used on its event loop only."""

    def write(self, parcel: Parcel) -> None:
        """Send a message; never waits. A client that does not read is closed with 1013."""

    def close(self, code: int, reason: str) -> None:
        """Close; what was written before is still sent."""

    async def drained(self) -> None:
        """Wait until little is left to be sent."""

    async def receive(self) -> str | bytes:
        """Give the next message; raises SocketEnd."""


#: What makes a connection follow records; its result waits until those that are there are known.
Follow = Callable[["Connection", Any, "Callable[..., Any] | None", int], Callable[[], Awaitable[None]]]


class _Ordered:
    """What a method that returns at once gives to those who want to wait for it all the same."""

    __slots__ = ("_wait",)

    def __init__(self, wait: Callable[[], Awaitable[None]]) -> None:
        self._wait = wait

    def __await__(self) -> Generator[Any, None, None]:
        return self._wait().__await__()


class Connection:
    """One connected client.

    `user` is the person who is signed in or None, `session` the session of the
    handshake, `params` what the path's pattern took, `addr` the client's (ip, port) as
    far as trusted proxies tell, `request` the handshake.
    """

    #: The close code and reason once the connection is over.
    close_code: int | None = None
    close_reason: str = ""

    def __init__(
        self,
        request: Request,
        params: Mapping[str, Any],
        identity: Identity,
        station: Station,
        pipe: Pipe,
        *,
        subprotocol: str | None = None,
        may_join: Callable[[Connection, str], bool] | None = None,
        follow: Follow | None = None,
    ) -> None:
        self.id = next(_numbers)
        self.request = request
        self.path: str = request.path
        self.params = dict(params)
        self.headers: Headers = request.headers
        port = request.exchange.peer()[1] if request.ip == request.exchange.peer()[0] else 0
        self.addr: tuple[str, int] = (request.ip, port)
        self.identity = identity
        self.subprotocol = subprotocol
        self.rooms: set[str] = set()
        self._station = station
        self._pipe = pipe
        self._may_join = may_join
        self._follow = follow
        #: Who this is for `presence`: the key of their record, or bytes for somebody who is not signed in.
        self.visitor: int | str | bytes = _visitor(identity)
        #: What ends each thing that this connection follows.
        self.followings: list[Callable[[], None]] = []

    @property
    def user(self) -> Any:
        """The person who is signed in, read again every few seconds, or None."""
        return self.identity.user

    @property
    def session(self) -> Any:
        """The session of the handshake's cookies, or None."""
        return self.identity.session

    @property
    def closed(self) -> bool:
        """Whether the connection is over."""
        return self.close_code is not None

    # --- sending ------------------------------------------------------------------------

    def send(self, message: str | bytes | bytearray | memoryview) -> Awaitable[None]:
        """Send text, or bytes as a binary message; does nothing on a connection that is over.

        Returns at once. In an async handler `await conn.send(...)` waits until the
        client keeps up, which is how a large amount is sent at the client's speed.
        """
        if isinstance(message, bytearray | memoryview):
            message = bytes(message)
        elif not isinstance(message, str | bytes):
            raise UsageError(
                f"conn.send got {type(message).__name__}; a message is text or bytes.",
                fix="Use conn.send_json for data.",
            )
        self._station.post(self._pipe.write, Parcel(message))
        return _Ordered(self._pipe.drained)

    def send_json(self, data: Any) -> Awaitable[None]:
        """Send data as JSON text."""
        return self.send(encode_json(data).decode())

    def close(self, code: int = NORMAL, reason: str = "") -> Awaitable[None]:
        """Close the connection; what was sent before still arrives."""
        self._station.post(self._pipe.close, checked_code(code), fitting_reason(reason))
        return _Ordered(_nothing)

    # --- receiving ------------------------------------------------------------------------

    async def receive(self) -> str | bytes:
        """Give the next message, in a handler that takes the whole conversation.

        Raises SocketEnd when the client has left.
        """
        return await self._pipe.receive()

    def __aiter__(self) -> Connection:
        return self

    async def __anext__(self) -> str | bytes:
        try:
            return await self._pipe.receive()
        except SocketEnd:
            raise StopAsyncIteration from None

    # --- rooms ------------------------------------------------------------------------------

    def join(self, room: str) -> bool:
        """Enter a room; False when the server's room authorizer says no.

        `ws.broadcast_to(room, ...)` then reaches this client, from any process.

        Raises:
            ForbiddenError: the connection is in as many rooms as its limits allow, or the name is too long.
        """
        person = self.user
        if self._is_kept_out(room):
            return False
        self._station.post(self._station.join, self, room)
        # Why again: whoever changed while they were asked for was not in the room yet for `leave_forbidden`.
        if self.user is not person and self._is_kept_out(room):
            self.leave(room)
            return False
        return True

    def _is_kept_out(self, room: str) -> bool:
        return self._may_join is not None and not self._may_join(self, room)

    def leave(self, room: str) -> None:
        """Leave a room; does nothing outside of it."""
        self._station.post(self._station.leave_room, self, room)

    def leave_forbidden(self) -> None:
        """Ask the room authorizer again, and leave the rooms that are not this person's any more."""
        for room in list(self.rooms):
            if self._is_kept_out(room):
                self.leave(room)

    # --- models -----------------------------------------------------------------------------

    def follow(
        self, what: Any, tell: Callable[..., Any] | None = None, *, most: int = 1000
    ) -> Awaitable[None]:
        """Hear from now on of the records of a model or a query, as far as its policy shows them.

        `tell(conn, news)` is called for each one that comes into sight, changes, or goes out
        of sight; without it the client is sent the news as JSON. Returns at once; awaited,
        when the records that are there now are known. Of those, the newest `most` are.

        Raises:
            UsageError: the server announces no models.
            ForbiddenError: the connection follows as much as its limits allow.
            SetupError: the model has no policy.
        """
        if self._follow is None:
            raise UsageError(
                "conn.follow was called, and this server announces no models.",
                fix="Say so beside its handlers: ws.announce(Ticket).",
            )
        return _Ordered(self._follow(self, what, tell, most))

    def unfollow(self) -> None:
        """Hear of no record any more."""
        ends, self.followings = self.followings, []
        for end in ends:
            self._station.post(end)

    def __repr__(self) -> str:
        return f"<Connection {self.id} {self.path} from {self.addr[0]}>"


def _visitor(identity: Identity) -> int | str | bytes:
    key = getattr(identity.user, "id", None)
    if key is not None:
        return key if isinstance(key, int | str) else str(key)
    # Several tabs of one session are one visitor; a client without one is itself.
    return identity.key.encode()[:16] if identity.key else os.urandom(8)


async def _nothing() -> None:
    return None
