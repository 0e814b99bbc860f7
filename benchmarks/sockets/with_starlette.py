"""Echo and broadcast with Starlette."""

from __future__ import annotations

from typing import Any

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

room: set[Any] = set()


async def echo(socket: WebSocket) -> None:
    await socket.accept()
    try:
        while True:
            await socket.send_text(await socket.receive_text())
    except WebSocketDisconnect:
        return


async def say(socket: WebSocket) -> None:
    await socket.accept()
    room.add(socket)
    try:
        while True:
            message = await socket.receive_text()
            for each in list(room):
                await each.send_text(message)
    except WebSocketDisconnect:
        room.discard(socket)


app = Starlette(routes=[WebSocketRoute("/", echo), WebSocketRoute("/room", say)])
