"""A broadcast inside one process: several hubs, one channel in memory.

It is what a single process uses, and what tests use for several. Delivery is a
call on the listener's own loop, so a slow listener holds up nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from asok_engine.backends.broadcast.contract import Gap

__all__ = ["MemoryBroadcast", "MemoryChannel"]

Listener = tuple[asyncio.AbstractEventLoop, Callable[[bytes], None]]


class MemoryChannel:
    """What the broadcasts of one process share."""

    def __init__(self) -> None:
        # Replaced, never changed: publishers on other threads walk the tuple they began with.
        self.listeners: tuple[Listener, ...] = ()


class MemoryBroadcast:
    """Carry messages to every open broadcast of the same `channel`; alone without one."""

    def __init__(self, channel: MemoryChannel | None = None) -> None:
        self._channel = channel or MemoryChannel()
        self._listener: Listener | None = None

    async def open(self, deliver: Callable[[bytes], None], gap: Callable[[Gap], None]) -> None:
        """Begin to listen."""
        self._listener = (asyncio.get_running_loop(), deliver)
        self._channel.listeners = (*self._channel.listeners, self._listener)

    async def publish(self, message: bytes) -> None:
        """Hand one message to every listener's loop."""
        for loop, deliver in self._channel.listeners:
            loop.call_soon_threadsafe(deliver, message)

    async def close(self) -> None:
        """Stop listening."""
        mine, self._listener = self._listener, None
        self._channel.listeners = tuple(other for other in self._channel.listeners if other is not mine)
