"""How counters name what they keep in Redis, read without a server."""

from __future__ import annotations

import pytest

from asok_engine.backends.counters.redis import RedisCounters
from asok_engine.backends.redis_link import RedisLink
from asok_engine.errors import BackendUnavailable


def test_a_limit_without_redis_raises_and_does_not_open() -> None:
    """Nobody listens on the port: the hit is an error with status 503, not an allowed hit."""
    counters = RedisCounters(RedisLink("redis://127.0.0.1:1/0"))
    with pytest.raises(BackendUnavailable, match="127.0.0.1:1") as failure:
        counters.hit("k", 5, 60, 1000.0)
    assert failure.value.status == 503


async def test_an_async_limit_without_redis_raises_and_does_not_open() -> None:
    """The async side is as loud as the plain one."""
    counters = RedisCounters(RedisLink("redis://127.0.0.1:1/0"))
    with pytest.raises(BackendUnavailable):
        await counters.hit_async("k", 5, 60, 1000.0)
    await counters.close_async()
