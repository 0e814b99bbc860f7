"""Fixtures by the words of the API face: rows of models as text, and in again."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from aksara import Model, Q, fields
from aksara.fixtures import BadFixture, dump_data, dump_database, load_data
from asok_engine.database.databases import databases
from asok_engine.errors import UsageError
from asok_engine.records.errors import UnknownName
from tests.aksara.library import MODELS, Note, Team, create_tables, empty_tables

KEY = "00000000-0000-0000-0000-000000000001"


class Member(Model):
    """Somebody with a password."""

    name = fields.String(max_length=20)
    password = fields.Password()

    class Meta:
        table_name = "fixture_members"


@pytest.fixture(autouse=True)
async def _library(tmp_path: Path) -> AsyncIterator[None]:
    create_tables(f"sqlite:///{tmp_path / 'library.sqlite3'}")
    create_tables(f"sqlite:///{tmp_path / 'library.sqlite3'}", (Member,))
    yield
    await databases.close_async()


def rows_of(text: str) -> list[dict[str, Any]]:
    """Give the rows of a dump."""
    return [row["row"] for row in json.loads(text)]


async def test_dump_takes_the_rows_and_fields_that_were_asked_for() -> None:
    """By lookups or a Q; the key is always there."""
    for name in ("a", "b", "c"):
        await Team.objects.create(name=name)
    found = rows_of(await dump_data(Team, {"name__in": ["a", "b"]}, ["name"]))
    assert sorted(row["name"] for row in found) == ["a", "b"]
    assert all(row.keys() == {"id", "name"} for row in found)
    assert len(rows_of(await dump_data(Team, Q(name="a") | Q(name="c")))) == 2
    with pytest.raises(UnknownName):
        await dump_data(Team, {"nam": "a"})
    with pytest.raises(UsageError, match=r"Write \['name'\]"):
        await dump_data(Team, None, "name")


async def test_softly_deleted_rows_go_along_with_their_mark() -> None:
    """A filter leaves them out."""
    note = await Note.objects.create(text="x")
    await note.delete()
    (row,) = rows_of(await dump_data(Note))
    assert row["deleted_at"] is not None
    assert rows_of(await dump_data(Note, {"deleted_at__isnull": True})) == []


async def test_password_goes_only_when_it_is_asked_for_and_then_as_its_hash() -> None:
    """It is the same password after a load; one that was typed into the file is refused."""
    await Member.objects.create(name="Ada", password="correct horse")
    (row,) = rows_of(await dump_data(Member))
    assert "password" not in row
    text = await dump_data(Member, hidden=True)
    assert "correct horse" not in text
    await (await Member.objects.get()).delete()
    with pytest.raises(BadFixture, match="no 'password', which it needs") as caught:
        await load_data(json.dumps([{"table": "fixture_members", "row": row}]), [Member])
    assert "hidden=True" in caught.value.fix
    await load_data(text, [Member])
    assert (await Member.objects.get()).password.matches("correct horse")  # type: ignore[attr-defined]
    with pytest.raises(BadFixture, match="not a password"):
        await load_data(text.replace(rows_of(text)[0]["password"], "typed"), [Member])


async def test_only_tables_of_the_models_are_filled() -> None:
    """A fixture is no way around what was asked for."""
    text = json.dumps([{"table": "teams", "row": {"id": KEY, "name": "a"}}])
    with pytest.raises(BadFixture, match="Line 1 has a row of 'teams'; no such table"):
        await load_data(text, [Note])
    assert await load_data(text, [Team]) == 1
    assert (await Team.objects.get()).id == uuid.UUID(KEY)


async def test_database_goes_out_and_comes_in_whole() -> None:
    """In either format; what a hand has written may stand in any order and leave out what has a default."""
    text = f"""
- table: authors
  row: {{id: {KEY[:-1]}2, name: Ada, email: ada@example.com, team_id: {KEY}}}
- table: teams
  row: {{id: {KEY}, name: '2026-01-02'}}
"""
    assert await load_data(text, format="yaml", models=MODELS) == 2
    for format in ("json", "yaml"):
        dump = await dump_database(MODELS, format)
        empty_tables()
        assert await load_data(dump, MODELS, format) == 2
        assert await dump_database(MODELS, format) == dump
    with pytest.raises(BadFixture, match="which is there already"):
        await load_data(dump, MODELS, "yaml", strict=True)


async def test_models_of_several_databases_are_loaded_by_themselves() -> None:
    """One load is one transaction."""

    class Elsewhere(Model):
        name = fields.String(max_length=9)

        class Meta:
            database = "other"

    with pytest.raises(UsageError, match="several databases: default, other"):
        await load_data("[]", [Team, Elsewhere])
    assert await load_data("[]", [Team]) == 0


async def test_what_is_no_text_is_refused() -> None:
    """With what to do; a name of a file is no text either."""
    with pytest.raises(UsageError, match="not PosixPath") as caught:
        await load_data(Path("rows.json"))  # type: ignore[arg-type]
    assert "read_text" in caught.value.fix
    with pytest.raises(BadFixture, match="Line 1 is no row: 'rows.json'"):
        await load_data("rows.json")
