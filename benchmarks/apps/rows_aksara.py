"""aksara-framework 0.7.2 with its own models, on the table with UUID keys that those must have."""

from __future__ import annotations

import logging
import uuid
from typing import Any

from pydantic import BaseModel
from rows import QUERIES, URL, key

from aksara import Aksara, Model, fields
from aksara.conf import Settings, configure

logging.disable(logging.INFO)
configure(Settings(database_url=URL, debug=False))
app = Aksara(database_url=URL, min_pool_size=8, max_pool_size=16, enable_admin=False, debug=False)


class Item(Model):
    """A row."""

    name = fields.Text()
    grp = fields.Integer()
    score = fields.Float()
    active = fields.Boolean()
    note = fields.Text(nullable=True)

    class Meta:
        table_name = "wide_item"


class Row(BaseModel):
    """One row."""

    id: uuid.UUID
    name: str
    grp: int


async def one() -> dict[str, Any]:
    item = await Item.objects.get(id=uuid.UUID(int=key()))
    return {"id": item.id, "name": item.name, "grp": item.grp}


@app.get("/row")
async def row() -> Row:
    return await one()


@app.get("/rows")
async def rows() -> list[Row]:
    return [await one() for _ in range(QUERIES)]
