"""Models of a library of texts as an API writes them, and a store for them, for the tests of models."""

from __future__ import annotations

import enum
import uuid
from collections.abc import Iterable

from aksara import fields
from aksara.models import CheckConstraint, Index, Model, SoftDeleteModel
from aksara.queries import Manager, QuerySet
from aksara.relations import RelatedManager
from asok_engine.database.databases import databases
from asok_engine.database.running import run_one
from asok_engine.database.urls import parse_url
from asok_engine.records.record import Record
from asok_engine.sql.metadata import create_statements
from asok_engine.sql.raw import Raw

__all__ = [
    "MODELS",
    "Author",
    "Genre",
    "Label",
    "Loan",
    "Note",
    "Profile",
    "Remark",
    "Review",
    "Sticker",
    "Team",
    "Writing",
    "WritingLabel",
    "create_tables",
    "empty_tables",
]


class Genre(enum.Enum):
    """What a text is."""

    NOVEL = "novel"
    ESSAY = "essay"


class Team(Model):
    """Authors that work together."""

    name = fields.String(max_length=50, unique=True)
    authors: RelatedManager[Author]


class Author(Model):
    """Somebody who writes."""

    name = fields.String(max_length=50)
    email = fields.Email(unique=True)
    age = fields.Integer(nullable=True, min_value=0)
    team = fields.ForeignKey(Team, related_name="authors", nullable=True, on_delete="SET_NULL")
    team_id: uuid.UUID | None
    writings: RelatedManager[Writing]
    reviews: RelatedManager[Review]

    class Meta:
        ordering = ["name"]


class Profile(Model):
    """What is told of an author."""

    author = fields.OneToOne(Author, related_name="profile")
    text = fields.Text(default="")


class Label(Model):
    """A word for texts."""

    name = fields.String(max_length=30, unique=True)
    writings: RelatedManager[Writing]


class WritingSet(QuerySet["Writing"]):
    """Texts, with words of their own."""

    def popular(self, least: int = 100) -> WritingSet:
        """Keep what many have read."""
        return self.filter(views__gte=least)


class Writing(Model):
    """A text."""

    title = fields.String(max_length=100)
    slug = fields.Slug(auto_from="title", unique=True)
    body = fields.Text(default="")
    views = fields.Integer(default=0, db_index=True)
    live = fields.Boolean(default=True)
    price = fields.Decimal(max_digits=8, decimal_places=2, default=0)
    genre = fields.Enum(Genre, default=Genre.NOVEL)
    facts = fields.JSON(default=dict)
    written_on = fields.Date(nullable=True)
    out_at = fields.DateTime(nullable=True)
    author = fields.ForeignKey(Author, related_name="writings")
    author_id: uuid.UUID
    editor = fields.ForeignKey(Author, related_name="edited", nullable=True, on_delete="SET_NULL")
    labels = fields.ManyToMany(Label, related_name="writings", through="WritingLabel")
    readers = fields.ManyToMany(Author, related_name="shelf")
    reviews: RelatedManager[Review]

    objects = Manager(WritingSet)

    class Meta:
        table_name = "writings"
        unique_together = [("title", "author")]
        indexes = [Index(("author", "-views"))]
        constraints = [CheckConstraint("views >= 0", "views_count_up")]


class WritingLabel(Model):
    """A word on a text, and how well it fits."""

    writing = fields.ForeignKey(Writing, related_name="+")
    label = fields.ForeignKey(Label, related_name="+")
    weight = fields.Integer(default=1)


class Review(Model):
    """What a reader says of a text."""

    text = fields.String(max_length=200)
    stars = fields.Integer(default=3)
    writing = fields.ForeignKey(Writing, related_name="reviews")
    author = fields.ForeignKey(Author, related_name="reviews", nullable=True, on_delete="PROTECT")


class Remark(Model):
    """A word about anything."""

    text = fields.String(max_length=100)
    about = fields.GenericForeignKey()


class Note(SoftDeleteModel):
    """Something that is deleted softly."""

    text = fields.String(max_length=100)


class Loan(Model):
    """A text that is away, under a key of its own."""

    code = fields.String(max_length=10, primary_key=True)
    days = fields.PositiveInteger(default=7)


class Sticker(Model):
    """Something that may belong to a team."""

    name = fields.String(max_length=20)
    team = fields.ForeignKey("Team", related_name="stickers", nullable=True)


MODELS: tuple[type[Record], ...] = (
    Team,
    Author,
    Profile,
    Label,
    Writing,
    WritingLabel,
    Review,
    Remark,
    Note,
    Loan,
    Sticker,
)


def create_tables(url: str, models: Iterable[type[Record]] = MODELS) -> None:
    """Configure the database of an address, and make the tables of models in it."""
    databases.configure({"default": parse_url(url)})
    tables = {}
    for model in models:
        tables[model.__description__.table.name] = model.__description__.table
        for relation in model.__description__.relations.values():
            tables |= {table.name: table for table in relation.tables()}
    for text in create_statements(tables.values(), databases["default"].dialect.name):
        run_one(Raw(text, returns="count", writes=True))


def empty_tables() -> None:
    """Delete all rows."""
    for table in (
        "remarks",
        "reviews",
        "writing_labels",
        "author_writing",
        "writings",
        "labels",
        "profiles",
        "authors",
        "stickers",
        "teams",
        "notes",
        "loans",
    ):
        run_one(Raw(f"DELETE FROM {table}", returns="count", writes=True))
