"""Echo and broadcast with asok 0.8."""

from __future__ import annotations

import os
import threading
from typing import Any

from asok import WebSocketServer

ws = WebSocketServer(
    port=int(os.environ["PORT"]), secret_key="benchmark-benchmark-benchmark-benchmark", max_connections=2000
)


@ws.on("/")
def echo(conn: Any, message: Any) -> None:
    conn.send(message)


@ws.on("/room")
def say(conn: Any, message: Any) -> None:
    ws.broadcast("/room", message)


ws.start()
threading.Event().wait()
