"""Broadcasts, presence and sessions over several processes, here several hubs on one channel."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from asok_engine.backends.broadcast.contract import Gap
from asok_engine.backends.broadcast.memory import MemoryBroadcast, MemoryChannel
from asok_engine.realtime import hub as hub_module
from asok_engine.realtime.connection import Connection
from asok_engine.realtime.hub import Hub
from tests.engine.realtime.served import closed, serving
from tests.engine.realtime.test_relay import Faulty


def chat(server: Any) -> None:
    async def handler(conn: Connection, message: str) -> None:
        server.broadcast("/chat", message, exclude=conn)

    server.routes.on_message("/chat", handler)
    server.routes.on_connect("/chat", lambda conn: conn.send("welcome") if conn.join("r") else None)


class Ears:
    """Somebody who follows rows."""

    missed_count = 0

    def heard(self, table: str, keys: list[Any], names: list[str]) -> None:
        raise AssertionError(table)

    def missed(self) -> None:
        self.missed_count += 1


async def until(true: Callable[[], Any], seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.005)


async def test_broadcast_reaches_every_client_of_every_process_once(tmp_path: Path) -> None:
    """The sender is left out, everybody else gets it once, in the order of the sender."""
    channel = MemoryChannel()
    async with (
        serving(chat, tmp_path / "a", broadcast=MemoryBroadcast(channel)) as one,
        serving(chat, tmp_path / "b", broadcast=MemoryBroadcast(channel)) as two,
    ):
        async with (
            one.connect("/chat") as sender,
            one.connect("/chat") as near,
            two.connect("/chat") as far,
            two.connect("/chat") as also_far,
        ):
            for client in (sender, near, far, also_far):
                assert await client.recv() == "welcome"
            await until(lambda: len(channel.listeners) == 2)
            for number in range(100):
                await sender.send(str(number))
            for client in (near, far, also_far):
                assert [await client.recv() for _ in range(100)] == [str(number) for number in range(100)]
            two.server.broadcast_to("r", "to the room")
            for client in (sender, near, far, also_far):
                assert await client.recv() == "to the room"


async def test_presence_is_known_everywhere(tmp_path: Path) -> None:
    """People of all processes, each once, also for a process that comes later, and gone when they go."""
    channel = MemoryChannel()
    async with (
        serving(chat, tmp_path / "a", broadcast=MemoryBroadcast(channel)) as one,
        serving(chat, tmp_path / "b", broadcast=MemoryBroadcast(channel)) as two,
    ):
        here, there = one.server.hub.presence, two.server.hub.presence
        async with one.connect("/chat", who=1), one.connect("/chat", who=1), two.connect("/chat", who=2):
            await until(lambda: here.online() == [1, 2] == there.online())
            late = Hub()
            late.connect(MemoryBroadcast(channel))
            await late.open()
            await until(lambda: late.presence.online() == [1, 2])
            await late.close()
        await until(lambda: here.online() == [] == there.online())
        async with one.connect("/chat") as nobody:
            await until(lambda: there.count() == here.count() == 1)
            assert here.online() == []
            await nobody.close()
        await until(lambda: there.count() == here.count() == 0)


async def test_rooms_have_presence_everywhere(tmp_path: Path) -> None:
    """Who is in a room is known in every process, until they leave it or are gone."""
    channel = MemoryChannel()
    async with (
        serving(chat, tmp_path / "a", broadcast=MemoryBroadcast(channel)) as one,
        serving(chat, tmp_path / "b", broadcast=MemoryBroadcast(channel)) as two,
    ):
        there = two.server.hub.presence
        async with one.connect("/chat", who=1), one.connect("/chat"):
            await until(lambda: there.count() == 2)
            first, second = one.server.hub.connections()
            first.join("board")
            second.join("board")
            await until(lambda: (there.online("board"), there.count("board")) == ([1], 2))
            first.leave("board")
            await until(lambda: (there.online("board"), there.count("board")) == ([], 1))
            assert there.online() == [1]
        await until(lambda: there.count("board") == 0)


async def test_session_that_is_ended_anywhere_closes_its_connections_everywhere(tmp_path: Path) -> None:
    """Signing out in one process ends the tabs that hang on another one."""
    channel = MemoryChannel()
    async with (
        serving(chat, tmp_path / "a", broadcast=MemoryBroadcast(channel)) as one,
        serving(chat, tmp_path / "b", broadcast=MemoryBroadcast(channel)) as two,
    ):
        mine, other = await two.connect("/chat", who=1), await two.connect("/chat", who=2)
        await one.connect("/chat")
        await until(lambda: len(channel.listeners) == 2)
        one.server.hub.end_session("session-1")
        assert await closed(mine) == (1008, "The session has ended.")
        await other.send("still here")
        assert await other.recv() == "welcome"
        await other.close()


async def test_backend_that_is_away_costs_nobody_here_a_message(tmp_path: Path) -> None:
    """Clients of this process go on talking; the others get it later."""
    channel = MemoryChannel()
    backend = Faulty(channel)
    async with (
        serving(chat, tmp_path / "a", broadcast=backend) as one,
        serving(chat, tmp_path / "b", broadcast=MemoryBroadcast(channel)) as two,
    ):
        async with one.connect("/chat") as near, two.connect("/chat") as far:
            assert [await near.recv(), await far.recv()] == ["welcome", "welcome"]
            await until(lambda: len(channel.listeners) == 2)
            backend.away = True
            one.server.broadcast("/chat", "hello")
            assert await near.recv() == "hello"
            backend.away = False
            assert await far.recv() == "hello"


async def test_gap_is_told_to_whoever_wants_to_know(tmp_path: Path) -> None:
    """A message that did not arrive is told with its number; also to who follows rows."""
    channel = MemoryChannel()
    backend = Faulty(channel)
    gaps: list[Gap] = []
    ears = Ears()
    async with (
        serving(chat, tmp_path / "a", broadcast=backend) as one,
        serving(chat, tmp_path / "b", broadcast=MemoryBroadcast(channel), on_gap=gaps.append) as two,
    ):
        async with one.connect("/chat"), two.connect("/chat") as far:
            two.server.hub.follower = ears
            await far.recv()
            await until(lambda: len(channel.listeners) == 2)
            one.server.broadcast("/chat", "first")
            assert await far.recv() == "first"
            backend.loses = True
            one.server.broadcast("/chat", "lost")
            await until(lambda: one.server.hub._relay is not None and not one.server.hub._relay._waiting)
            await asyncio.sleep(0.02)
            backend.loses = False
            one.server.broadcast("/chat", "third")
            assert await far.recv() == "third"
            await until(lambda: gaps)
    assert gaps[0].missed == 1
    assert ears.missed_count >= 1


async def test_process_that_has_fallen_silent_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was killed says no goodbye; its people are not online for ever."""
    monkeypatch.setattr(hub_module, "ALIVE_SECONDS", 0.1)
    hub = Hub()
    hub.connect(MemoryBroadcast())
    await hub.open()
    hub.presence.has(b"killed", [("", 5)], now=time.monotonic() - 60)
    assert hub.presence.online() == [5]
    await until(lambda: hub.presence.online() == [])
    await hub.close()


async def test_server_that_stops_says_goodbye_and_not_who_went(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One word for all of its people, whose connections are over in thousands at that moment."""
    said: list[int] = []
    async with serving(chat, tmp_path) as served:
        hub = served.server.hub
        clients = [await served.connect("/chat", who=who) for who in (1, 2, 3)]
        await until(lambda: hub.presence.online() == [1, 2, 3])
        monkeypatch.setattr(hub, "_say", lambda kind, *more: said.append(kind))
        await clients.pop().close()
        await until(lambda: hub.presence.online() == [1, 2])
        told = len(said)
        assert told > 0
        hub.close_all(1001)
        for client in clients:
            assert (await closed(client))[0] == 1001
        await until(lambda: hub.presence.online() == [])
        assert len(said) == told
