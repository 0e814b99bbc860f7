"""Ends the connections of sessions that have ended, and tells the others who their person is now.

A connection outlives the request that opened it, so nobody would notice otherwise.
Every few seconds all sessions of this process are asked for at once; a process that
ends a session itself tells everybody at the same moment. A room that was joined with
a right that is gone is left.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from asok_engine.errors import OutsideError
from asok_engine.realtime.closing import REFUSED
from asok_engine.realtime.connection import Connection
from asok_engine.realtime.gate import Authenticator
from asok_engine.realtime.hub import SESSION_ENDED, Hub
from asok_engine.realtime.routes import SocketHandler

__all__ = ["SessionWatch"]

WATCH_SECONDS = 2.0
_log = logging.getLogger("asok.websocket")
_ASK_AGAIN = SocketHandler(Connection.leave_forbidden)


class SessionWatch:
    """Asks `authenticator` about the sessions of everybody in `hub`.

    `call` calls a handler for a connection and judges what it raises.
    """

    def __init__(
        self,
        hub: Hub,
        authenticator: Authenticator,
        call: Callable[[SocketHandler, Connection], Awaitable[None]],
        every_seconds: float = WATCH_SECONDS,
    ) -> None:
        self._hub = hub
        self._authenticator = authenticator
        self._call = call
        self._every_seconds = every_seconds
        self._tasks: set[asyncio.Future[None]] = set()

    async def run(self) -> None:
        """Watch until cancelled."""
        is_failing = False
        while True:
            await asyncio.sleep(self._every_seconds)
            try:
                await self.look()
            except Exception as error:
                # Why all of them: a mistake in a model of people would end the watch over everybody.
                if not is_failing:
                    _log.error(
                        "It is not known whether the sessions of WebSockets go on: %s",
                        error,
                        exc_info=None if isinstance(error, OutsideError) else error,
                    )
                is_failing = True
            else:
                is_failing = False

    async def look(self) -> None:
        """Close the connections of those who may not be here any more; the others get their person anew."""
        connections = self._hub.connections()
        identities = [each.identity for each in connections if each.identity.key]
        if identities:
            for ended in await self._authenticator.ended(identities):
                self._hub.end_session(ended.key)
        connections = [each for each in connections if each.user is not None and not each.closed]
        if not connections:
            return
        people = await self._authenticator.people_now([each.identity for each in connections])
        for connection, now in zip(connections, people, strict=True):
            post = connection._station.post
            if now.person is None:
                post(connection._pipe.close, REFUSED, SESSION_ENDED)
                continue
            connection.identity.user = now.person
            if now.has_changed:
                post(self._ask_again, connection)

    def _ask_again(self, connection: Connection) -> None:
        # Why here, on its loop: what it joined before this is in its rooms by now.
        if connection.rooms:
            task = asyncio.ensure_future(self._call(_ASK_AGAIN, connection))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
