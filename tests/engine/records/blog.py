"""Models of a blog, for the tests of records."""

from __future__ import annotations

from datetime import datetime

from asok_engine.records.fields.moment import DateTime
from asok_engine.records.fields.number import Boolean, Integer
from asok_engine.records.fields.reference import ForeignKey
from asok_engine.records.fields.text import String, Text
from asok_engine.records.record import Record
from asok_engine.records.relations.belongs_to import BelongsTo
from asok_engine.records.relations.has import HasMany, HasOne
from asok_engine.records.relations.many_to_many import ManyToMany
from tests.engine.records.driver import Driver


class Author(Record):
    """Somebody who writes."""

    id: int
    name = String(50)
    posts = HasMany["list[Post]"]("Post")
    profile = HasOne["Profile | None"]("Profile")


class Profile(Record):
    """What an author says of herself."""

    id: int
    author_id = ForeignKey(Author)
    bio = Text(default="")
    author: BelongsTo[Author]


class Post(Record):
    """A text."""

    id: int
    title = String(100)
    views = Integer(default=0)
    live = Boolean(default=True)
    at = DateTime[datetime](auto_now_add=True)
    author_id = ForeignKey("Author", nullable=True)
    author: BelongsTo[Author | None]
    comments = HasMany["list[Comment]"]("Comment")
    tags = ManyToMany["list[Tag]"]("Tag")


class Comment(Record):
    """What a reader says of a text."""

    id: int
    post_id = ForeignKey(Post)
    author_id = ForeignKey(Author, nullable=True)
    text = Text()
    post: BelongsTo[Post]


class Tag(Record):
    """A word for texts."""

    id: int
    name = String(30, unique=True)
    posts = ManyToMany["list[Post]"]("Post")


def blog() -> Driver:
    """Make the tables, and a few rows: Ada has posts 1 and 3, Bob has 2, nobody has 4."""
    driver = Driver(Author, Profile, Post, Comment, Tag)
    ada, bob = driver.save(Author(name="Ada"), Author(name="Bob"))
    driver.save(Profile(author=ada, bio="counts"))
    for number, author in enumerate((ada, bob, ada, None), 1):
        driver.save(Post(title=f"Post {number}", views=number * 10, author=author, live=number != 2))
    driver.save(Comment(post_id=1, text="good", author=bob), Comment(post_id=1, text="bad"))
    driver.save(Comment(post_id=2, text="bad", author=ada))
    driver.save(Tag(name="python"), Tag(name="sql"))
    driver.connection.executescript("INSERT INTO post_tag VALUES (1, 1), (1, 2), (3, 1);")
    driver.texts.clear()
    return driver
