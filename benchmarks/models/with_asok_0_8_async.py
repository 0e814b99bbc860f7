"""asok 0.8.0 under an event loop: its `_async` methods, and a thread for what has none."""

from __future__ import annotations

import asyncio
from typing import Any

from asok_tables import Item, Parent


class Models:
    """Class methods and instances, awaited."""

    is_async = True

    async def open(self) -> None:
        pass

    async def get(self, key: int) -> Any:
        return await Item.find_async(id=key)

    async def of_group(self, group: int) -> list[Any]:
        return await asyncio.to_thread(lambda: Item.where("grp", group).get())

    async def families(self) -> list[Any]:
        return await asyncio.to_thread(
            lambda: [parent.children for parent in Parent.query().with_("children").get()]
        )

    async def insert(self, values: dict[str, Any]) -> None:
        await Item.create_async(**values)

    async def update(self, item: Any, score: float) -> None:
        item.score = score
        await item.save_async()

    async def delete(self, item: Any) -> None:
        await item.delete_async()

    async def insert_many(self, many: list[dict[str, Any]]) -> None:
        def work() -> None:
            with Item.transaction():
                for values in many:
                    Item.create(**values)

        await asyncio.to_thread(work)
