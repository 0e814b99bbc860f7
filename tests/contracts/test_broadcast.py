"""The law of `Broadcast`, for every fulfilment."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from asok_engine.backends.broadcast.contract import Broadcast, Gap
from asok_engine.backends.broadcast.memory import MemoryBroadcast, MemoryChannel
from asok_engine.backends.broadcast.postgres import PostgresBroadcast
from asok_engine.backends.broadcast.redis import RedisBroadcast
from asok_engine.backends.broadcast.sqlite import SqliteBroadcast
from asok_engine.backends.redis_link import RedisLink

Make = Callable[..., Broadcast]


class Ear:
    """What one process hears."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.gaps: list[Gap] = []
        self._changed = asyncio.Event()

    def deliver(self, message: bytes) -> None:
        self.heard.append(message)
        self._changed.set()

    async def until(self, count: int, seconds: float = 5) -> list[bytes]:
        """Wait until so many messages were heard."""
        async with asyncio.timeout(seconds):
            while len(self.heard) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.heard


@pytest.fixture(params=["memory", "sqlite", "redis", "postgres"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    channel, name = MemoryChannel(), f"test_{secrets.token_hex(6)}"

    def made(other: str = "") -> Broadcast:
        if request.param == "memory":
            return MemoryBroadcast(MemoryChannel() if other else channel)
        if request.param == "sqlite":
            return SqliteBroadcast(tmp_path / f"{other or 'one'}.sqlite3")
        if request.param == "redis":
            return RedisBroadcast(RedisLink(request.getfixturevalue("redis_url")), name + other)
        return PostgresBroadcast(request.getfixturevalue("postgres_url"), name + other)

    return made


@pytest.fixture
async def pair(make: Make) -> AsyncIterator[tuple[Broadcast, Ear, Broadcast, Ear]]:
    """Two processes on one channel."""
    first, second, one, two = make(), make(), Ear(), Ear()
    await first.open(one.deliver, one.gaps.append)
    await second.open(two.deliver, two.gaps.append)
    yield first, one, second, two
    await first.close()
    await second.close()


async def test_everybody_hears_what_one_publishes(pair: tuple[Broadcast, Ear, Broadcast, Ear]) -> None:
    """A message reaches every open one, its publisher too, once and unchanged."""
    first, one, _, two = pair
    message = bytes(range(256))
    await first.publish(message)
    assert await two.until(1) == [message]
    assert await one.until(1) == [message]
    await first.publish(b"")
    assert await two.until(2) == [message, b""]
    assert (one.gaps, two.gaps) == ([], [])


async def test_order_of_a_publisher_is_kept(pair: tuple[Broadcast, Ear, Broadcast, Ear]) -> None:
    """Hundreds of messages of two publishers arrive complete, each publisher's in its order."""
    first, one, second, two = pair

    async def publish(broadcast: Broadcast, name: str) -> None:
        for number in range(200):
            await broadcast.publish(f"{name}{number}".encode())

    await asyncio.gather(publish(first, "a"), publish(second, "b"))
    for ear in (one, two):
        heard = await ear.until(400)
        for name in ("a", "b"):
            mine = [text for text in map(bytes.decode, heard) if text.startswith(name)]
            assert mine == [f"{name}{number}" for number in range(200)]


async def test_long_message_arrives_whole(pair: tuple[Broadcast, Ear, Broadcast, Ear]) -> None:
    """A message of a megabyte is one message, whatever the backend's own limits are."""
    first, _, _, two = pair
    message = secrets.token_bytes(1_000_000)
    await asyncio.gather(first.publish(message), first.publish(b"short"))
    assert sorted(await two.until(2), key=len) == [b"short", message]


async def test_channels_are_apart(make: Make) -> None:
    """What is published on another channel is not heard."""
    here, there, ear, other = make(), make("other"), Ear(), Ear()
    await here.open(ear.deliver, ear.gaps.append)
    await there.open(other.deliver, other.gaps.append)
    await there.publish(b"elsewhere")
    await other.until(1)
    await here.publish(b"here")
    assert await ear.until(1) == [b"here"]
    await here.close()
    await there.close()


async def test_what_was_said_before_is_not_heard(make: Make) -> None:
    """Who comes later hears what comes later, and is told of no gap."""
    first, second, one, two = make(), make(), Ear(), Ear()
    await first.open(one.deliver, one.gaps.append)
    await first.publish(b"before")
    await one.until(1)
    await second.open(two.deliver, two.gaps.append)
    await first.publish(b"after")
    assert await two.until(1) == [b"after"]
    assert two.gaps == []
    await first.close()
    await second.close()


async def test_closed_one_can_be_opened_again(make: Make) -> None:
    """Closing ends the hearing, and opening begins it again."""
    first, second, ear = make(), make(), Ear()
    await second.open(Ear().deliver, Ear().gaps.append)
    await first.open(ear.deliver, ear.gaps.append)
    await first.close()
    await second.publish(b"unheard")
    await first.open(ear.deliver, ear.gaps.append)
    await second.publish(b"heard")
    assert await ear.until(1) == [b"heard"]
    await first.close()
    await second.close()
