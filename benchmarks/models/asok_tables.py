"""The tables as models of asok 0.8.0, for its plain and its asynchronous adapter."""

from __future__ import annotations

import os

import tables

os.environ.update(
    SECRET_KEY="benchmarks-and-nothing-else-0123456789-0123456789", DATABASE_URL=tables.URL, LOG_LEVEL="ERROR"
)

from asok import Field, Model, Relation  # noqa: E402


class Item(Model):
    """A row without relations."""

    _table = __tablename__ = "item"
    name = Field.Text()
    grp = Field.Integer()
    score = Field.Float()
    active = Field.Boolean()
    note = Field.Text(nullable=True)


class Child(Model):
    """One of ten."""

    _table = __tablename__ = "child"
    parent_id = Field.Integer()
    title = Field.Text()
    qty = Field.Integer()


class Parent(Model):
    """One of a hundred, with ten children."""

    _table = __tablename__ = "parent"
    name = Field.Text()
    children = Relation.HasMany("Child", foreign_key="parent_id")
