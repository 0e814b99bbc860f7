"""Echo and broadcast with ours: the same handlers alone and on uvicorn."""

from __future__ import annotations

import os
import tempfile
import threading
from pathlib import Path
from typing import Any

from asok import Asok, WebSocketServer
from asok_engine.realtime.limits import Limits

folder = Path(tempfile.mkdtemp(prefix="sockets-"))
(folder / "src/pages").mkdir(parents=True)
app = Asok(folder)
app.config.update(
    {
        "SECRET_KEY": "benchmark-benchmark-benchmark-benchmark",
        "APP_URL": "http://localhost",
        "ALLOWED_HOSTS": ["127.0.0.1"],
        "LOG_LEVEL": "ERROR",
        "WS_ADAPTER": os.environ.get("ADAPTER", "memory"),
        "RATE_LIMIT": False,
    }
)
# The rate is off for everyone.
ws = WebSocketServer(port=int(os.environ["PORT"]), limits=Limits(messages_per_second=None))


@ws.on("/")
async def echo(conn: Any, message: Any) -> None:
    conn.send(message)


@ws.on("/room")
async def say(conn: Any, message: Any) -> None:
    ws.broadcast("/room", message)


if __name__ == "__main__":
    app.startup()
    ws.start()
    threading.Event().wait()
