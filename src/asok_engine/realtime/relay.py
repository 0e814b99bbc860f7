"""Carries what is said in this process to all others, over a broadcast backend.

What is said waits in a bounded queue while the backend is away, is sent in batches
and sent again after a failure; numbers let the others drop what they already have
and notice what is missing. It knows what a message looks like and nothing of
connections.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec

from asok_engine.backends.broadcast.contract import Broadcast, Gap
from asok_engine.backends.broadcast.numbering import Numbering
from asok_engine.errors import BackendUnavailable, OutsideError, UsageError

__all__ = ["Relay", "Said"]

#: One thing that was said: its kind, and what belongs to it.
Said = tuple[Any, ...]

MOST_WAITING = 10_000
MOST_IN_A_BATCH = 200
LONGEST_PAUSE_SECONDS = 1.0
_log = logging.getLogger("asok.websocket")
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[list[Any]]).decode


class Relay:
    """Sends over `backend`, and calls `heard(node, said)` for what other processes say.

    `lost` is told of gaps. `say` may be called from any thread; everything else runs
    on the loop on which the relay was opened.
    """

    def __init__(
        self,
        backend: Broadcast,
        heard: Callable[[bytes, Said], None],
        lost: Callable[[Gap], None],
    ) -> None:
        self._backend = backend
        self._heard = heard
        self._lost = lost
        self._numbering = Numbering()
        self._waiting: deque[msgspec.Raw] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._more: asyncio.Event | None = None
        self._sent_all = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._dropped = 0

    async def open(self) -> None:
        """Listen and begin to send; what was said before is sent now."""
        self._loop = asyncio.get_running_loop()
        self._more = asyncio.Event()
        if self._waiting:
            self._more.set()
        await self._backend.open(self._take, self._lost)
        self._task = self._loop.create_task(self._send_all())

    async def close(self, seconds: float = 1.0) -> None:
        """Send what waits, as far as that is quickly done, and stop."""
        task, self._task = self._task, None
        if task is None:
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._sent_all.wait(), seconds)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await self._backend.close()
        self._loop = self._more = None

    def say(self, *said: Any) -> None:
        """Send to every other process; returns at once.

        Raises:
            UsageError: it has something that cannot be sent, such as half a character in a name.
        """
        try:
            # Why here and not with its batch: the fault is the caller's, and no other message waits for it.
            encoded = msgspec.Raw(_encode(said))
        except (TypeError, ValueError) as error:
            raise UsageError(f"A broadcast cannot be told to other processes: {error}.") from error
        if len(self._waiting) >= MOST_WAITING:
            self._waiting.popleft()
            if self._dropped == 0:
                _log.error("Broadcasts wait for %s; the oldest are dropped.", self._backend)
            self._dropped += 1
        self._waiting.append(encoded)
        self._sent_all.clear()
        loop, more = self._loop, self._more
        if loop is None or more is None or more.is_set():
            return
        try:
            loop.call_soon_threadsafe(more.set)
        except RuntimeError:
            # The loop has closed: this process is about to end.
            return

    async def _send_all(self) -> None:
        more = self._more
        if more is None:
            return
        while True:
            if not self._waiting:
                self._sent_all.set()
            await more.wait()
            more.clear()
            self._sent_all.clear()
            while self._waiting:
                count = min(len(self._waiting), MOST_IN_A_BATCH)
                batch = [self._waiting.popleft() for _ in range(count)]
                if self._dropped:
                    # They were older than what is sent now.
                    _log.error("%d broadcasts were dropped and reached no other process.", self._dropped)
                    self._numbering.skip(self._dropped)
                    self._dropped = 0
                await self._deliver(self._numbering.stamp(_encode(batch), len(batch)))

    async def _deliver(self, message: bytes) -> None:
        pause = 0.05
        while True:
            try:
                await self._backend.publish(message)
                return
            except BackendUnavailable as error:
                # The same number again: whoever has heard it all the same drops this one.
                _log.debug("A broadcast is sent again: %s", error)
            except OutsideError as error:
                # It would be refused again. The others notice by its number that it is missing.
                _log.error("A broadcast was refused and reached no other process: %s", error)
                return
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    def _take(self, message: bytes) -> None:
        sender, body, missing = self._numbering.take(message)
        if missing:
            self._lost(Gap(f"messages of process {sender.hex()} did not arrive", missing))
        if body is None:
            return
        try:
            said = _decode(body)
        except msgspec.MsgspecError:
            _log.error("A broadcast could not be read; is another version of the application running?")
            return
        for one in said:
            self._heard(sender, tuple(one))
