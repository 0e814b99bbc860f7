"""Who a handshake is from: the same session and the same person that a page would see.

The session is read when the connection opens; what a handler changes in it later is
not written. Its handle, which is a hash, names it to other processes. A person is
looked up in a thread, because that may ask a database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import Any

from asok_engine.dispatch.context import request_var
from asok_engine.dispatch.middleware.sessions import Sessions
from asok_engine.realtime.connection import Identity
from asok_engine.wire.request import Request

__all__ = ["SessionIdentities"]


class SessionIdentities:
    """The authenticator over an application's sessions; `person_of` gives the person of a request."""

    def __init__(self, sessions: Sessions, person_of: Callable[[Request], Any] | None = None) -> None:
        self._sessions = sessions
        self._person_of = person_of

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
        return Identity(session, user, session.handle)

    async def ended(self, identities: Collection[Identity]) -> Collection[Identity]:
        """Give those whose session is gone."""
        by_key = {identity.key: identity for identity in identities}
        return [by_key[key] for key in await self._sessions.store.gone_async(list(by_key))]
