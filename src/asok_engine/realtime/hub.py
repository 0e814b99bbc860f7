"""Everybody who is connected: broadcasts, rooms and presence over all loops and processes.

Here a broadcast goes straight to the connections of this process and through the
relay to those of others, so a backend that is away costs no one a message who is
connected here. What other processes say is taken apart here as well.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from asok_engine.backends.broadcast.contract import Broadcast, Gap
from asok_engine.realtime.closing import REFUSED
from asok_engine.realtime.connection import Connection
from asok_engine.realtime.parcel import Parcel
from asok_engine.realtime.presence import ANYWHERE, Presence
from asok_engine.realtime.relay import Relay, Said
from asok_engine.realtime.station import Station

__all__ = ["SESSION_ENDED", "Follower", "Hub"]

SESSION_ENDED = "The session has ended."
ALIVE_SECONDS = 5.0
SIGNS_SECONDS = 0.5
_log = logging.getLogger("asok.websocket")

# What processes say to each other.
_TO_PATH, _TO_ROOM, _SESSION_ENDED, _HELLO, _PEOPLE, _CAME, _WENT, _ALIVE, _BYE, _ROWS = range(10)


class Follower(Protocol):
    """Who wants to hear what has happened to the rows of tables, in any process."""

    def heard(self, table: str, keys: list[Any], names: list[str]) -> None:
        """Take that rows of a table came, changed or went; without keys it is not known which."""

    def missed(self) -> None:
        """Take that something may not have been heard."""


class Hub:
    """All connections of this process, and the way to those of others.

    `on_gap` is called, on the relay's loop, when broadcasts of other processes have
    been missed or may have been.
    """

    def __init__(self, on_gap: Callable[[Gap], None] | None = None) -> None:
        self._on_gap = on_gap
        self._lock = threading.Lock()
        self._stations: tuple[Station, ...] = ()
        self._relay: Relay | None = None
        self._alive: asyncio.Task[None] | None = None
        self.presence = Presence()
        self._is_ending = False
        #: News of visitors who are not signed in; there may be thousands at once, so they are told together.
        self._guests: dict[tuple[str, bytes], bool] = {}
        #: Who hears what happens to rows; None where nobody follows any.
        self.follower: Follower | None = None

    # --- connections ----------------------------------------------------------------------------

    def station(self) -> Station:
        """Give the station of the running event loop."""
        loop = asyncio.get_running_loop()
        for station in self._stations:
            if station.loop is loop:
                return station
        with self._lock:
            station = Station(self._moved)
            open_ones = tuple(one for one in self._stations if not one.loop.is_closed())
            self._stations = (*open_ones, station)
            return station

    def enter(self, connection: Connection) -> None:
        """Take a connection in, on its loop."""
        connection._station.enter(connection)
        self._moved(connection, ANYWHERE, True)

    def leave(self, connection: Connection) -> None:
        """Take a connection out, on its loop; once for each that entered."""
        connection._station.leave(connection)
        self._moved(connection, ANYWHERE, False)

    def _moved(self, connection: Connection, place: str, is_there: bool) -> None:
        visitor = connection.visitor
        is_news = (self.presence.came if is_there else self.presence.went)(visitor, place)
        # Why not at the end: the goodbye says it of all, and a server that stops waits for nobody.
        if not is_news or self._is_ending:
            return
        if isinstance(visitor, bytes):
            with self._lock:
                self._guests[place, visitor] = is_there
        else:
            self._say(_CAME if is_there else _WENT, place, visitor)

    def connections(self, path: str | None = None) -> list[Connection]:
        """Give the open connections of this process, to one path or all."""
        return [one for station in self._stations for one in station.listed(path)]

    # --- broadcasts -----------------------------------------------------------------------------

    def broadcast(self, path: str, message: str | bytes, exclude: Connection | None = None) -> None:
        """Send to every connection of a path, in all processes, but `exclude`."""
        parcel = Parcel(message)
        self._say(_TO_PATH, path, parcel.message)
        self._here(_TO_PATH, path, parcel, exclude)

    def broadcast_to(self, room: str, message: str | bytes, exclude: Connection | None = None) -> None:
        """Send to every connection in a room, in all processes, but `exclude`."""
        parcel = Parcel(message)
        self._say(_TO_ROOM, room, parcel.message)
        self._here(_TO_ROOM, room, parcel, exclude)

    def tell_of_rows(self, table: str, keys: list[Any], names: list[str]) -> None:
        """Tell the followers of all processes that rows of a table came, changed or went."""
        self._say(_ROWS, table, keys, names)
        if self.follower is not None:
            self.follower.heard(table, keys, names)

    def end_session(self, key: str) -> None:
        """Close every connection of a session, in all processes."""
        self._say(_SESSION_ENDED, key)
        self._close_session(key)

    def close_all(self, code: int, reason: str = "") -> None:
        """Close every connection of this process, soon; safe in a signal handler."""
        self._is_ending = True
        for station in self._stations:
            station.post_later(station.close_all, code, reason)

    def _here(self, kind: int, target: str, parcel: Parcel, exclude: Connection | None = None) -> None:
        for station in self._stations:
            # Why also without members now: a room may be joined by a post that waits before this one.
            if station.connections:
                deliver = station.to_path if kind == _TO_PATH else station.to_room
                station.post(deliver, target, parcel, exclude)

    def _close_session(self, key: str) -> None:
        for station in self._stations:
            station.post(station.close_session, key, REFUSED, SESSION_ENDED)

    # --- other processes ------------------------------------------------------------------------

    def connect(self, backend: Broadcast) -> None:
        """Choose what carries broadcasts to other processes; they wait there until `open`."""
        self._is_ending = False
        self._relay = Relay(backend, self._heard, self._lost)

    async def open(self) -> None:
        """Begin to talk to the other processes, on the running loop; needs `connect` before."""
        relay = self._relay
        if relay is None or self._alive is not None:
            return
        self._alive = asyncio.get_running_loop().create_task(self._stay_alive(relay))
        await relay.open()
        relay.say(_HELLO)
        stays = self.presence.here()
        if stays:
            relay.say(_PEOPLE, stays)

    async def close(self) -> None:
        """Part from the other processes."""
        relay, self._relay = self._relay, None
        alive, self._alive = self._alive, None
        if alive is not None:
            alive.cancel()
        if relay is not None:
            relay.say(_BYE)
            await relay.close()

    async def _stay_alive(self, relay: Relay) -> None:
        next_at = time.monotonic() + ALIVE_SECONDS
        while True:
            await asyncio.sleep(SIGNS_SECONDS)
            for station in self._stations:
                if station.signs:
                    station.post(station.give_signs)
            with self._lock:
                guests, self._guests = self._guests, {}
            for (place, visitor), is_there in guests.items():
                relay.say(_CAME if is_there else _WENT, place, visitor)
            now = time.monotonic()
            if now >= next_at:
                next_at = now + ALIVE_SECONDS
                if self.presence.here():
                    relay.say(_ALIVE)
                self.presence.forget_silent(now)

    def _say(self, *said: Any) -> None:
        relay = self._relay
        if relay is not None:
            relay.say(*said)

    def _lost(self, gap: Gap) -> None:
        _log.warning("Broadcasts were missed: %s.", gap.reason)
        self._say(_HELLO)
        if self.follower is not None:
            self.follower.missed()
        if self._on_gap is not None:
            self._on_gap(gap)

    def _heard(self, node: bytes, said: Said) -> None:
        now = time.monotonic()
        known = True
        match said:
            case (0 | 1 as kind, str(target), str() | bytes() as message):
                self._here(kind, target, Parcel(message))
            case (2, str(key)):
                self._close_session(key)
            case (3,):
                self._say(_PEOPLE, self.presence.here())
            case (4, list(stays)):
                self.presence.has(node, [(place, visitor) for place, visitor in stays], now)
            case (5 | 6 as kind, str(place), int() | str() | bytes() as visitor):
                known = self.presence.changed(node, visitor, place, is_there=kind == _CAME, now=now)
            case (7,):
                known = self.presence.heard(node, now)
            case (8,):
                self.presence.forget(node)
            case (9, str(table), list(keys), list(names)):
                if self.follower is not None:
                    self.follower.heard(table, keys, names)
            case _:
                _log.error("A broadcast of the unknown form %r was ignored.", said[:1])
        if not known:
            self._say(_HELLO)
