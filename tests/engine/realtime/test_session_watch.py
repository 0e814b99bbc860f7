"""Sessions that end while their connections are open."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from asok_engine.errors import BackendUnavailable
from asok_engine.realtime.connection import Identity
from asok_engine.realtime.session_watch import SessionWatch
from tests.engine.realtime.served import People, closed, serving


def quiet(server: Any) -> None:
    server.routes.on_connect("/", lambda conn: conn.send("welcome"))


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


async def test_all_sessions_are_asked_for_at_once_and_each_once(tmp_path: Path) -> None:
    """Ten tabs of one person are one question, and strangers are none."""
    asked: list[list[str]] = []

    class Counting(People):
        async def ended(self, identities: Collection[Identity]) -> Collection[Identity]:
            asked.append(sorted(identity.key for identity in identities))
            return ()

    async with serving(quiet, tmp_path, authenticator=Counting()) as served:
        clients: list[Any] = [await served.connect(who=who) for who in (1, 1, 1, 2)]
        clients.append(await served.connect())
        for client in clients:
            await client.recv()
        await SessionWatch(served.server.hub, Counting()).look()
        for client in clients:
            await client.close()
    assert asked[0] == ["session-1", "session-2"]


async def test_store_that_is_away_closes_nobody_and_is_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Not to know is no reason to throw everybody out; it is a reason for a line."""

    class Away(People):
        async def ended(self, identities: Collection[Identity]) -> Collection[Identity]:
            raise BackendUnavailable("Redis is away.")

    async with serving(quiet, tmp_path) as served, served.connect(who=1) as client:
        await client.recv()
        watch = asyncio.ensure_future(SessionWatch(served.server.hub, Away(), every_seconds=0.01).run())
        with caplog.at_level(logging.ERROR, "asok.websocket"):
            await asyncio.sleep(0.1)
        watch.cancel()
        assert [record.levelname for record in caplog.records] == ["ERROR"]
        await client.ping()
