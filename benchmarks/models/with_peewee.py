"""peewee: one connection, children by `prefetch`, only changed fields written."""

from __future__ import annotations

from typing import Any

import peewee
import tables

if tables.is_sqlite():
    database = peewee.SqliteDatabase(tables.path())
else:
    database = peewee.PostgresqlDatabase(**tables.server())


class Table(peewee.Model):
    """What the classes share."""

    class Meta:
        database = database
        legacy_table_names = False
        only_save_dirty = True


class Item(Table):
    """A row without relations."""

    name = peewee.TextField()
    grp = peewee.IntegerField()
    score = peewee.DoubleField()
    active = peewee.BooleanField()
    note = peewee.TextField(null=True)


class Parent(Table):
    """One of a hundred, with ten children."""

    name = peewee.TextField()


class Child(Table):
    """One of ten."""

    parent = peewee.ForeignKeyField(Parent, backref="children")
    title = peewee.TextField()
    qty = peewee.IntegerField()


class Models:
    """Select queries and instances."""

    is_async = False

    def open(self) -> None:
        database.connect()

    def get(self, key: int) -> Any:
        return Item.get_by_id(key)

    def of_group(self, group: int) -> list[Any]:
        return list(Item.select().where(Item.grp == group))

    def families(self) -> list[Any]:
        return [parent.children for parent in peewee.prefetch(Parent.select(), Child.select())]

    def insert(self, values: dict[str, Any]) -> None:
        Item.create(**values)

    def update(self, item: Any, score: float) -> None:
        item.score = score
        item.save()

    def delete(self, item: Any) -> None:
        item.delete_instance()

    def insert_many(self, many: list[dict[str, Any]]) -> None:
        with database.atomic():
            Item.bulk_create([Item(**values) for values in many], batch_size=100)
