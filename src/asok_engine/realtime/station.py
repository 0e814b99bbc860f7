"""The connections that live on one event loop, by path and by room.

A process may have two such loops: that of its server and that of the stand-alone
WebSocket server. Everything that touches a connection is posted here and runs on its
loop in the order of the posts; from the loop itself it runs at once. Posts from other
threads wake the loop once, however many they are.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from asok_engine.realtime.connection import Connection
from asok_engine.realtime.parcel import Parcel
from asok_engine.realtime.signs import SIGN, wanted_seconds

__all__ = ["Station"]


class Station:
    """The connections of the running event loop; make it there.

    `moved` is told of every connection that enters or leaves a room.
    """

    def __init__(self, moved: Callable[[Connection, str, bool], None] | None = None) -> None:
        self._moved = moved
        self.loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._posts: deque[tuple[Callable[..., Any], tuple[Any, ...]]] = deque()
        self._is_woken = False
        # Dictionaries keep the order of arrival, sets do not.
        self.connections: dict[Connection, None] = {}
        #: Who is sent signs of life: every so many seconds, next at.
        self.signs: dict[Connection, tuple[float, float]] = {}
        self._paths: dict[str, dict[Connection, None]] = {}
        self._rooms: dict[str, dict[Connection, None]] = {}

    # --- from any thread --------------------------------------------------------------------

    def post(self, call: Callable[..., Any], *arguments: Any) -> None:
        """Run a call on the loop: now when this is the loop's thread, else soon and in order."""
        if threading.get_ident() == self._thread:
            call(*arguments)
            return
        self._posts.append((call, arguments))
        if not self._is_woken:
            self._is_woken = True
            try:
                self.loop.call_soon_threadsafe(self._run_posts)
            except RuntimeError:
                # The loop has closed, and every connection with it.
                self._posts.clear()

    def post_later(self, call: Callable[..., Any], *arguments: Any) -> None:
        """Run a call on the loop, and never now; for signal handlers."""
        self._posts.append((call, arguments))
        try:
            self.loop.call_soon_threadsafe(self._run_posts)
        except RuntimeError:
            self._posts.clear()

    def _run_posts(self) -> None:
        self._is_woken = False
        posts = self._posts
        try:
            while posts:
                call, arguments = posts.popleft()
                call(*arguments)
        finally:
            if posts:
                # One has failed, of which the loop tells; the others must not wait for the next post.
                self.loop.call_soon(self._run_posts)

    def listed(self, path: str | None = None) -> list[Connection]:
        """Give the connections to a path, or all of them."""
        return list(self.connections if path is None else self._paths.get(path, ()))

    # --- on the loop ------------------------------------------------------------------------

    def enter(self, connection: Connection) -> None:
        """Take a connection in."""
        self.connections[connection] = None
        self._paths.setdefault(connection.path, {})[connection] = None
        seconds = wanted_seconds(connection.request)
        if seconds is not None:
            self.signs[connection] = (seconds, self.loop.time() + seconds)

    def leave(self, connection: Connection) -> None:
        """Take a connection out of its path and its rooms."""
        if self.connections.pop(connection, self) is self:
            return
        _drop(self._paths, connection.path, connection)
        self.signs.pop(connection, None)
        for room in list(connection.rooms):
            self.leave_room(connection, room)

    def join(self, connection: Connection, room: str) -> None:
        """Put a connection into a room."""
        if connection in self.connections and room not in connection.rooms:
            connection.rooms.add(room)
            self._rooms.setdefault(room, {})[connection] = None
            if self._moved is not None:
                self._moved(connection, room, True)

    def leave_room(self, connection: Connection, room: str) -> None:
        """Take a connection out of a room."""
        if room in connection.rooms:
            connection.rooms.discard(room)
            _drop(self._rooms, room, connection)
            if self._moved is not None:
                self._moved(connection, room, False)

    def to_path(self, path: str, parcel: Parcel, exclude: Connection | None = None) -> None:
        """Send to every connection of a path."""
        _send(self._paths.get(path, ()), parcel, exclude)

    def to_room(self, room: str, parcel: Parcel, exclude: Connection | None = None) -> None:
        """Send to every connection in a room."""
        _send(self._rooms.get(room, ()), parcel, exclude)

    def give_signs(self) -> None:
        """Send a sign of life to those whose time has come."""
        now = self.loop.time()
        for connection, (seconds, at) in list(self.signs.items()):
            if now >= at:
                self.signs[connection] = (seconds, now + seconds)
                connection._pipe.write(SIGN)

    def close_session(self, key: str, code: int, reason: str) -> None:
        """Close every connection of a session."""
        for connection in list(self.connections):
            if connection.identity.key == key:
                connection._pipe.close(code, reason)

    def close_all(self, code: int, reason: str) -> None:
        """Close every connection."""
        for connection in list(self.connections):
            connection._pipe.close(code, reason)


def _send(connections: Iterable[Connection], parcel: Parcel, exclude: Connection | None) -> None:
    # Why a list: a client that is cut off for not reading leaves while we walk.
    for connection in list(connections):
        if connection is not exclude:
            connection._pipe.write(parcel)


def _drop(groups: dict[str, dict[Connection, None]], name: str, connection: Connection) -> None:
    members = groups.get(name)
    if members is not None:
        members.pop(connection, None)
        if not members:
            del groups[name]
