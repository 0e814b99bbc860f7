"""`request.auth`: what a request can do about people besides `login` and `logout`.

Each group of deeds is a property here and a class in its own module, which is where it
is explained. Nothing is made before it is asked for.
"""

from __future__ import annotations

from typing import Any

from asok.auth.bearer import RequestTokens
from asok.auth.codes import RequestCodes
from asok.auth.devices import RequestSessions
from asok.auth.impersonation import Impersonation
from asok.auth.links import AddressLinks, RequestLinks, ResetLinks
from asok.auth.oauth import RequestOAuth
from asok.auth.otherways import OtherWays
from asok.auth.passkeys import RequestPasskeys
from asok.auth.people import CONFIRMED_SECONDS, People
from asok.auth.sudo import RequestSudo
from asok_engine.database.running import run, run_async
from asok_engine.records.steps import Plan
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

    @property
    def oauth(self) -> RequestOAuth:
        """Providers to sign in with."""
        return RequestOAuth(self._request.app.services.oauth, self._request)

    @property
    def token(self) -> RequestTokens:
        """Tokens with which programs act for people."""
        return RequestTokens(self._request)

    @property
    def codes(self) -> RequestCodes:
        """The second step of a sign-in: codes of an app, and from paper."""
        return RequestCodes(self._request)

    def other_ways(self, user: Any = None) -> OtherWays:
        """Give what else opens the account of a person than their password: tokens, passkeys, providers.

        It is false when there is nothing, and as a text it says what there is. By default of who is
        signed in; raises UnauthorizedError (401) when nobody is.
        """
        return run(self._other_ways(user))

    async def other_ways_async(self, user: Any = None) -> OtherWays:
        """Do what `other_ways` does without blocking the event loop."""
        return await run_async(self._other_ways(user))

    def _other_ways(self, user: Any) -> Plan[OtherWays]:
        people: People = self._request.app.services.people
        person = people.must_be_themselves(self._request) if user is None else user
        return (yield from people.other_ways(person))

    # --- showing again that it is them ------------------------------------------------------------

    def require_sudo(
        self, path: str = "/confirm", seconds: float = CONFIRMED_SECONDS, *, login_url: str = "/login"
    ) -> None:
        """Send a person who has not shown within `seconds` that it is them to do so, and then back here.

        A visitor who is not signed in is sent to `login_url`. Raises ForbiddenError (403) for who acts
        in a session that is not theirs.
        """
        RequestSudo(self._request).require(path, seconds, login_url)

    def is_confirmed(self, seconds: float = CONFIRMED_SECONDS) -> bool:
        """Tell whether the person who is signed in has shown within `seconds` that it is them."""
        return RequestSudo(self._request).is_confirmed(seconds)

    def confirm(self, password: str = "", *, code: str = "") -> bool:
        """Take the password of the person who is signed in, or a code of theirs; tell whether it is right.

        Raises TooManyRequests (429) after too many tries, UnauthorizedError (401) when nobody is
        signed in.
        """
        return RequestSudo(self._request).confirm(password, code)

    async def confirm_async(self, password: str = "", *, code: str = "") -> bool:
        """Do what `confirm` does without blocking the event loop."""
        return await RequestSudo(self._request).confirm_async(password, code)

    # --- acting for somebody else -----------------------------------------------------------------

    def impersonate(self, user: Any) -> None:
        """Act for somebody else, for an hour at most: `request.user` is them until `stop_impersonating`.

        Needs the right "people.impersonate", nobody with more rights, and `require_sudo` before. Every
        page shows a banner meanwhile. Raises ForbiddenError (403), UnauthorizedError (401) when nobody
        is signed in.
        """
        Impersonation(self._request).begin(user)

    def stop_impersonating(self) -> None:
        """Act for oneself again; does nothing for who does already."""
        Impersonation(self._request).stop()

    @property
    def impersonator(self) -> Any:
        """The person who acts for `request.user`, None where nobody does."""
        return Impersonation(self._request).actor
