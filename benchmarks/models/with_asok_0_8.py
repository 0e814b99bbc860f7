"""asok 0.8.0: children by `with_`; it has no bulk insert, so a thousand rows are one transaction."""

from __future__ import annotations

from typing import Any

from asok_tables import Item, Parent


class Models:
    """Class methods and instances."""

    is_async = False

    def open(self) -> None:
        pass

    def get(self, key: int) -> Any:
        return Item.find(id=key)

    def of_group(self, group: int) -> list[Any]:
        return Item.where("grp", group).get()

    def families(self) -> list[Any]:
        return [parent.children for parent in Parent.query().with_("children").get()]

    def insert(self, values: dict[str, Any]) -> None:
        Item.create(**values)

    def update(self, item: Any, score: float) -> None:
        item.score = score
        item.save()

    def delete(self, item: Any) -> None:
        item.delete()

    def insert_many(self, many: list[dict[str, Any]]) -> None:
        with Item.transaction():
            for values in many:
                Item.create(**values)
