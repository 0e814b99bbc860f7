"""What the Redis backends do when Redis is killed, replaced or filled by others."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator

import pytest

from asok_engine.backends.cache.redis import RedisCache
from asok_engine.backends.counters.redis import RedisCounters
from asok_engine.backends.redis_link import RedisLink
from asok_engine.errors import BackendUnavailable, SetupError
from tests.servers import RedisProcess


@pytest.fixture
async def link(redis_server: RedisProcess) -> AsyncIterator[RedisLink]:
    made = RedisLink(redis_server.url)
    yield made
    await made.close_async()


async def test_a_killed_redis_is_loud_and_a_new_one_is_found(
    redis_server: RedisProcess, link: RedisLink
) -> None:
    """While Redis is down each call raises 503 quickly; under 2 s after its return all work again."""
    counters, cache = RedisCounters(link), RedisCache(link)
    assert counters.hit("a", 5, 60, 1000.0).allowed
    assert (await counters.hit_async("a", 5, 60, 1000.0)).allowed
    cache.set("k", "v")
    redis_server.stop()
    try:
        for _ in range(3):
            began = time.monotonic()
            with pytest.raises(BackendUnavailable) as failure:
                counters.hit("a", 5, 60, 1000.0)
            assert failure.value.status == 503
            with pytest.raises(BackendUnavailable):
                await counters.hit_async("a", 5, 60, 1000.0)
            with pytest.raises(BackendUnavailable):
                cache.get("k")
            with pytest.raises(BackendUnavailable):
                await cache.get_async("k")
            assert time.monotonic() - began < 2.0
    finally:
        redis_server.start()
    back = time.monotonic()
    while True:
        try:
            verdict = counters.hit("a", 5, 60, 1000.0)
            verdict_async = await counters.hit_async("a", 5, 60, 1000.0)
            break
        except BackendUnavailable:
            assert time.monotonic() - back < 2.0
            await asyncio.sleep(0.05)
    # The new server knows nothing of the old one's counts.
    assert (verdict.remaining, verdict_async.remaining) == (4, 3)
    assert cache.get("k") is None
    assert await cache.get_async("k") is None


async def test_a_restart_between_two_calls_goes_unnoticed(
    redis_server: RedisProcess, link: RedisLink
) -> None:
    """A pooled connection from before the restart is replaced within the call."""
    cache = RedisCache(link)
    cache.set("k", 1)
    await cache.set_async("k", 1)
    redis_server.stop()
    redis_server.start()
    cache.set("k", 2)
    assert await cache.get_async("k") == 2
    assert cache.incr("k") == 3


async def test_a_value_that_is_not_json_is_a_miss(link: RedisLink) -> None:
    """Bytes that another program wrote are never run and never raise (case 104)."""
    cache = RedisCache(link, "tampered:")
    nested = b"[" * 200_000
    for data in (b"\x80\x04\x95(cos\nsystem", b"{", b"", b"\xff\xfe", b"NaN", nested):
        link.run("SET", "tampered:k", data)
        assert cache.get("k", "miss") == "miss"
        assert await cache.get_async("k", "miss") == "miss"
        assert cache.remember("k", 60, lambda: "fresh") == "fresh"


async def test_a_key_of_another_kind_is_a_miss_and_can_be_replaced(link: RedisLink) -> None:
    """A list under our key is no value; setting the key puts ours there."""
    cache = RedisCache(link, "kinds:")
    link.run("DEL", "kinds:k")
    link.run("LPUSH", "kinds:k", "x")
    assert cache.get("k") is None
    assert await cache.get_async("k") is None
    cache.set("k", 1)
    assert cache.get("k") == 1


async def test_flush_leaves_other_keys_of_the_database(link: RedisLink) -> None:
    """Sessions beside the cache survive, also when the prefix holds pattern characters."""
    cache = RedisCache(link, "a[b]*?:")
    link.run("SET", "session:1", "s")
    link.run("SET", "ab:x", "s")
    for n in range(1200):
        link.run("SET", f"a[b]*?:{n}", "1")
    cache.flush()
    assert link.run("KEYS", "a\\[b\\]\\*\\?:*") == []
    assert link.run("GET", "session:1") == b"s"
    assert link.run("GET", "ab:x") == b"s"


def test_a_cache_without_prefix_is_refused(redis_server: RedisProcess) -> None:
    """An empty prefix would let flush delete sessions and jobs."""
    with pytest.raises(SetupError, match="prefix"):
        RedisCache(RedisLink(redis_server.url), "")


async def test_counters_expire_by_themselves(link: RedisLink) -> None:
    """No counter stays in Redis for longer than two windows."""
    counters = RedisCounters(link, "expiring:")
    counters.hit("a", 5, 60, time.time())
    (key,) = link.run("KEYS", "expiring:*")
    assert 0 < link.run("PTTL", key) <= 120_001


def test_event_loops_that_follow_each_other_get_their_own_client(redis_server: RedisProcess) -> None:
    """A second event loop does not touch the connections of the first."""
    link = RedisLink(redis_server.url)
    cache = RedisCache(link)

    async def use(n: int) -> int:
        await cache.set_async("k", n)
        found: int = await cache.get_async("k")
        await cache.close_async()
        return found

    assert [asyncio.run(use(n)) for n in range(3)] == [0, 1, 2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
async def test_a_forked_process_gets_its_own_connections(redis_server: RedisProcess, link: RedisLink) -> None:
    """Parent and child use Redis at the same time after a fork without mixing up replies."""
    cache = RedisCache(link, "fork:")
    cache.set("who", "parent")
    await cache.get_async("who")
    parents = link._sync_client()
    child = os.fork()
    if child == 0:
        right = False
        try:
            right = link._sync_client() is not parents
            right = (
                right
                and all(cache.incr("child") == n + 1 for n in range(200))
                and cache.get("who") == "parent"
            )
        finally:
            os._exit(0 if right else 1)
    assert [cache.incr("parent") for _ in range(200)] == list(range(1, 201))
    assert await cache.get_async("who") == "parent"
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


async def test_many_tasks_share_a_bounded_number_of_connections(redis_server: RedisProcess) -> None:
    """Three hundred tasks at once need no more connections than the limit, and all are served."""
    link = RedisLink(redis_server.url, max_connections=5)
    cache = RedisCache(link, "many:")
    await cache.flush_async()
    totals = await asyncio.gather(*(cache.incr_async("k") for _ in range(300)))
    assert sorted(totals) == list(range(1, 301))
    clients = link.run("CLIENT", "LIST")
    text = clients if isinstance(clients, str) else str(clients)
    assert text.count("addr") <= 14
    await cache.close_async()


async def test_busy_loop_opens_few_connections(redis_server: RedisProcess) -> None:
    """A start under load greets Redis sixteen times at most, however much is asked at once."""
    link = RedisLink(redis_server.url)
    before = str(link.run("CLIENT", "LIST")).count(" laddr=")
    cache = RedisCache(link, "busy:")
    totals = await asyncio.gather(*(cache.incr_async("k") for _ in range(300)))
    assert sorted(totals) == list(range(1, 301))
    assert 1 < str(link.run("CLIENT", "LIST")).count(" laddr=") - before <= 16
    await cache.close_async()
