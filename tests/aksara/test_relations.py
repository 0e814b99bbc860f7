"""What a relation that was not loaded is, and what declarations mean."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aksara import fields
from aksara.exceptions import NotLoaded
from aksara.models import Model
from aksara.relations import RelatedManager, Unloaded
from asok_engine.errors import SetupError, UsageError
from tests.aksara.library import Author, Remark, Writing


@pytest.mark.usefixtures("library")
def test_unloaded_record_knows_its_key_and_nothing_else() -> None:
    """It equals the record, hashes like another of the same, and names the load in every refusal."""

    async def ask() -> None:
        author = await Author.objects.create(name="a", email="a@x.org")
        await author.writings.create(title="w")
        text, again = await Writing.objects.get(title="w"), await Writing.objects.get(title="w")
        there = text.author
        assert isinstance(there, Unloaded)
        assert there == author
        assert there == again.author
        assert there != text
        assert there != "w"
        assert hash(there) == hash(again.author)
        assert there.id == there.pk == author.pk
        assert "not loaded" in repr(there)
        with pytest.raises(NotLoaded, match="select_related"):
            there.anything  # noqa: B018
        assert not hasattr(there, "__wrapped__")

    asyncio.run(ask())


def test_relations_that_cannot_be_set_say_what_can() -> None:
    """Which records they have is changed by awaiting."""
    with pytest.raises(UsageError, match=r"readers\.set"):
        Writing().readers = []  # type: ignore[assignment]
    with pytest.raises(SetupError, match="other side"):
        Author().writings = []  # type: ignore[assignment]
    assert isinstance(Writing().readers, RelatedManager)


def test_way_back_has_a_name_of_its_own() -> None:
    """By the model's name where none is given; "+" makes none."""

    class Port(Model):
        name = fields.String()

    class Ship(Model):
        port = fields.ForeignKey(Port)
        last = fields.ForeignKey(Port, related_name="+", nullable=True, column_name="last_port")
        crew = fields.ManyToMany("Sailor", through="ship_crew")

    class Sailor(Model):
        bunk = fields.OneToOne(Ship)

    assert set(Port.__description__.relations) == {"ship_set"}
    assert set(Sailor.__description__.relations) == {"bunk", "ship_set"}
    assert set(Ship.__description__.relations) == {"port", "last", "crew", "sailor"}
    assert Ship.__description__.fields["last_id"].column == "last_port"
    assert [table.name for table in Ship.__description__.relations["crew"].tables()] == ["ship_crew"]
    with pytest.raises(SetupError, match="related_name"):

        class Boat(Model):
            home = fields.ForeignKey(Port)
            away = fields.ForeignKey(Port)


def test_generic_key_is_text_and_may_be_empty() -> None:
    """Keys of every type fit."""
    author = Author(name="a", email="a@x.org")
    remark = Remark(about=author)
    assert (remark.content_type, remark.object_id) == ("Author", str(author.pk))
    remark.about = None
    assert (remark.content_type, remark.object_id) == (None, None)


@pytest.mark.usefixtures("library")
def test_generic_relation_that_was_not_loaded_says_how() -> None:
    """It cannot be joined, since it leads to many models."""

    async def ask() -> Any:
        author = await Author.objects.create(name="a", email="a@x.org")
        await Remark.objects.create(text="t", about=author)
        return (await Remark.objects.get()).about.name

    with pytest.raises(NotLoaded, match="prefetch_related"):
        asyncio.run(ask())
