"""Ours, plain: models of the pages face, children by `with_`, only changed columns written."""

from __future__ import annotations

from typing import Any

from our_tables import Item, Parent, connect


class Models:
    """Class methods and records."""

    is_async = False

    def open(self) -> None:
        connect()

    def get(self, key: int) -> Any:
        return Item.find(key)

    def of_group(self, group: int) -> list[Any]:
        return Item.where(Item.grp == group).all()

    def families(self) -> list[Any]:
        return [parent.children for parent in Parent.with_("children").all()]

    def insert(self, values: dict[str, Any]) -> None:
        Item.create(**values)

    def update(self, item: Any, score: float) -> None:
        item.score = score
        item.save()

    def delete(self, item: Any) -> None:
        item.delete()

    def insert_many(self, many: list[dict[str, Any]]) -> None:
        Item.bulk_create(many)
