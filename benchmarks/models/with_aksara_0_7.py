"""aksara-framework 0.7.2, on PostgreSQL only.

Its keys are UUIDs and every table has two timestamps, so it has wider tables of its
own. It prefetches many-to-many relations only; children are a second query by hand.
"""

from __future__ import annotations

import logging
import uuid
from typing import Any

import tables
from aksara.db import Database
from aksara.model.base import finalize_relations

from aksara import Model, fields

logging.disable(logging.INFO)


class Item(Model):
    """A row without relations."""

    name = fields.Text()
    grp = fields.Integer()
    score = fields.Float()
    active = fields.Boolean()
    note = fields.Text(nullable=True)

    class Meta:
        table_name = "wide_item"


class Parent(Model):
    """One of a hundred, with ten children."""

    name = fields.Text()

    class Meta:
        table_name = "wide_parent"


class Child(Model):
    """One of ten."""

    parent = fields.ForeignKey("Parent", on_delete="CASCADE", related_name="children")
    title = fields.Text()
    qty = fields.Integer()

    class Meta:
        table_name = "wide_child"


class Models:
    """Managers and instances, awaited."""

    is_async = True

    async def open(self) -> None:
        await Database(tables.URL, min_size=8, max_size=8).connect()
        finalize_relations()

    def key(self, number: int) -> uuid.UUID:
        return uuid.UUID(int=number)

    async def get(self, key: uuid.UUID) -> Any:
        return await Item.objects.get(id=key)

    async def of_group(self, group: int) -> list[Any]:
        return await Item.objects.filter(grp=group).all()

    async def families(self) -> list[Any]:
        found: dict[Any, list[Any]] = {parent.id: [] for parent in await Parent.objects.all()}
        for child in await Child.objects.filter(parent__in=list(found)).all():
            found[child.parent_id].append(child)
        return list(found.values())

    async def insert(self, values: dict[str, Any]) -> None:
        await Item.objects.create(**values)

    async def update(self, item: Any, score: float) -> None:
        item.score = score
        await item.save()

    async def delete(self, item: Any) -> None:
        await item.delete()

    async def insert_many(self, many: list[dict[str, Any]]) -> None:
        await Item.objects.bulk_create([Item(**values) for values in many])
