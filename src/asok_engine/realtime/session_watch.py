"""Closes the connections of sessions that have ended: signed out, revoked, run out.

A connection outlives the request that opened it, so nobody would notice otherwise.
Every few seconds all sessions of this process are asked for at once; a process that
ends a session itself tells everybody at the same moment.
"""

from __future__ import annotations

import asyncio
import logging

from asok_engine.errors import OutsideError
from asok_engine.realtime.connection import Identity
from asok_engine.realtime.gate import Authenticator
from asok_engine.realtime.hub import Hub

__all__ = ["SessionWatch"]

WATCH_SECONDS = 2.0
_log = logging.getLogger("asok.websocket")


class SessionWatch:
    """Asks `authenticator` about the sessions of everybody in `hub`."""

    def __init__(self, hub: Hub, authenticator: Authenticator, every_seconds: float = WATCH_SECONDS) -> None:
        self._hub = hub
        self._authenticator = authenticator
        self._every_seconds = every_seconds

    async def run(self) -> None:
        """Watch until cancelled."""
        is_failing = False
        while True:
            await asyncio.sleep(self._every_seconds)
            try:
                await self.look()
            except OutsideError as error:
                if not is_failing:
                    _log.error("It is not known whether the sessions of WebSockets go on: %s", error)
                is_failing = True
            else:
                is_failing = False

    async def look(self) -> None:
        """Close the connections of the sessions that have ended."""
        identities: dict[str, Identity] = {}
        for connection in self._hub.connections():
            if connection.identity.key:
                identities.setdefault(connection.identity.key, connection.identity)
        if identities:
            for ended in await self._authenticator.ended(list(identities.values())):
                self._hub.end_session(ended.key)
