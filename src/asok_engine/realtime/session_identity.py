"""Who a handshake is from: the same session and the same person that a page would see.

The session is read when the connection opens; what a handler changes in it later is
not written. Its handle, which is a hash, names it to other processes. A person is
looked up in a thread, because that may ask a database. Who comes with a token is named
by a hash of that, and goes with it. Later both are asked for again, many at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any, Protocol

from asok_engine.dispatch.context import request_var
from asok_engine.dispatch.middleware.sessions import Sessions
from asok_engine.realtime.connection import Identity
from asok_engine.realtime.gate import PersonNow
from asok_engine.wire.request import Request

__all__ = ["SessionIdentities", "TokenKeys"]

#: What the keys of tokens begin with; those of sessions are hexadecimal.
_MARK = "token:"
#: Gives who these are now, who come with the session that names them, or None where a token does.
AskPeople = Callable[[Sequence[tuple[Any, Any]]], Awaitable[Sequence[PersonNow]]]


class TokenKeys(Protocol):
    """Names the tokens with which programs connect, and tells which of them are good no longer."""

    def key_of(self, request: Request) -> str:
        """Give a name for a request's token that opens nothing, such as a hash; "" without one."""

    def gone(self, keys: Collection[str]) -> Awaitable[Collection[str]]:
        """Give those of these names whose token is not good any more."""


class SessionIdentities:
    """The authenticator over an application's sessions; `person_of` gives the person of a request.

    `tokens` is for programs that come with a token, which goes before a session.
    `ask_people` tells who people are after the handshake; without it they stay who they were.
    """

    def __init__(
        self,
        sessions: Sessions,
        person_of: Callable[[Request], Any] | None = None,
        tokens: TokenKeys | None = None,
        ask_people: AskPeople | None = None,
    ) -> None:
        self._sessions = sessions
        self._person_of = person_of
        self._tokens = tokens
        self._ask_people = ask_people

    async def identify(self, request: Request) -> Identity:
        """Give session and person of a handshake.

        Raises:
            BackendUnavailable: the place that keeps sessions does not answer.
        """
        await self._sessions.read_ahead(request)
        session = self._sessions.of(request)
        user = None
        if self._person_of is not None:
            request_var.set(request)
            user = await asyncio.to_thread(self._person_of, request)
        name = self._tokens.key_of(request) if user is not None and self._tokens is not None else ""
        return Identity(session, user, f"{_MARK}{name}" if name else session.handle)

    async def ended(self, identities: Collection[Identity]) -> Collection[Identity]:
        """Give those whose session or token is gone; each is asked for once."""
        by_key = {identity.key: identity for identity in identities}
        names = [key.removeprefix(_MARK) for key in by_key if key.startswith(_MARK)]
        sessions = [key for key in by_key if not key.startswith(_MARK)]
        gone = list(await self._sessions.store.gone_async(sessions)) if sessions else []
        if names and self._tokens is not None:
            gone += [f"{_MARK}{name}" for name in await self._tokens.gone(names)]
        return [by_key[key] for key in gone]

    async def people_now(self, identities: Sequence[Identity]) -> Sequence[PersonNow]:
        """Give who the person of each is now."""
        if self._ask_people is None:
            return [PersonNow(identity.user, False) for identity in identities]
        return await self._ask_people(
            [(each.user, None if each.key.startswith(_MARK) else each.session) for each in identities]
        )
