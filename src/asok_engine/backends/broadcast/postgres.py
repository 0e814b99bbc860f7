"""A broadcast over PostgreSQL's LISTEN and NOTIFY, for applications that have one anyway.

One connection listens and one publishes. A notification holds at most 8000 bytes of
text, so messages travel as base64 and longer ones in parts, all parts in one
transaction, which PostgreSQL delivers together and in order. A lost connection is
made again and told as a gap. Sources: postgresql.org, NOTIFY; asyncpg.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import logging
import os
import random
from collections.abc import Callable
from typing import Any

from asok_engine.backends.broadcast.contract import Gap
from asok_engine.errors import BackendUnavailable, SetupError
from asok_engine.security.redaction import mask_text, mask_url

__all__ = ["PostgresBroadcast"]

PART_CHARACTERS = 7800
ALIVE_SECONDS = 5.0
WAIT_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 2.0
MOST_UNFINISHED = 64
_log = logging.getLogger("asok.websocket")


class PostgresBroadcast:
    """Carry messages over the channel `channel` of the PostgreSQL database at `url`.

    Raises:
        SetupError: the package asyncpg is missing.
    """

    def __init__(self, url: str, channel: str) -> None:
        try:
            import asyncpg
        except ImportError as error:
            raise SetupError(
                f"The broadcast over {mask_url(url)} needs the package asyncpg, which is not installed.",
                fix='Run: pip install "asok[postgres]"',
            ) from error
        self._asyncpg = asyncpg
        self._url = url
        self._channel = channel
        self._writer: Any = None
        self._lock: asyncio.Lock | None = None
        self._task: asyncio.Task[None] | None = None
        # Parts of one message share a name that no other process gives.
        self._name = os.urandom(6).hex()
        self._numbers = itertools.count()

    async def open(self, deliver: Callable[[bytes], None], gap: Callable[[Gap], None]) -> None:
        """Listen, and stay listening."""
        tried = asyncio.Event()
        self._lock = asyncio.Lock()
        self._task = asyncio.get_running_loop().create_task(self._listen(_Parts(deliver), gap, tried))
        await tried.wait()

    async def publish(self, message: bytes) -> None:
        """Notify everybody; raises BackendUnavailable when the database does not take it."""
        text = base64.b64encode(message).decode("ascii")
        parts = [text[at : at + PART_CHARACTERS] for at in range(0, len(text) or 1, PART_CHARACTERS)]
        name = f"{self._name}.{next(self._numbers)}"
        payloads = [f"{name} {index} {len(parts)} {part}" for index, part in enumerate(parts)]
        if self._lock is None:
            raise BackendUnavailable("The broadcast over PostgreSQL is not open.")
        async with self._lock:
            try:
                await asyncio.wait_for(self._notify(payloads), WAIT_SECONDS)
            except (
                OSError,
                TimeoutError,
                self._asyncpg.PostgresError,
                self._asyncpg.InterfaceError,
            ) as error:
                broken, self._writer = self._writer, None
                if broken is not None:
                    broken.terminate()
                raise self._unavailable(error) from error

    async def _notify(self, payloads: list[str]) -> None:
        if self._writer is None:
            self._writer = await self._connected()
        if len(payloads) == 1:
            await self._writer.execute("SELECT pg_notify($1, $2)", self._channel, payloads[0])
            return
        async with self._writer.transaction():
            await self._writer.executemany(
                "SELECT pg_notify($1, $2)", [(self._channel, payload) for payload in payloads]
            )

    async def close(self) -> None:
        """Close both connections."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.terminate()

    async def _connected(self) -> Any:
        # Why no cache: behind a pooler a prepared statement may be another client's.
        return await self._asyncpg.connect(self._url, timeout=WAIT_SECONDS, statement_cache_size=0)

    async def _listen(self, parts: _Parts, gap: Callable[[Gap], None], tried: asyncio.Event) -> None:
        lost: str | None = None
        pause = 0.0
        while True:
            connection = None
            try:
                connection = await self._connected()
                await connection.add_listener(self._channel, parts.take)
                if lost is not None:
                    _log.warning(
                        "The broadcast over PostgreSQL is back; what was sent meanwhile did not arrive here."
                    )
                    gap(Gap(f"the connection to PostgreSQL was lost: {lost}"))
                lost, pause = None, 0.0
                tried.set()
                ended = asyncio.Event()
                connection.add_termination_listener(lambda _, ended=ended: ended.set())
                while not ended.is_set():
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(ended.wait(), ALIVE_SECONDS)
                    await connection.execute("SELECT 1", timeout=WAIT_SECONDS)
            except (
                OSError,
                TimeoutError,
                self._asyncpg.PostgresError,
                self._asyncpg.InterfaceError,
            ) as error:
                if lost is None:
                    reason = self._unavailable(error)
                    _log.error("The broadcast was interrupted: %s", reason.message)
                    lost = reason.message
            finally:
                if connection is not None:
                    connection.terminate()
            parts.forget()
            tried.set()
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311
            pause = min(max(pause * 2, 0.05), LONGEST_PAUSE_SECONDS)

    def _unavailable(self, error: BaseException) -> BackendUnavailable:
        reason = mask_text(str(error)) or type(error).__name__
        return BackendUnavailable(
            f"PostgreSQL at {mask_url(self._url)} cannot carry broadcasts: {reason.rstrip('.')}.",
            fix="Check that it runs and that DATABASE_URL is right.",
        )


class _Parts:
    """Puts messages together again."""

    def __init__(self, deliver: Callable[[bytes], None]) -> None:
        self._deliver = deliver
        self._unfinished: dict[str, list[str]] = {}

    def take(self, connection: object, pid: int, channel: str, payload: object) -> None:
        """Take one notification, as asyncpg hands it over."""
        name, index, count, part = str(payload).split(" ", 3)
        if count == "1":
            self._deliver(base64.b64decode(part))
            return
        parts = self._unfinished.setdefault(name, [])
        if int(index) != len(parts):
            # Its beginning was sent before we listened.
            del self._unfinished[name]
            return
        parts.append(part)
        if len(parts) == int(count):
            del self._unfinished[name]
            self._deliver(base64.b64decode("".join(parts)))
        elif len(self._unfinished) > MOST_UNFINISHED:
            del self._unfinished[next(iter(self._unfinished))]

    def forget(self) -> None:
        """Drop what will never be whole."""
        self._unfinished.clear()
