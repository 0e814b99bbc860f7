"""Signs of life go to pages that ask for them, as often as they ask, and to nobody else."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from asok_engine.realtime.limits import Limits
from asok_engine.realtime.server import SocketServer
from asok_engine.realtime.signs import PARAMETER, wanted_seconds
from asok_engine.wire.request import Request
from tests.engine.realtime.served import Exchange, closed, serving


@pytest.mark.parametrize(
    ("query", "seconds"),
    [("", None), ("page=1", None), ("_alive=2.5", 2.5), ("_alive=0", 1.0), ("_alive=9e9", 60.0)]
    + [(f"_alive={value}", None) for value in ("", "soon", "nan")],
)
def test_pages_say_how_often_within_bounds(query: str, seconds: float | None) -> None:
    """What is no number is no wish; none is faster than once a second."""
    exchange: Any = Exchange({"host": "localhost"})
    assert wanted_seconds(Request.from_exchange(exchange, "GET", "/", query)) == seconds


async def test_who_asks_is_sent_signs_and_who_does_not_is_not(tmp_path: Path) -> None:
    """They do not count as messages: a connection that is idle is closed all the same."""

    def register(server: SocketServer) -> None:
        async def on_message(conn: Any, message: str) -> None:
            conn.send(message)

        server.routes.on_message("/", on_message)

    async with serving(register, tmp_path, limits=Limits(idle_seconds=4)) as served:
        async with served.connect(f"/?{PARAMETER}=1") as asks, served.connect("/") as does_not:
            assert await asyncio.wait_for(asks.recv(), 5) == "\0"
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(does_not.recv(), 1.2)
            assert await asyncio.wait_for(asks.recv(), 5) == "\0"
            assert (await closed(asks, 10))[0] == 1000
        (station,) = served.server.hub._stations
        # The client has heard of the close before the server takes the connection out.
        async with asyncio.timeout(5):
            while station.signs:
                await asyncio.sleep(0.01)
