"""Django's ORM: a connection that stays, children by `prefetch_related`, updates of the changed field."""

from __future__ import annotations

from typing import Any

from django_tables import Item, Parent


class Models:
    """Managers and instances."""

    is_async = False

    def open(self) -> None:
        pass

    def get(self, key: int) -> Any:
        return Item.objects.get(pk=key)

    def of_group(self, group: int) -> list[Any]:
        return list(Item.objects.filter(grp=group))

    def families(self) -> list[Any]:
        return [list(parent.children.all()) for parent in Parent.objects.prefetch_related("children")]

    def insert(self, values: dict[str, Any]) -> None:
        Item.objects.create(**values)

    def update(self, item: Any, score: float) -> None:
        item.score = score
        item.save(update_fields=["score"])

    def delete(self, item: Any) -> None:
        item.delete()

    def insert_many(self, many: list[dict[str, Any]]) -> None:
        Item.objects.bulk_create([Item(**values) for values in many])
