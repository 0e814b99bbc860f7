"""Decides about a handshake before it is answered: host, path, origin, room left, who it is.

Everything cheap comes first, and a client that is refused learns an HTTP status and
one sentence. It sees a handshake as a Request like any other, so cookies, addresses
through trusted proxies and sessions mean here what they mean for pages.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct

from asok_engine.errors import InputError, OutsideError, Stop
from asok_engine.realtime.connection import Identity
from asok_engine.realtime.limits import Admission
from asok_engine.realtime.origins import Origins
from asok_engine.realtime.routes import SocketRoute
from asok_engine.wire.request import Request
from asok_engine.wire.response import Response

__all__ = ["Admitted", "Authenticator", "Gate", "Guard", "NoSessions", "PersonNow", "Refused"]

#: What stands before socket paths where pages and sockets share one address.
PREFIX = "/ws/"
_log = logging.getLogger("asok.websocket")
#: Refuses a handshake by raising or by a response; a guard that waits gives a coroutine.
Guard = Callable[[Request], Response | Awaitable[Response | None] | None]
Find = Callable[[str], tuple[SocketRoute, Mapping[str, Any]] | None]


class PersonNow(Struct, frozen=True):
    """Who a person is now: another object, None for who may not be here any more."""

    person: Any
    #: Whether something that is kept about them is not as it was.
    has_changed: bool


class Authenticator(Protocol):
    """Tells who a handshake is from, and later which sessions have ended and who the others are."""

    def identify(self, request: Request) -> Awaitable[Identity]:
        """Give the session and the person of a handshake's cookies."""

    def ended(self, identities: Collection[Identity]) -> Awaitable[Collection[Identity]]:
        """Give those of these identities whose session is no longer valid."""

    def people_now(self, identities: Sequence[Identity]) -> Awaitable[Sequence[PersonNow]]:
        """Give who the person of each of these identities, which have one, is now."""


class NoSessions:
    """An authenticator for applications without sessions: nobody is known, and nothing ends."""

    async def identify(self, request: Request) -> Identity:
        """Give nobody."""
        return Identity()

    async def ended(self, identities: Collection[Identity]) -> Collection[Identity]:
        """Give none."""
        return ()

    async def people_now(self, identities: Sequence[Identity]) -> Sequence[PersonNow]:
        """Give them as they were."""
        return [PersonNow(identity.user, False) for identity in identities]


class Admitted(Struct):
    """A handshake that may go on. Its place must be given back with `Gate.leave`."""

    route: SocketRoute
    params: Mapping[str, Any]
    identity: Identity
    address: str


class Refused(Struct, frozen=True):
    """A handshake that is answered with an HTTP status."""

    status: int
    text: str


class Gate:
    """Admits handshakes. `guards` are those of HTTP that also concern a handshake."""

    def __init__(
        self,
        find: Find,
        origins: Origins,
        admission: Admission,
        authenticator: Authenticator,
        guards: Sequence[Guard] = (),
    ) -> None:
        self._find = find
        self._origins = origins
        self.admission = admission
        self._authenticator = authenticator
        self._guards = tuple(guards)

    async def admit(self, request: Request) -> Admitted | Refused:
        """Judge a handshake; an `Admitted` holds a place among the connections."""
        refused = await self._judged(request)
        if refused is not None:
            return refused
        found = self._find(request.path)
        if found is None and request.path.startswith(PREFIX):
            # A proxy that passes the path on as it is; and the address that pages use in production.
            request.path = request.path[len(PREFIX) - 1 :]
            found = self._find(request.path)
        if found is None:
            return Refused(404, f"There is no WebSocket at {request.path}.")
        origin = request.headers.get("origin")
        has_cookies = request.headers.raw(b"cookie") is not None
        why = self._origins.refusal(origin, host=request.host, has_cookies=has_cookies)
        if why:
            _log.warning("A WebSocket to %s from %s was refused: %s", request.path, request.ip, why)
            return Refused(403, why)
        status = self.admission.enter(request.ip)
        if status:
            _log.warning("A WebSocket from %s was refused with %d: too many connections.", request.ip, status)
            return Refused(status, "There are too many connections; try again later.")
        request.params = found[1]
        if not request.id:
            request.id = secrets.token_hex(8)
        try:
            identity = await self._authenticator.identify(request)
        except (InputError, OutsideError, Stop) as error:
            self.admission.leave(request.ip)
            _log.error("A WebSocket to %s was refused: %s", request.path, error)
            return Refused(error.status, "The session could not be read.")
        except BaseException:
            self.admission.leave(request.ip)
            raise
        return Admitted(*found, identity, request.ip)

    def leave(self, admitted: Admitted) -> None:
        """Give a place back."""
        self.admission.leave(admitted.address)

    async def _judged(self, request: Request) -> Refused | None:
        try:
            for guard in self._guards:
                response = guard(request)
                if isinstance(response, Awaitable):
                    response = await response
                if response is not None:
                    return Refused(response.status_code, "The request was refused.")
        except (InputError, OutsideError) as error:
            return Refused(error.status, error.message)
        return None
