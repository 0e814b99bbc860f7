"""The limit: the driver alone in a plain ASGI function; sqlite3 on the event loop, asyncpg with its pool."""

from __future__ import annotations

import sqlite3
from typing import Any

import asyncpg
import msgspec
from rows import IS_SQLITE, PATH, QUERIES, URL, key

encode = msgspec.json.Encoder().encode
pool: Any = None
link = sqlite3.connect(PATH, isolation_level=None) if IS_SQLITE else None


def _as_json(row: Any) -> dict[str, Any]:
    return {"id": row[0], "name": row[1], "grp": row[2]}


async def _rows(count: int) -> list[dict[str, Any]]:
    if link is not None:
        text = "SELECT id, name, grp, score, active, note FROM item WHERE id = ?"
        return [_as_json(link.execute(text, (key(),)).fetchone()) for _ in range(count)]
    text = "SELECT id, name, grp, score, active, note FROM item WHERE id = $1"
    async with pool.acquire() as connection:
        return [_as_json(await connection.fetchrow(text, key())) for _ in range(count)]


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer an ASGI call."""
    global pool
    if scope["type"] == "lifespan":
        await receive()
        if not IS_SQLITE:
            pool = await asyncpg.create_pool(URL, min_size=8, max_size=16)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    if scope["path"] == "/row":
        body = encode((await _rows(1))[0])
    else:
        body = encode(await _rows(QUERIES))
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
