"""A foreign key has the type of the key that it names, and brings a relation along."""

from __future__ import annotations

import pytest

from asok_engine.errors import SetupError
from asok_engine.records.errors import FieldProblem
from asok_engine.records.fields.number import SmallInteger
from asok_engine.records.fields.reference import ForeignKey
from asok_engine.records.fields.text import String
from asok_engine.records.record import Record
from asok_engine.sql import types
from tests.engine.records.blog import Author, Post


def test_column_has_the_type_of_the_key() -> None:
    """Whatever that is."""

    class Country(Record):
        code = String(2, primary_key=True)

    class City(Record):
        country_id = ForeignKey(Country)

    assert City.__description__.table.column("country_id").type == types.string(2)


def test_relation_is_named_after_the_field() -> None:
    """Only the ending goes (asok 3.4 C8); a name that is taken is left alone."""

    class VideoIdea(Record):
        pass

    class Clip(Record):
        video_idea_id = ForeignKey(VideoIdea)
        idea = ForeignKey(VideoIdea, relation="other", nullable=True)
        owner = String(default="x")
        owner_id = ForeignKey(VideoIdea, nullable=True)
        code = ForeignKey(VideoIdea, nullable=True)

    description = Clip.__description__
    assert description.relations.keys() == {"video_idea", "other"}
    assert description.fields["owner"].column_type == types.string(255)


def test_record_stands_for_its_key() -> None:
    """One that has none yet is refused."""
    field = Post.__description__.fields["author_id"]
    assert field.clean(Author(id=3)) == 3
    assert field.clean("4") == 4
    with pytest.raises(FieldProblem, match="not saved"):
        field.clean(Author(name="x"))
    with pytest.raises(FieldProblem, match="whole number"):
        field.clean("x")


def test_rule_for_deletion_is_checked() -> None:
    """SET_NULL needs a column that can be null."""
    with pytest.raises(SetupError, match="to Author .* nullable"):
        ForeignKey(Author, on_delete="SET_NULL")
    with pytest.raises(SetupError, match="to Author has on_delete='MAYBE'.*CASCADE, SET_NULL"):
        ForeignKey(Author, on_delete="MAYBE")  # type: ignore[call-overload]
    with pytest.raises(SetupError, match="to Tag has on_delete='SET NULL'.*Write 'SET_NULL'"):
        ForeignKey("Tag", on_delete="SET NULL", nullable=True)  # type: ignore[call-overload]
    assert ForeignKey(Author, on_delete="SET_NULL", nullable=True).on_delete == "SET_NULL"


def test_rule_for_deletion_follows_from_what_a_record_can_be_without() -> None:
    """What may be without its target stays without it; what may not goes along, unless it is said otherwise."""
    assert ForeignKey(Author).on_delete == "CASCADE"
    assert ForeignKey(Author, nullable=True).on_delete == "SET_NULL"
    assert ForeignKey(Author, nullable=True, on_delete="CASCADE").on_delete == "CASCADE"


def test_key_into_another_database_has_no_constraint() -> None:
    """No database could hold it."""

    class Log(Record):
        author_id = ForeignKey(Author)

        class Meta:
            database = "logs"

    class Loose(Record):
        author_id = ForeignKey(Author, constraint=False)

    assert Log.__description__.table.foreign_keys == ()
    assert Loose.__description__.table.foreign_keys == ()
    assert Loose.__description__.table.indexes[0].columns == ("author_id",)
    assert SmallInteger().foreign_key() is None
