"""A description collects fields and options, inherits them, and makes the table."""

from __future__ import annotations

from typing import Any

import pytest

from asok_engine.errors import SetupError
from asok_engine.records.errors import UnknownName
from asok_engine.records.fields.number import Integer
from asok_engine.records.fields.reference import ForeignKey
from asok_engine.records.fields.text import String
from asok_engine.records.record import Record
from asok_engine.records.relations.belongs_to import BelongsTo
from asok_engine.records.relations.has import HasMany
from asok_engine.sql import types
from asok_engine.sql.tables import Check, Index, Unique
from tests.engine.records.blog import Post


def test_fields_of_abstract_bases_are_inherited() -> None:
    """A subclass has the fields of its bases, in their order, before its own (asok 3.4 C7)."""

    class Named(Record):
        name = String()

        class Meta:
            abstract = True
            ordering = ("name",)

    class Sized(Record):
        size = Integer(default=3)
        __abstract__ = True

    class Thing(Sized, Named):
        weight = Integer(default=0)

    description = Thing.__description__
    assert list(description.fields) == ["id", "name", "size", "weight"]
    assert description.options.ordering == ("name",)
    assert not description.is_abstract
    assert Thing(name="a").size == 3


def test_subclass_takes_a_field_away_or_replaces_it() -> None:
    """None removes; another field takes the place."""

    class Base(Record):
        a = String()
        b = String()
        __abstract__ = True

    class Thing(Base):
        a = None  # type: ignore[assignment]
        b = Integer(default=1)  # type: ignore[assignment]

    assert list(Thing.__description__.fields) == ["id", "b"]
    assert Thing.__description__.fields["b"].column_type == types.integer()


def test_key_of_its_own_takes_the_place_of_the_automatic_one() -> None:
    """One primary key, not two (aksara 3.3)."""

    class Country(Record):
        code = String(2, primary_key=True)

    class Seat(Record):
        row = Integer()
        number = Integer()

        class Meta:
            primary_key = ("row", "number")

    assert Country.__description__.key == ("code",)
    assert Country.__description__.table.primary_key == ("code",)
    assert Seat.__description__.table.primary_key == ("row", "number")
    with pytest.raises(SetupError, match="one field"):
        _ = Seat.__description__.key_name


def test_table_has_columns_keys_indexes_and_constraints() -> None:
    """What Meta and the fields say stands in the table (aksara 3.3: nothing is ignored)."""

    class Room(Record):
        number = Integer(column="room_number", index=True)

    class Lease(Record):
        room_id = ForeignKey(Room, on_delete="RESTRICT")
        code = String(10, unique=True)
        year = Integer()

        class Meta:
            table_name = "rents"
            unique_together = ("room", "year")
            indexes = [Index(("-year", "code"))]
            constraints = [Check("year > 1900")]

    table = Lease.__description__.table
    assert table.name == "rents"
    assert table.column("room_id").type == types.bigint()
    assert [unique.columns for unique in table.uniques] == [("code",), ("room_id", "year")]
    assert [index.columns for index in table.indexes] == [("room_id",), ("-year", "code")]
    assert table.checks[0].condition == "year > 1900"
    key = table.foreign_keys[0]
    assert (key.columns, key.target, key.target_columns, key.on_delete) == (
        ("room_id",),
        "rooms",
        ("id",),
        "restrict",
    )
    assert Room.__description__.table.column("room_number").type == types.integer()
    assert isinstance(table.uniques[0], Unique)


def test_subclass_says_where_a_foreign_key_of_its_base_leads() -> None:
    """The relation that the key brings along leads there as well, and goes when the key goes."""

    class Owned(Record):
        owner_id = ForeignKey[Any]("Nobody")
        __abstract__ = True

    class Owner(Record):
        name = String()

    class Thing(Owned):
        owner_id = ForeignKey[Any]("Owner")

    class Stray(Owned):
        owner_id = None

    Thing.__description__.check()
    assert Thing.__description__.relations["owner"].target is Owner.__description__
    assert "owner" not in Stray.__description__.relations
    Stray.__description__.check()


def test_abstract_model_has_no_table() -> None:
    """Only what inherits it has one."""

    class Base(Record):
        __abstract__ = True

    with pytest.raises(SetupError, match="abstract"):
        _ = Base.__description__.table


def test_field_is_found_by_name_only() -> None:
    """`pk` means the key, and a wrong name is told."""
    description = Post.__description__
    assert description.field("pk") is description.fields["id"]
    with pytest.raises(UnknownName, match="Did you mean 'title'"):
        description.field("titel")


def test_statements_are_prepared_once_per_set_of_columns() -> None:
    """The second save of the same columns finds its statement; memory for them is bounded."""
    description = Post.__description__
    assert description.find_shape(("id",)) is description.find_shape(("id",))
    assert description.find_shape(("id",)).is_cheap
    assert description.update_shape(("title",), ("id",)) is description.update_shape(("title",), ("id",))
    assert description.insert_shape(("title",)) is not description.insert_shape(("title", "views"))
    assert description.delete_shape(("id",)).writes
    assert description.reader(("id",)) is description.reader(("id",))
    for number in range(600):
        description.insert_shape(("title",), rows=number + 2)
    assert len(description._shapes) <= 501


def test_description_shows_its_model() -> None:
    """In a debugger one sees what it is."""
    assert repr(Post.__description__) == "<Description of Post, 6 fields>"


def test_check_finds_a_relation_without_a_target() -> None:
    """Before the first row is asked for."""

    class Lonely(Record):
        others = HasMany("NobodyAtAll")

    Post.__description__.check()
    with pytest.raises(SetupError, match="NobodyAtAll"):
        Lonely.__description__.check()


class Keyed(BelongsTo[Any]):
    """A relation that brings its field along."""

    @property
    def field_name(self) -> str:
        """The field."""
        return f"{self.name}_id"

    def make_field(self) -> Any:
        """Make it."""
        return ForeignKey(Post, relation=self.name, nullable=True)


def test_relation_brings_its_field_along_where_it_stands() -> None:
    """Also to models that inherit it; a field that is declared stays."""

    class Base(Record):
        __abstract__ = True
        first = Integer(default=0)
        post = Keyed(Post)
        last = Integer(default=0)

    class Heir(Base):
        id: int

    class Own(Record):
        id: int
        post_id = ForeignKey(Post)
        post = Keyed(Post)

    assert list(Heir.__description__.fields) == ["id", "first", "post_id", "last"]
    assert Heir.__description__.relations["post"].local_name == "post_id"
    assert not Own.__description__.fields["post_id"].nullable
    with pytest.raises(SetupError, match="no field"):
        BelongsTo[Any](Post).make_field()
    assert BelongsTo[Any](Post).field_name == ""
