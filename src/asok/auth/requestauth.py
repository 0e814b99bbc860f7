"""`request.auth`: what a request can do about people besides `login` and `logout`.

Each group of deeds is a property here and a class in its own module, which is where it
is explained. Nothing is made before it is asked for.
"""

from __future__ import annotations

from asok.auth.devices import RequestSessions
from asok.auth.links import AddressLinks, RequestLinks, ResetLinks
from asok.auth.passkeys import RequestPasskeys
from asok_engine.wire.request import Request

__all__ = ["RequestAuth"]


class RequestAuth:
    """What a request has besides `login` and `logout`: `request.auth`."""

    __slots__ = ("_request",)

    def __init__(self, request: Request) -> None:
        self._request = request

    @property
    def magic(self) -> RequestLinks:
        """Links to sign in without a password."""
        return RequestLinks(self._request.app.services.links, "magic", self._request)

    @property
    def verification(self) -> RequestLinks:
        """Links that prove an address."""
        return RequestLinks(self._request.app.services.links, "verification", self._request)

    @property
    def address(self) -> AddressLinks:
        """Links that change the address of the person who is signed in."""
        return AddressLinks(self._request.app.services.links, self._request)

    @property
    def sessions(self) -> RequestSessions:
        """Where the person of this request is signed in."""
        return RequestSessions(self._request)

    @property
    def reset(self) -> ResetLinks:
        """Links to set another password."""
        return ResetLinks(self._request.app.services.links, "reset", self._request)

    @property
    def passkeys(self) -> RequestPasskeys:
        """Keys of people's devices, to sign in without a password."""
        return RequestPasskeys(self._request.app.services.passkeys, self._request)
