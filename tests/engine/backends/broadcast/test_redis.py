"""The broadcast over Redis when Redis goes away and comes back."""

from __future__ import annotations

import asyncio
import secrets

import pytest

from asok_engine.backends.broadcast.contract import Gap
from asok_engine.backends.broadcast.redis import RedisBroadcast
from asok_engine.backends.redis_link import RedisLink
from asok_engine.errors import BackendUnavailable
from tests import servers


async def test_restart_of_redis_is_survived_and_told_as_a_gap(redis_server: servers.RedisProcess) -> None:
    """While Redis is away publishing fails aloud; when it is back, messages arrive and a gap was told."""
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    gaps: asyncio.Queue[Gap] = asyncio.Queue()
    broadcast = RedisBroadcast(RedisLink(redis_server.url), secrets.token_hex(4))
    await broadcast.open(heard.put_nowait, gaps.put_nowait)
    await broadcast.publish(b"before")
    assert await heard.get() == b"before"
    redis_server.stop()
    with pytest.raises(BackendUnavailable):
        await broadcast.publish(b"lost")
    redis_server.start()
    gap = await asyncio.wait_for(gaps.get(), 10)
    assert "lost" in gap.reason
    assert gap.missed is None
    async with asyncio.timeout(5):
        while heard.empty():
            try:
                await broadcast.publish(b"after")
            except BackendUnavailable:
                pass
            await asyncio.sleep(0.05)
    assert heard.get_nowait() == b"after"
    await broadcast.close()


async def test_redis_that_is_absent_at_first_does_not_hold_up_the_start(
    redis_server: servers.RedisProcess,
) -> None:
    """Opening returns after the first try; hearing begins when Redis is there, and no gap is told for that."""
    redis_server.stop()
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    broadcast = RedisBroadcast(RedisLink(redis_server.url), secrets.token_hex(4))
    await asyncio.wait_for(broadcast.open(heard.put_nowait, lambda gap: None), 5)
    redis_server.start()
    async with asyncio.timeout(10):
        while heard.empty():
            try:
                await broadcast.publish(b"there")
            except BackendUnavailable:
                pass
            await asyncio.sleep(0.05)
    assert heard.get_nowait() == b"there"
    await broadcast.close()
