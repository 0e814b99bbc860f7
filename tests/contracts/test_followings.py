"""Events of models cross processes over every broadcast, under the rights of whoever follows them."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from asok_engine.backends.broadcast.contract import Broadcast, Gap
from asok_engine.backends.broadcast.memory import MemoryBroadcast, MemoryChannel
from asok_engine.backends.broadcast.postgres import PostgresBroadcast
from asok_engine.backends.broadcast.redis import RedisBroadcast
from asok_engine.backends.broadcast.sqlite import SqliteBroadcast
from asok_engine.backends.redis_link import RedisLink
from asok_engine.database.databases import databases
from asok_engine.records.events import model_events
from tests import servers
from tests.asok.orm.blog import create_tables
from tests.engine.realtime.desk import MANAGER, Slip, begin, desk, heard, next_news, quiet

pytestmark = pytest.mark.servers

ADA, BOB = 1, 2


@pytest.fixture(autouse=True)
def _tables(tmp_path: Path) -> Iterator[None]:
    create_tables(f"sqlite:///{tmp_path / 'slips.sqlite3'}", [Slip])
    yield
    databases.close()


@pytest.fixture(params=["memory", "sqlite", "redis", "postgres"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Broadcast]:
    """Make one more process's end of the same broadcast."""
    channel, name = MemoryChannel(), f"test_{secrets.token_hex(6)}"

    def made() -> Broadcast:
        if request.param == "memory":
            return MemoryBroadcast(channel)
        if request.param == "sqlite":
            return SqliteBroadcast(tmp_path / "bus.sqlite3")
        if request.param == "redis":
            return RedisBroadcast(RedisLink(request.getfixturevalue("redis_url")), name)
        return PostgresBroadcast(request.getfixturevalue("postgres_url"), name)

    return made


async def test_followers_of_other_processes_hear_what_they_may_see(
    make: Callable[[], Broadcast], tmp_path: Path
) -> None:
    """Once each, with the rows as their own policy shows them; whoever may see nothing hears nothing."""
    async with AsyncExitStack() as stack:
        writing = await stack.enter_async_context(desk(tmp_path / "a", make()))
        reading = await stack.enter_async_context(desk(tmp_path / "b", make()))
        # What is written here is told by the first of the two alone, as in a process of its own.
        model_events.unlisten(reading.followings._happened)
        boss = await stack.enter_async_context(reading.served.connect(who=MANAGER))
        ada = await stack.enter_async_context(reading.served.connect(who=ADA))
        here = await stack.enter_async_context(writing.served.connect(who=ADA))
        for client in (boss, ada, here):
            await begin(client)
        slip = await Slip.create_async(title="tea", owner_id=ADA, cost=5)
        other = await Slip.create_async(title="ink", owner_id=BOB)
        assert await heard(boss, 2) == [("created", slip.id), ("created", other.id)]
        for client in (ada, here):
            assert (await next_news(client))["row"] == {"id": slip.id, "title": "tea", "owner_id": ADA}
        await slip.update_async(owner_id=BOB)
        assert (await next_news(boss))["names"] == ["owner_id"]
        assert await heard(ada, 1) == await heard(here, 1) == [("deleted", slip.id)]
        await other.delete_async()
        assert await heard(boss, 1) == [("deleted", other.id)]
        for client in (ada, here, boss):
            assert await quiet(client)


class _SlowToOpen(MemoryBroadcast):
    """A broadcast that listens some time after it was asked to."""

    async def open(self, deliver: Callable[[bytes], None], gap: Callable[[Gap], None]) -> None:
        await asyncio.sleep(0.5)
        await super().open(deliver, gap)


async def test_nobody_follows_before_the_process_hears_the_others(tmp_path: Path) -> None:
    """Whoever is told that they follow misses nothing from then on, also in a process that has just started."""
    channel = MemoryChannel()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(desk(tmp_path / "a", MemoryBroadcast(channel)))
        reading = await stack.enter_async_context(desk(tmp_path / "b", _SlowToOpen(channel)))
        model_events.unlisten(reading.followings._happened)
        ada = await stack.enter_async_context(reading.served.connect(who=ADA))
        await begin(ada)
        slip = await Slip.create_async(title="tea", owner_id=ADA)
        assert await heard(ada, 1) == [("created", slip.id)]


async def test_gap_is_told_and_followers_hear_on(redis_server: servers.RedisProcess, tmp_path: Path) -> None:
    """When the broadcast was away, everybody who follows is told to look again."""

    def bus() -> Broadcast:
        return RedisBroadcast(RedisLink(redis_server.url), "slips")

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(desk(tmp_path / "a", bus()))
        reading = await stack.enter_async_context(desk(tmp_path / "b", bus()))
        model_events.unlisten(reading.followings._happened)
        ada = await stack.enter_async_context(reading.served.connect(who=ADA))
        await begin(ada)
        await Slip.create_async(title="before", owner_id=ADA)
        assert (await next_news(ada))["kind"] == "created"
        redis_server.stop()
        redis_server.start()
        assert (await next_news(ada, 20))["kind"] == "missed"
        # The other process may come back later: what it says first may tell of a gap again, and be in it.
        for number in range(5):
            await Slip.create_async(title=f"after {number}", owner_id=ADA)
            if (news := await next_news(ada, 20))["kind"] == "created":
                break
        assert news["row"]["title"].startswith("after")
