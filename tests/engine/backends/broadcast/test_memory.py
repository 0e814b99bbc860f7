"""The broadcast inside one process."""

from __future__ import annotations

import asyncio
import threading

from asok_engine.backends.broadcast.memory import MemoryBroadcast, MemoryChannel


async def test_delivery_happens_on_the_listeners_loop() -> None:
    """A listener is called in the thread of the loop on which it was opened."""
    channel = MemoryChannel()
    heard: asyncio.Queue[tuple[bytes, int]] = asyncio.Queue()
    mine = MemoryBroadcast(channel)
    await mine.open(lambda message: heard.put_nowait((message, threading.get_ident())), lambda gap: None)
    await asyncio.to_thread(asyncio.run, MemoryBroadcast(channel).publish(b"from another loop"))
    assert await heard.get() == (b"from another loop", threading.get_ident())
    await mine.close()


async def test_without_a_channel_it_talks_to_itself_only() -> None:
    """Two broadcasts that share nothing do not hear each other."""
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    first, second = MemoryBroadcast(), MemoryBroadcast()
    await first.open(heard.put_nowait, lambda gap: None)
    await second.publish(b"other")
    await first.publish(b"own")
    assert await heard.get() == b"own"
