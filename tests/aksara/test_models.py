"""A model of the face: what it has of itself, and what it is in plain code."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from aksara import fields
from aksara.models import (
    CASCADE,
    PROTECT,
    RESTRICT,
    SET_NULL,
    CheckConstraint,
    Index,
    Model,
    UniqueConstraint,
)
from asok_engine.errors import SetupError
from asok_engine.records.registry import registry
from tests.aksara.library import Author, Team, Writing


def test_model_has_a_key_two_moments_and_its_errors() -> None:
    """Under a base of one's own the errors stand below those of the base."""

    class Plain(Model):
        class Meta:
            abstract = True

        name = fields.String()

    class Special(Plain):
        pass

    assert Special.__description__.all_names == ("id", "created_at", "updated_at", "name")
    assert isinstance(Special(name="x").id, uuid.UUID)
    assert Special(name="x").id != Special(name="x").id
    assert issubclass(Special.DoesNotExist, Plain.DoesNotExist)
    assert Special.MultipleObjectsReturned.__qualname__.endswith("Special.MultipleObjectsReturned")
    assert registry.get("Special", Special) is Special


def test_meta_reaches_the_table() -> None:
    """Order, names, indexes, constraints: none is ignored (aksara 3.3)."""

    class Shelf(Model):
        name = fields.String(db_index=True)
        room = fields.Integer()

        class Meta:
            table_name = "book_shelves"
            ordering = ["-room", "name"]
            unique_together = ("name", "room")
            indexes = [Index(("room", "-name"), "by_room")]
            constraints = [CheckConstraint("room > 0", "room_is_there"), UniqueConstraint(("room",))]

    table = Shelf.__description__.table
    assert table.name == "book_shelves"
    assert Shelf.__description__.options.ordering == ("-room", "name")
    assert {unique.columns for unique in table.uniques} == {("name", "room"), ("room",)}
    assert {index.columns for index in table.indexes} == {("name",), ("room", "-name")}
    assert [check.condition for check in table.checks] == ["room > 0"]
    with pytest.raises(SetupError, match="orderin"):

        class Slip(Model):
            class Meta:
                orderin = ["name"]


def test_foreign_key_brings_its_column_where_it_stands() -> None:
    """With an index, the type of the key that it names, and the rule for deletion."""
    described = Writing.__description__
    assert described.all_names[-2:] == ("author_id", "editor_id")
    keys = {key.columns: (key.target, key.on_delete) for key in described.table.foreign_keys}
    assert keys == {("author_id",): ("authors", "cascade"), ("editor_id",): ("authors", "set null")}
    assert ("author_id",) in {index.columns for index in described.table.indexes}
    assert (CASCADE, PROTECT, RESTRICT, SET_NULL) == ("CASCADE", "PROTECT", "RESTRICT", "SET_NULL")


@pytest.mark.usefixtures("library")
def test_plain_code_reads_relations_for_all_of_one_result() -> None:
    """A page that is not async may show a model of this face: no query for each row."""

    async def make() -> list[Writing]:
        for name in ("a", "b"):
            author = await Author.objects.create(name=name, email=f"{name}@x.org")
            await author.writings.create(title=name)
        return await Writing.objects.order_by("title")

    found = asyncio.run(make())
    assert [each.author.name for each in found] == ["a", "b"]
    assert [[text.title for text in each.author.writings] for each in found] == [["a"], ["b"]]
    assert len(found[0].author.writings) == 1
    assert found[0].author.team is None
    assert found[0].is_prefetched("author")
    assert found[0].get_related("author") is found[0].author


@pytest.mark.usefixtures("library")
def test_record_is_told_as_a_dict_without_what_is_hidden() -> None:
    """Loaded relations may be named."""

    async def make() -> Author:
        team = await Team.objects.create(name="t")
        author = await Author.objects.create(name="a", email="a@x.org", team=team)
        await author.writings.create(title="w")
        return await Author.objects.select_related("team").prefetch_related("writings").get(pk=author.pk)

    author = asyncio.run(make())
    told = author.to_dict("name", "team", "writings")
    assert (told["name"], told["team"]["name"], [each["title"] for each in told["writings"]]) == (
        "a",
        "t",
        ["w"],
    )
    assert set(author.to_dict()) == set(Author.__description__.all_names)


def test_script_without_an_application_uses_the_database_of_the_settings(tmp_path: Path) -> None:
    """Models find it at their first statement, and no file is made before."""
    program = (
        "import asyncio, os, sqlite3\n"
        "from aksara import Model, fields\n"
        "class Thing(Model):\n"
        "    name = fields.String()\n"
        "assert not os.path.exists('kept.sqlite3')\n"
        "db = sqlite3.connect('kept.sqlite3')\n"
        "db.execute('CREATE TABLE things (id, created_at, updated_at, name)')\n"
        "async def main():\n"
        "    await Thing.objects.create(name='a')\n"
        "    print(await Thing.objects.count())\n"
        "asyncio.run(main())\n"
    )
    (tmp_path / ".env").write_text("AKSARA_DATABASE_URL=sqlite:///kept.sqlite3\n")
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert run.stdout.strip() == "1", run.stderr[-800:]
