"""The broadcast over PostgreSQL when the database goes away and comes back."""

from __future__ import annotations

import asyncio
import secrets

import pytest

from asok_engine.backends.broadcast.contract import Gap
from asok_engine.backends.broadcast.postgres import PostgresBroadcast
from asok_engine.errors import BackendUnavailable
from tests import servers


async def test_terminated_connections_come_back_and_tell_a_gap(
    postgres_url: str, postgres_server: servers.PostgresProcess
) -> None:
    """After pg_terminate_backend of everything, a gap is told and messages arrive again."""
    import psycopg

    heard: asyncio.Queue[bytes] = asyncio.Queue()
    gaps: asyncio.Queue[Gap] = asyncio.Queue()
    broadcast = PostgresBroadcast(postgres_url, f"test_{secrets.token_hex(4)}")
    await broadcast.open(heard.put_nowait, gaps.put_nowait)
    await broadcast.publish(b"before")
    assert await asyncio.wait_for(heard.get(), 5) == b"before"
    with psycopg.connect(postgres_url, autocommit=True) as link:
        link.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert "lost" in (await asyncio.wait_for(gaps.get(), 5)).reason
    async with asyncio.timeout(5):
        while heard.empty():
            try:
                await broadcast.publish(b"after")
            except BackendUnavailable:
                pass
            await asyncio.sleep(0.05)
    assert heard.get_nowait() == b"after"
    await broadcast.close()


async def test_parts_that_began_before_we_listened_are_dropped(postgres_url: str) -> None:
    """Half a message is none, and the next whole one arrives."""
    import psycopg

    heard: asyncio.Queue[bytes] = asyncio.Queue()
    channel = f"test_{secrets.token_hex(4)}"
    broadcast = PostgresBroadcast(postgres_url, channel)
    await broadcast.open(heard.put_nowait, lambda gap: None)
    with psycopg.connect(postgres_url, autocommit=True) as link:
        link.execute("SELECT pg_notify(%s, %s)", (channel, "other.1 1 2 c2Vjb25k"))
    await broadcast.publish(b"whole")
    assert await asyncio.wait_for(heard.get(), 5) == b"whole"
    await broadcast.close()


async def test_publishing_without_a_database_fails_aloud(free_port: int) -> None:
    """The error names the address, without its password, and opening does not hold up the start."""
    broadcast = PostgresBroadcast(f"postgresql://me:secret-word@127.0.0.1:{free_port}/none", "test")
    await asyncio.wait_for(broadcast.open(lambda message: None, lambda gap: None), 5)
    with pytest.raises(BackendUnavailable) as caught:
        await broadcast.publish(b"unheard")
    assert "secret-word" not in str(caught.value)
    await broadcast.close()
