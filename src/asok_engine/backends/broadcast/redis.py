"""A broadcast over Redis publish and subscribe, for processes on any number of hosts.

One channel per application. The subscription has a connection of its own that is
asked for a sign of life; when it breaks it is made again, at first at once and then
with growing pauses, and the time between is told as a gap.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable

from asok_engine.backends.broadcast.contract import Gap
from asok_engine.backends.redis_link import RedisLink
from asok_engine.errors import BackendUnavailable

__all__ = ["RedisBroadcast"]

LONGEST_PAUSE_SECONDS = 2.0
_log = logging.getLogger("asok.websocket")


class RedisBroadcast:
    """Carry messages over the channel `channel` of the Redis behind `link`."""

    def __init__(self, link: RedisLink, channel: str) -> None:
        self._link = link
        self._channel = channel
        self._task: asyncio.Task[None] | None = None

    async def open(self, deliver: Callable[[bytes], None], gap: Callable[[Gap], None]) -> None:
        """Subscribe, and stay subscribed."""
        tried = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._listen(deliver, gap, tried))
        await tried.wait()

    async def publish(self, message: bytes) -> None:
        """Publish one message; raises BackendUnavailable when Redis does not take it."""
        await self._link.run_async("PUBLISH", self._channel, message)

    async def close(self) -> None:
        """Unsubscribe."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self._link.close_async()

    async def _listen(
        self, deliver: Callable[[bytes], None], gap: Callable[[Gap], None], tried: asyncio.Event
    ) -> None:
        lost: str | None = None
        pause = 0.0

        def subscribed() -> None:
            nonlocal lost, pause
            if lost is not None:
                _log.warning("The broadcast over Redis is back; what was sent meanwhile did not arrive here.")
                gap(Gap(f"the subscription at Redis was lost: {lost}"))
            lost, pause = None, 0.0
            tried.set()

        while True:
            try:
                await self._link.listen(self._channel, subscribed, deliver)
            except BackendUnavailable as error:
                if lost is None:
                    _log.error("The broadcast over Redis was interrupted: %s", error.message)
                    lost = error.message
            tried.set()
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311
            pause = min(max(pause * 2, 0.05), LONGEST_PAUSE_SECONDS)
