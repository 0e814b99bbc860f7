"""BlackSheep with Piccolo, and orjson as its documentation suggests."""

from __future__ import annotations

from typing import Any

import orjson
from blacksheep import Application, Response, get, json
from blacksheep.settings.json import json_settings
from piccolo.columns import Boolean, Integer, Real, Serial, Text
from piccolo.engine.postgres import PostgresEngine
from piccolo.engine.sqlite import SQLiteEngine
from piccolo.table import Table
from rows import IS_SQLITE, PATH, QUERIES, URL, key

json_settings.use(loads=orjson.loads, dumps=lambda value: orjson.dumps(value).decode())
engine: Any = SQLiteEngine(path=PATH) if IS_SQLITE else PostgresEngine(config={"dsn": URL})
app = Application()


class Item(Table, tablename="item", db=engine):
    """A row."""

    id = Serial(primary_key=True)
    name = Text()
    grp = Integer()
    score = Real()
    active = Boolean()
    note = Text(null=True)


@app.on_start
async def start(application: Application) -> None:
    if not IS_SQLITE:
        await engine.start_connection_pool(min_size=8, max_size=16)


async def one() -> dict[str, Any]:
    item: Any = await Item.objects().get(Item.id == key())
    return {"id": item.id, "name": item.name, "grp": item.grp}


@get("/row")
async def row() -> Response:
    return json(await one())


@get("/rows")
async def rows() -> Response:
    return json([await one() for _ in range(QUERIES)])
