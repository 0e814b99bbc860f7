"""Ours on an event loop: the `_async` twins of the same deeds."""

from __future__ import annotations

from typing import Any

from our_tables import Item, Parent, connect


class Models:
    """Class methods and records, awaited."""

    is_async = True

    async def open(self) -> None:
        connect()

    async def get(self, key: int) -> Any:
        return await Item.find_async(key)

    async def of_group(self, group: int) -> list[Any]:
        return await Item.where(Item.grp == group).all_async()

    async def families(self) -> list[Any]:
        return [parent.children for parent in await Parent.with_("children").all_async()]

    async def insert(self, values: dict[str, Any]) -> None:
        await Item.create_async(**values)

    async def update(self, item: Any, score: float) -> None:
        item.score = score
        await item.save_async()

    async def delete(self, item: Any) -> None:
        await item.delete_async()

    async def insert_many(self, many: list[dict[str, Any]]) -> None:
        await Item.bulk_create_async(many)
