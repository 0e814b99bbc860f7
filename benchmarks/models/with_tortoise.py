"""Tortoise: asynchronous on both databases, over aiosqlite and asyncpg, children by `prefetch_related`."""

from __future__ import annotations

from typing import Any

import tables
from tortoise import Tortoise
from tortoise_tables import Item, Parent


class Models:
    """Query sets and instances, awaited."""

    is_async = True

    async def open(self) -> None:
        if tables.is_sqlite():
            url = f"sqlite://{tables.path()}?synchronous=NORMAL"
        else:
            url = tables.URL.replace("postgresql:", "asyncpg:") + "?minsize=8&maxsize=8"
        await Tortoise.init(db_url=url, modules={"models": ["tortoise_tables"]}, _enable_global_fallback=True)

    async def get(self, key: int) -> Any:
        return await Item.get(id=key)

    async def of_group(self, group: int) -> list[Any]:
        return await Item.filter(grp=group)

    async def families(self) -> list[Any]:
        return [list(parent.children) for parent in await Parent.all().prefetch_related("children")]

    async def insert(self, values: dict[str, Any]) -> None:
        await Item.create(**values)

    async def update(self, item: Any, score: float) -> None:
        item.score = score
        await item.save(update_fields=["score"])

    async def delete(self, item: Any) -> None:
        await item.delete()

    async def insert_many(self, many: list[dict[str, Any]]) -> None:
        await Item.bulk_create([Item(**values) for values in many])
