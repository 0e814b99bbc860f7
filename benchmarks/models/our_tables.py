"""The tables as models of the pages face, and the database that they are kept in."""

from __future__ import annotations

import tables

from asok.orm import Field, Model, Relation
from asok_engine.database.databases import databases
from asok_engine.database.urls import parse_url

__all__ = ["Child", "Item", "Parent", "connect"]


class Item(Model):
    """A row without relations."""

    __tablename__ = "item"
    name = Field.Text()
    grp = Field.Integer()
    score = Field.Float()
    active = Field.Boolean()
    note = Field.Text(nullable=True)


class Parent(Model):
    """One of a hundred, with ten children."""

    __tablename__ = "parent"
    name = Field.Text()
    children: Relation.HasMany[Child] = Relation.HasMany("Child")


class Child(Model):
    """One of ten."""

    __tablename__ = "child"
    parent_id = Field.ForeignKey(Parent)
    title = Field.Text()
    qty = Field.Integer()


def connect() -> None:
    """Say where the tables are; connections are made at first use."""
    databases.configure({"default": parse_url(tables.URL)})
