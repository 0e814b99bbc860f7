"""Echo and broadcast as a bare ASGI callable: what a framework on uvicorn cannot do without."""

from __future__ import annotations

from typing import Any

room: set[Any] = set()


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "websocket":
        return
    await receive()
    await send({"type": "websocket.accept"})
    is_room = scope["path"] == "/room"
    if is_room:
        room.add(send)
    try:
        while (message := await receive())["type"] == "websocket.receive":
            if is_room:
                for each in list(room):
                    await each({"type": "websocket.send", "text": message["text"]})
            else:
                await send({"type": "websocket.send", "text": message["text"]})
    finally:
        room.discard(send)
