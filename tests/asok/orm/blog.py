"""Models of a blog as an application writes them, and a store for them, for the tests of models."""

from __future__ import annotations

from collections.abc import Iterable

from asok.orm import relations as Relation
from asok.orm.model import Model
from asok_engine.database.databases import databases
from asok_engine.database.running import run_one
from asok_engine.database.urls import parse_url
from asok_engine.records.fields.moment import CreatedAt, SoftDelete, UpdatedAt
from asok_engine.records.fields.number import Boolean, Integer
from asok_engine.records.fields.reference import ForeignKey
from asok_engine.records.fields.secret import Encrypted, Password
from asok_engine.records.fields.structure import Vector
from asok_engine.records.fields.text import SearchableText, String, Text
from asok_engine.records.record import Record
from asok_engine.sql.metadata import create_statements
from asok_engine.sql.raw import Raw

__all__ = [
    "MODELS",
    "Account",
    "Comment",
    "Doc",
    "Note",
    "Person",
    "Post",
    "Remark",
    "Spot",
    "Tag",
    "create_tables",
    "empty_tables",
]


class Person(Model):
    """Somebody who writes and comments."""

    name = String(50)
    email = String(100, unique=True)
    age = Integer(nullable=True)
    is_admin = Boolean(default=False, protected=True)
    secret = String(50, default="", hidden=True)
    posts: Relation.HasMany[Post] = Relation.HasMany("Post")


class Post(Model):
    """A text."""

    title = String(100)
    body = Text(default="")
    views = Integer(default=0)
    live = Boolean(default=True)
    person_id = ForeignKey(Person, nullable=True, on_delete="CASCADE")
    created_at = CreatedAt()
    updated_at = UpdatedAt()
    comments: Relation.HasMany[Comment] = Relation.HasMany("Comment")
    tags: Relation.BelongsToMany[Tag] = Relation.BelongsToMany("Tag")

    @staticmethod
    def scope_popular(query, least=100):
        """Keep what many have read."""
        return query.where("views", ">=", least)


class Comment(Model):
    """What a reader says of a text."""

    text = String(200)
    post_id = ForeignKey(Post)
    person_id = ForeignKey(Person, nullable=True)


class Tag(Model):
    """A word for texts."""

    name = String(30, unique=True)
    posts: Relation.BelongsToMany[Post] = Relation.BelongsToMany("Post")


class Note(Model):
    """Something that is deleted softly."""

    text = String(100)
    rank = Integer(default=0)
    deleted_at = SoftDelete()


class Account(Model):
    """Has what a column must not show."""

    name = String(50)
    password = Password()
    token = Encrypted(nullable=True)


class Doc(Model):
    """Is found by words, and remarks can be made on it."""

    title = SearchableText()
    kind = String(10, default="a")
    remarks: Relation.MorphMany[Remark] = Relation.MorphMany("Remark", "subject")


class Spot(Model):
    """Is found by nearness; its table is made where the database has vectors, or holds their bytes."""

    title = String(20)
    kind = String(10, default="a")
    place = Vector(2, nullable=True)


class Remark(Model):
    """Is made on anything."""

    text = String(50)
    subject: Relation.MorphTo[Doc | Note] = Relation.MorphTo()


MODELS: tuple[type[Record], ...] = (Person, Post, Comment, Tag, Note, Account, Doc, Remark)


_TABLES = ("post_tag", "comments", "posts", "tags", "notes", "persons", "accounts", "docs", "remarks")


def create_tables(url: str, models: Iterable[type[Record]] = MODELS) -> None:
    """Configure the database of an address, and make the tables of models in it."""
    databases.configure({"default": parse_url(url)})
    tables = {}
    for model in models:
        tables[model.__description__.table.name] = model.__description__.table
        for relation in model.__description__.relations.values():
            tables |= {table.name: table for table in relation.tables()}
    for text in create_statements(tables.values(), databases["default"].dialect.spelling):
        run_one(Raw(text, returns="count", writes=True))


def empty_tables() -> None:
    """Delete all rows; keys go on counting."""
    for table in _TABLES:
        run_one(Raw(f"DELETE FROM {table}", returns="count", writes=True))
