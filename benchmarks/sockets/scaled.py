"""The handlers that `scale.py` serves: an echo, and a room that also tells of gaps."""

from __future__ import annotations

import os
import tempfile
import threading
from pathlib import Path
from typing import Any

from asok import Asok, WebSocketServer
from asok_engine.realtime.limits import Limits

folder = Path(os.environ.get("ROOT") or tempfile.mkdtemp(prefix="sockets-"))
(folder / "src/pages").mkdir(parents=True, exist_ok=True)
app = Asok(folder)
app.config.update(
    {
        "SECRET_KEY": "benchmark-benchmark-benchmark-benchmark",
        "APP_URL": "http://localhost",
        "ALLOWED_HOSTS": ["127.0.0.1"],
        "LOG_LEVEL": "CRITICAL",
        "RATE_LIMIT": False,
    }
)
ws = WebSocketServer(
    port=int(os.environ["PORT"]),
    limits=Limits(max_connections=20_000, ping_seconds=300, messages_per_second=None),
)


@ws.on("/")
async def echo(conn: Any, message: Any) -> None:
    conn.send(message)


@ws.on("/room")
async def say(conn: Any, message: Any) -> None:
    ws.broadcast("/room", message)


@ws.on_gap
def tell(gap: Any) -> None:
    for conn in ws.connections("/room"):
        conn.send(f"gap: {gap.reason}")


if __name__ == "__main__":
    app.startup()
    ws.start()
    threading.Event().wait()
