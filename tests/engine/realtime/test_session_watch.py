"""Sessions that end while their connections are open."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from asok_engine.errors import BackendUnavailable
from asok_engine.realtime.connection import Identity
from asok_engine.realtime.session_watch import SessionWatch
from tests.engine.realtime.served import People, User, closed, serving


def quiet(server: Any) -> None:
    server.routes.on_connect("/", lambda conn: conn.send("welcome"))


def errors_of(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """Give the errors alone: libraries may have more to say."""
    return [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_connection_of_an_ended_session_is_closed_within_five_seconds(tmp_path: Path) -> None:
    """Signed out, revoked or run out: whoever did it, the sockets go too; others stay (case 114)."""
    people = People()
    async with serving(quiet, tmp_path, authenticator=people) as served:
        mine, other = await served.connect(who=1), await served.connect(who=2)
        await mine.recv()
        people.dead.add("session-1")
        began = time.monotonic()
        assert await closed(mine, 6) == (1008, "The session has ended.")
        assert time.monotonic() - began < 5
        assert await other.recv() == "welcome"
        await other.close()


async def test_people_are_renewed_and_those_who_may_not_be_here_leave(tmp_path: Path) -> None:
    """Everybody hears who their person is now, in every tab; a guest is asked about nothing."""
    people = People()

    def named(server: Any) -> None:
        server.routes.on_message("/", lambda conn, message: conn.send(str(conn.user and conn.user.name)))

    async with serving(named, tmp_path) as served:
        clients: list[Any] = [await served.connect(who=who) for who in (1, 1, 2)]
        clients.append(await served.connect())
        people.changed = {1: User(1, "Ada, renewed"), 2: None}
        watch = SessionWatch(served.server.hub, people, served.server.call)
        await watch.look()
        assert await closed(clients.pop(2)) == (1008, "The session has ended.")
        for client, name in zip(clients, ("Ada, renewed", "Ada, renewed", "None"), strict=True):
            await client.send("?")
            assert await client.recv() == name
            await client.close()


async def test_rooms_that_were_joined_with_a_right_are_left_with_it(tmp_path: Path) -> None:
    """The authorizer is asked again in a thread when somebody has changed, and about nobody else."""
    people, asked = People(), []

    def may_join(conn: Any, room: str) -> bool:
        asked.append((conn.user.id, room, threading.current_thread() is threading.main_thread()))
        return room == "lobby" or "boss" in conn.user.name

    def rooms(server: Any) -> None:
        server.routes.on_message("/", lambda conn, message: conn.send(str(conn.join(message))))

    people.changed = {1: User(1, "boss"), 2: User(2, "boss")}
    async with serving(rooms, tmp_path, may_join=may_join) as served:
        server = served.server
        one, two = await served.connect(who=1), await served.connect(who=2)
        watch = SessionWatch(server.hub, people, server.call)
        await watch.look()
        for client in (one, two):
            for room in ("lobby", "office"):
                await client.send(room)
                assert await client.recv() == "True"
        people.changed = {1: User(1, "Ada")}
        asked.clear()
        await watch.look()
        async with asyncio.timeout(5):
            while server.hub.presence.is_online(1, "office"):
                await asyncio.sleep(0.01)
        assert sorted(asked) == [(1, "lobby", False), (1, "office", False)]
        server.broadcast_to("office", "secret")
        server.broadcast_to("lobby", "hello")
        assert [await one.recv(), await two.recv(), await two.recv()] == ["hello", "secret", "hello"]
        await one.send("office")
        assert await one.recv() == "False"
        await one.close()
        await two.close()


async def test_mistake_in_what_tells_people_does_not_end_the_watch(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged with its traceback, and the next session that ends is seen."""
    people = People()
    real = people.people_now

    async def broken(identities: Any) -> Any:
        raise ZeroDivisionError

    async with serving(quiet, tmp_path) as served, served.connect(who=1) as client:
        await client.recv()
        people.people_now = broken  # type: ignore[method-assign]
        watch = asyncio.ensure_future(
            SessionWatch(served.server.hub, people, served.server.call, every_seconds=0.01).run()
        )
        with caplog.at_level(logging.ERROR, "asok.websocket"):
            await asyncio.sleep(0.1)
        assert [record.exc_info is not None for record in errors_of(caplog)] == [True]
        people.people_now = real  # type: ignore[method-assign]
        people.dead.add("session-1")
        assert (await closed(client))[0] == 1008
        watch.cancel()


async def test_store_that_is_away_closes_nobody_and_is_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Not to know is no reason to throw everybody out; it is a reason for a line."""

    class Away(People):
        async def ended(self, identities: Collection[Identity]) -> Collection[Identity]:
            raise BackendUnavailable("Redis is away.")

    async with serving(quiet, tmp_path) as served, served.connect(who=1) as client:
        await client.recv()
        watch = asyncio.ensure_future(
            SessionWatch(served.server.hub, Away(), served.server.call, every_seconds=0.01).run()
        )
        with caplog.at_level(logging.ERROR, "asok.websocket"):
            await asyncio.sleep(0.1)
        watch.cancel()
        assert len(errors_of(caplog)) == 1
        await client.ping()
