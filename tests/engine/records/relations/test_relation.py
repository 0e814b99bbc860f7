"""Relations find their targets by class, name or function, and are bound to each model."""

from __future__ import annotations

import pytest

from asok_engine.errors import SetupError
from asok_engine.records.fields.reference import ForeignKey
from asok_engine.records.record import Record
from asok_engine.records.relations.belongs_to import BelongsTo
from asok_engine.records.relations.has import HasMany
from asok_engine.records.relations.relation import Relation, alias_for, resolve_target
from asok_engine.sql.sources import Source
from tests.engine.records.blog import Author, Post


def test_target_is_a_class_a_name_or_a_function() -> None:
    """Models that refer to each other can be written in any order."""
    assert resolve_target(Author, Post) is Author
    assert resolve_target("Author", Post) is Author
    assert resolve_target("self", Post) is Post
    assert resolve_target(lambda: "Author", Post) is Author
    with pytest.raises(SetupError, match="no model"):
        resolve_target(5, Post)
    with pytest.raises(SetupError, match="There is no model"):
        resolve_target("Nobody", Post)


def test_inherited_relation_belongs_to_the_model_that_has_it() -> None:
    """Each subclass of an abstract model relates for itself; "self" is the subclass."""

    class Node(Record):
        parent_id = ForeignKey("self", nullable=True)
        children = HasMany["list[Node]"]("self")
        __abstract__ = True

    class Folder(Node):
        pass

    class Topic(Node):
        pass

    for model in (Folder, Topic):
        description = model.__description__
        assert description.relations["children"].target is description
        assert description.relations["parent"].target is description
        assert description.table.foreign_keys[0].target == description.table_name
    assert isinstance(Folder.__description__.relations["parent"], BelongsTo)


def test_kind_without_ways_says_so() -> None:
    """A relation that cannot be joined, loaded or set is told by name."""
    bare = Relation[object](Author).bound_to(Post)
    bare.name = "bare"
    assert repr(bare) == "<Relation Post.bare>"
    for use in (
        lambda: bare.hop(Post.__description__.source, "x"),
        lambda: bare.load([]),
        lambda: bare.query(Post()),
    ):
        with pytest.raises(SetupError, match="Post.bare"):
            use()
    with pytest.raises(SetupError, match="cannot be set"):
        Post(comments=[])
    assert bare.tables() == ()


def test_alias_is_readable_and_short() -> None:
    """Long paths end in a digest, so that they stay apart."""
    source = Post.__description__.source
    assert alias_for(source, "author") == "_author"
    assert alias_for(source.aliased("_author"), "profile") == "_author__profile"
    long = Source(source.table, "a" * 50, source)
    first, second = alias_for(long, "first"), alias_for(long, "second")
    assert len(first) <= 55
    assert first != second
