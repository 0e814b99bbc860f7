"""The tables as models of Tortoise, in a module of their own because it looks them up by name."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model


class Item(Model):
    """A row without relations."""

    id = fields.IntField(primary_key=True)
    name = fields.TextField()
    grp = fields.IntField()
    score = fields.FloatField()
    active = fields.BooleanField()
    note = fields.TextField(null=True)

    class Meta:
        table = "item"


class Parent(Model):
    """One of a hundred, with ten children."""

    id = fields.IntField(primary_key=True)
    name = fields.TextField()

    class Meta:
        table = "parent"


class Child(Model):
    """One of ten."""

    id = fields.IntField(primary_key=True)
    parent = fields.ForeignKeyField("models.Parent", related_name="children")
    title = fields.TextField()
    qty = fields.IntField()

    class Meta:
        table = "child"
