"""Sessions in Redis: what stands there, for how long, and what is not ours."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from asok_engine.backends.redis_link import RedisLink
from asok_engine.backends.sessions.contract import Lifetimes, NewSession
from asok_engine.backends.sessions.redis import RedisSessions
from asok_engine.errors import BackendUnavailable
from tests.servers import RedisProcess


@pytest.fixture
async def link(redis_server: RedisProcess) -> AsyncIterator[RedisLink]:
    made = RedisLink(redis_server.url)
    yield made
    await made.close_async()


def test_every_key_ends_by_itself(link: RedisLink) -> None:
    """Nothing stays in Redis for ever, the sets of people and the traces of moves included."""
    store = RedisSessions(link, Lifetimes(100, 1000), "s:")
    store.create(NewSession("a", {"x": b"1"}, "user:1"))
    store.move("a", NewSession("b", {}, "user:1", True))
    lives = {key.decode(): link.run("PTTL", key) for key in link.run("KEYS", "s:*")}
    assert set(lives) == {"s:b", "s:moved:a", "s:user:user:1"}
    assert 59_000 < lives["s:moved:a"] <= 60_000
    assert 990_000 < lives["s:b"] <= 1_000_000
    assert 990_000 < lives["s:user:user:1"] <= 1_000_000


async def test_what_others_wrote_is_a_miss(link: RedisLink) -> None:
    """A text, a list or a strange hash under our key is no session and no error (case 104)."""
    store = RedisSessions(link, prefix="s:")
    link.run("SET", "s:text", "x")
    link.run("RPUSH", "s:list", "x")
    link.run("HSET", "s:hash", "=a", "1")
    link.run("HSET", "s:odd", "created", "soon", "seen", "1", "user", "", "remembered", "0")
    for handle in ("text", "list", "hash", "odd"):
        assert store.load(handle) is None
        assert await store.load_async(handle) is None


async def test_down_is_loud(redis_server: RedisProcess, link: RedisLink) -> None:
    """No call of a store that is away gives an answer."""
    store = RedisSessions(link)
    redis_server.stop()
    calls = [
        ("load", ("a",)),
        ("create", (NewSession("a", {}),)),
        ("change", ("a", {"x": b"1"})),
        ("move", ("a", NewSession("b", {}))),
        ("delete", ("a",)),
        ("of_user", ("u",)),
        ("check", ()),
    ]
    for name, arguments in calls:
        with pytest.raises(BackendUnavailable):
            getattr(store, name)(*arguments)
        with pytest.raises(BackendUnavailable):
            await getattr(store, f"{name}_async")(*arguments)


def test_one_use_is_one_round_trip(link: RedisLink) -> None:
    """Loading, renewing and judging is one script."""
    store = RedisSessions(link)
    store.create(NewSession("a", {"x": b"1"}))
    store.load("a")
    link.run("CONFIG", "RESETSTAT")
    store.load("a")
    said = link.run("INFO", "commandstats")
    text = said.decode() if isinstance(said, bytes) else str(said)
    assert "cmdstat_evalsha" in text
    calls = text.partition("cmdstat_evalsha")[2].partition("calls")[2][:4]
    assert "1" in calls
