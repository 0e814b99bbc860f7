"""Echo and broadcast with the `websockets` library alone: what a handler cannot do without."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import uvloop
from websockets.asyncio.server import broadcast, serve

room: set[Any] = set()


async def handle(socket: Any) -> None:
    if socket.request.path == "/room":
        room.add(socket)
        try:
            async for message in socket:
                broadcast(room, message)
        finally:
            room.discard(socket)
        return
    async for message in socket:
        await socket.send(message)


async def main() -> None:
    async with serve(handle, "127.0.0.1", int(os.environ["PORT"]), compression=None):
        await asyncio.get_running_loop().create_future()


uvloop.run(main())
