"""Broadcasts, presence and sessions over several processes, here several hubs on one channel."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from asok_engine.backends.broadcast.contract import Gap
from asok_engine.backends.broadcast.memory import MemoryBroadcast, MemoryChannel
from asok_engine.realtime.connection import Connection
from asok_engine.realtime.hub import Hub
from tests.engine.realtime.served import closed, serving
from tests.engine.realtime.test_relay import Faulty


def chat(server: Any) -> None:
    async def handler(conn: Connection, message: str) -> None:
        server.broadcast("/chat", message, exclude=conn)

    server.routes.on_message("/chat", handler)
    server.routes.on_connect("/chat", lambda conn: conn.send("welcome") if conn.join("r") else None)


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
    """A message that did not arrive is told with its number."""
    channel = MemoryChannel()
    backend = Faulty(channel)
    gaps: list[Gap] = []
    async with (
        serving(chat, tmp_path / "a", broadcast=backend) as one,
        serving(chat, tmp_path / "b", broadcast=MemoryBroadcast(channel), on_gap=gaps.append) as two,
    ):
        async with one.connect("/chat"), two.connect("/chat") as far:
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
