"""The server on a port of its own, as a whole."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from asok_engine.realtime.connection import Connection
from tests.engine.realtime.served import serving


async def test_stop_closes_everybody_with_1001_and_runs_their_handlers(tmp_path: Path) -> None:
    """A stop is quick, and every client learns that the server goes away."""
    left: list[int | None] = []

    def register(server: Any) -> None:
        server.routes.on_disconnect("/", lambda conn: left.append(conn.close_code))

    async with serving(register, tmp_path) as served:
        clients = [await served.connect() for _ in range(10)]
        began = time.monotonic()
        await served.server.stop_async()
        took = time.monotonic() - began
        for client in clients:
            await client.wait_closed()
            assert client.close_code == 1001
    assert left == [1001] * 10
    assert took < 2


async def test_client_that_holds_out_does_not_hold_up_the_stop(tmp_path: Path) -> None:
    """A client that answers no close frame, and a handler that sleeps, are left behind after a second."""

    def register(server: Any) -> None:
        async def sleeper(conn: Connection, message: Any) -> None:
            await asyncio.sleep(60)

        server.routes.on_message("/", sleeper)

    async with serving(register, tmp_path) as served:
        client = await served.connect()
        client.transport.pause_reading()
        other = await served.connect()
        await other.send("x")
        began = time.monotonic()
        await served.server.stop_async()
        assert time.monotonic() - began < 3
        client.transport.abort()


async def test_many_connect_at_once(tmp_path: Path) -> None:
    """Two hundred handshakes in one moment are all answered."""

    def register(server: Any) -> None:
        server.routes.on_connect("/", lambda conn: conn.send("welcome"))

    async with serving(register, tmp_path) as served:
        clients = await asyncio.gather(*(served.connect() for _ in range(200)))
        assert [await client.recv() for client in clients] == ["welcome"] * 200
        await asyncio.gather(*(client.close() for client in clients))


async def test_client_that_comes_back_at_once_is_not_let_into_a_server_that_ends(tmp_path: Path) -> None:
    """Who was just closed because of a restart shall meet the next process, not the one that goes."""

    def register(server: Any) -> None:
        server.routes.on_connect("/", lambda conn: None)

    async with serving(register, tmp_path) as served:
        client = await served.connect()
        served.server.end_connections()
        await client.wait_closed()
        with pytest.raises((OSError, InvalidStatus)):
            await served.connect()


def test_idle_connection_is_cheap(tmp_path: Path) -> None:
    """A silent client costs less than 40 kB; `benchmarks/sockets/scale.py idle` asks ten thousand."""
    program = (
        "import asyncio, sys\nfrom pathlib import Path\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "from tests.engine.realtime.served import serving\n"
        "def resident():\n"
        "    return int(next(l for l in open('/proc/self/status') if l.startswith('VmRSS')).split()[1])\n"
        "async def main():\n"
        "    def register(server):\n"
        "        server.routes.on_connect('/', lambda conn: None)\n"
        "    async with serving(register, Path(sys.argv[2])) as served:\n"
        "        async def raw():\n"
        "            reader, writer = await asyncio.open_connection('127.0.0.1', served.port)\n"
        "            writer.write(b'GET / HTTP/1.1\\r\\nHost: x\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n'\n"
        "                b'Sec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: MTIzNDU2Nzg5MDEyMzQ1Ng==\\r\\n'\n"
        "                b'Sec-WebSocket-Extensions: permessage-deflate\\r\\n\\r\\n')\n"
        "            assert b' 101 ' in await reader.readuntil(b'\\r\\n\\r\\n')\n"
        "            return writer\n"
        "        kept = [await raw() for _ in range(50)]\n"
        "        before = resident()\n"
        "        kept += [await raw() for _ in range(400)]\n"
        "        print((resident() - before) / 400)\n"
        "        for one in kept:\n            one.transport.abort()\n"
        "asyncio.run(main())\n"
    )
    root = str(Path(__file__).parents[3])
    run = subprocess.run(
        [sys.executable, "-c", program, root, str(tmp_path)], capture_output=True, text=True, check=True
    )
    # The client's end, a stream reader and writer, is in the same process and in the figure.
    assert float(run.stdout) < 40
