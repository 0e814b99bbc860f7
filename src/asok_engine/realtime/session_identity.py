"""Who a handshake is from: the same session and the same person that a page would see.

The session is read when the connection opens; what a handler changes in it later is
not written. Its handle, which is a hash, names it to other processes. A person is
looked up in a thread, because that may ask a database. Who comes with a token instead
of a session is named by a hash of that, and goes with it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, Protocol

from asok_engine.dispatch.context import request_var
from asok_engine.dispatch.middleware.sessions import Sessions
from asok_engine.realtime.connection import Identity
from asok_engine.wire.request import Request

__all__ = ["SessionIdentities", "TokenKeys"]

#: What the keys of tokens begin with; those of sessions are hexadecimal.
_MARK = "token:"


class TokenKeys(Protocol):
    """Names the tokens with which programs connect, and tells which of them are good no longer."""

    def key_of(self, request: Request) -> str:
        """Give a name for a request's token that opens nothing, such as a hash; "" without one."""

    def gone(self, keys: Collection[str]) -> Awaitable[Collection[str]]:
        """Give those of these names whose token is not good any more."""


class SessionIdentities:
    """The authenticator over an application's sessions; `person_of` gives the person of a request.

    `tokens` is for programs that come without a session. `barred` gives those of some people
    who may not be here any more, whatever their session says. `clock` gives seconds since
    the epoch: whoever finds the person may say in `request.__dict__["person_until"]` when
    they are this person no longer.
    """

    def __init__(
        self,
        sessions: Sessions,
        person_of: Callable[[Request], Any] | None = None,
        tokens: TokenKeys | None = None,
        clock: Callable[[], float] = time.time,
        *,
        barred: Callable[[Collection[Any]], Awaitable[Collection[Any]]] | None = None,
    ) -> None:
        self._clock = clock
        self._barred = barred
        self._sessions = sessions
        self._person_of = person_of
        self._tokens = tokens

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
        key = session.handle
        if not key and user is not None and self._tokens is not None:
            name = self._tokens.key_of(request)
            key = f"{_MARK}{name}" if name else ""
        return Identity(session, user, key, request.__dict__.get("person_until"))

    async def ended(self, identities: Collection[Identity]) -> Collection[Identity]:
        """Give those whose session or token is gone, whose time is over, or whose person is barred."""
        by_key = {identity.key: identity for identity in identities}
        names = [key.removeprefix(_MARK) for key in by_key if key.startswith(_MARK)]
        sessions = [key for key in by_key if not key.startswith(_MARK)]
        gone = list(await self._sessions.store.gone_async(sessions)) if sessions else []
        if names and self._tokens is not None:
            gone += [f"{_MARK}{name}" for name in await self._tokens.gone(names)]
        now = self._clock()
        over = [key for key, each in by_key.items() if each.until is not None and each.until < now]
        barred = await self._keys_of_barred(by_key)
        return [by_key[key] for key in dict.fromkeys([*gone, *over, *barred])]

    async def _keys_of_barred(self, by_key: Mapping[str, Identity]) -> list[str]:
        users = {key: each.user for key, each in by_key.items() if each.user is not None}
        if self._barred is None or not users:
            return []
        barred = await self._barred(list(users.values()))
        return [key for key, user in users.items() if user in barred]
