"""Django's asynchronous methods, which hand their work to a thread."""

from __future__ import annotations

from typing import Any

from django_tables import Item, Parent


class Models:
    """Managers and instances, awaited."""

    is_async = True

    async def open(self) -> None:
        pass

    async def get(self, key: int) -> Any:
        return await Item.objects.aget(pk=key)

    async def of_group(self, group: int) -> list[Any]:
        return [item async for item in Item.objects.filter(grp=group)]

    async def families(self) -> list[Any]:
        return [list(parent.children.all()) async for parent in Parent.objects.prefetch_related("children")]

    async def insert(self, values: dict[str, Any]) -> None:
        await Item.objects.acreate(**values)

    async def update(self, item: Any, score: float) -> None:
        item.score = score
        await item.asave(update_fields=["score"])

    async def delete(self, item: Any) -> None:
        await item.adelete()

    async def insert_many(self, many: list[dict[str, Any]]) -> None:
        await Item.objects.abulk_create([Item(**values) for values in many])
