"""Fixtures are exact on every database and between them, by the words of both faces and of the commands.

Each test runs on SQLite, PostgreSQL and MariaDB.
"""

from __future__ import annotations

import asyncio
import io
import json
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from aksara import Model as ApiModel
from aksara import SoftDeleteModel, fields
from aksara.fixtures import BadFixture, dump_data, dump_database, load_data
from aksara.transactions import atomic
from asok.orm import fields as Field
from asok.orm.model import Model as PageModel
from asok_engine.database.databases import Database, databases
from asok_engine.database.running import run
from asok_engine.records.fields.secret import use_secrets
from asok_engine.records.fixtures.dump import dump_rows
from asok_engine.records.fixtures.extracts import tables_of, whole
from asok_engine.records.fixtures.formats import RowWriter, read_rows
from asok_engine.records.fixtures.load import load_rows
from tests.aksara.library import create_tables

pytestmark = pytest.mark.servers


class Guild(PageModel):
    """A model of the pages face, with keys that the database counts."""

    name = Field.String(max_length=30)

    class Meta:
        table_name = "fixture_guilds"


class Skill(ApiModel):
    """What somebody can do."""

    name = fields.String(max_length=30)

    class Meta:
        table_name = "fixture_skills"


class Hero(SoftDeleteModel):
    """Somebody with a value of every kind."""

    name = fields.String(max_length=30)
    wealth = fields.Decimal(max_digits=12, decimal_places=3)
    height = fields.Float()
    born_on = fields.Date()
    wakes_at = fields.Time()
    naps = fields.Duration()
    seen_at = fields.DateTime()
    seal = fields.Binary()
    facts = fields.JSON(default=dict)
    names = fields.Array(fields.String(max_length=20))
    days = fields.Array(fields.Date())
    spans = fields.Array(fields.Duration())
    moments = fields.Array(fields.DateTime())
    sums = fields.Array(fields.Decimal(max_digits=8, decimal_places=3))
    ids = fields.Array(fields.UUID())
    address = fields.IPAddress()
    password = fields.Password()
    diary = fields.Encrypted()
    guild = fields.ForeignKey(Guild, related_name="heroes", nullable=True)
    mentor = fields.ForeignKey("Hero", related_name="pupils", nullable=True)
    skills = fields.ManyToMany(Skill, related_name="heroes")

    class Meta:
        table_name = "fixture_heroes"


MODELS = (Guild, Skill, Hero)


def hero(name: str, **values: Any) -> dict[str, Any]:
    """Give the values of a hero."""
    return {
        "name": name,
        "wealth": Decimal("123456789.010"),
        "height": 0.1,
        "born_on": date(1815, 12, 10),
        "wakes_at": time(6, 30, 0, 7),
        "naps": timedelta(days=1, microseconds=3),
        "seen_at": datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC),
        "seal": bytes(range(256)),
        "facts": {"list": [1, None, True, "ü\u2028", 0.1], "empty": {}},
        "names": ["a,b", 'c"d', "e\\f", "NULL", ""],
        "days": [date(2026, 1, 2)],
        "spans": [timedelta(days=1, microseconds=3), timedelta(0), timedelta(seconds=-1)],
        "moments": [datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)],
        "sums": [Decimal("1.100")],
        "ids": [uuid.UUID(int=5)],
        "address": "2001:db8::1",
        "password": "correct horse",
        "diary": "dear diary",
        **values,
    }


async def fill() -> None:
    """Make rows that name each other."""
    guild = await Guild.create_async(id=7, name="Älter")
    swim = await Skill.objects.create(name="swim")
    ada = await Hero.objects.create(**hero("Ada", guild=guild))
    bob = await Hero.objects.create(**hero("Bob", mentor=ada))
    ada.mentor = bob
    await ada.save()
    await bob.skills.add(swim)
    await bob.delete()


def on_loop(law: Callable[[], Awaitable[None]]) -> None:
    """Run an async law over a database that is configured already."""

    async def deed() -> None:
        options = {each.alias: each.options for each in databases}
        try:
            await law()
        finally:
            await databases.close_async()
            databases.configure(options)

    asyncio.run(deed())


@pytest.fixture
def tables(database: Database) -> Database:
    """A database of each kind with the tables of the models."""
    use_secrets(["s" * 40])
    create_tables(_address(database), MODELS)
    return databases["default"]


def _address(database: Database) -> str:
    options = database.options
    if options.kind == "sqlite":
        return f"sqlite:///{options.name}"
    place = f"{options.host}:{options.port}"
    return f"{options.kind}://{options.user}:{options.password}@{place}/{options.name}"


@pytest.mark.usefixtures("tables")
def test_everything_comes_back_exactly_here_and_on_another_database(tmp_path: Path) -> None:
    """Values of every kind, references in a circle, pivots, marks of deletion, secrets."""
    texts: list[str] = []

    async def leave() -> None:
        await fill()
        texts.append(await dump_database(MODELS, hidden=True))

    on_loop(leave)
    rows = json.loads(texts[0])
    order = ["fixture_guilds", "fixture_skills", "fixture_heroes", "fixture_heroes", "hero_skill"]
    assert [row["table"] for row in rows] == order
    assert "correct horse" not in texts[0]
    assert "dear diary" not in texts[0]

    async def come_in() -> None:
        assert await load_data(texts[0], MODELS) == len(rows)
        assert await dump_database(MODELS, hidden=True) == texts[0]
        ada = await Hero.objects.get(name="Ada")
        for name, value in hero("Ada").items():
            if name == "password":
                assert ada.password.matches(value)  # type: ignore[attr-defined]
            else:
                assert getattr(ada, name) == value, name
        bob = await Hero.objects.with_deleted().get(name="Bob")
        assert bob.deleted_at is not None
        assert (await ada.mentor).id == bob.id
        assert [skill.name for skill in await bob.skills.all()] == ["swim"]
        # Rows that are there already are updated to the same.
        assert await load_data(texts[0], MODELS) == len(rows)
        assert await dump_database(MODELS, hidden=True) == texts[0]

    on_loop(_emptied(come_in))
    create_tables(f"sqlite:///{tmp_path / 'other.sqlite3'}", MODELS)
    on_loop(come_in)


def _emptied(law: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    async def deed() -> None:
        await Hero.objects.with_deleted().update(mentor_id=None)
        for hero in await Hero.objects.with_deleted():
            await hero.hard_delete()
        await Skill.objects.all().delete()
        await Guild.query().delete_async()
        assert json.loads(await dump_database(MODELS)) == []
        await law()

    return deed


@pytest.mark.usefixtures("tables")
def test_pivot_is_narrowed_as_its_rows_are() -> None:
    """By a field, by a path to one, by a path to many; the rows of others stay out."""

    async def law() -> None:
        await fill()
        ada = await Hero.objects.get(name="Ada")
        await ada.skills.add(await Skill.objects.create(name="run"))
        for filters in ({"name": "Ada"}, {"guild__name": "Älter"}, {"skills__name": "run"}):
            rows = json.loads(await dump_data(Hero, filters, ["name", "skills"]))
            assert [(row["table"], row["row"].get("name")) for row in rows] == [
                ("fixture_heroes", "Ada"),
                ("hero_skill", None),
            ], filters
            assert rows[1]["row"]["hero_id"] == str(ada.id)
        assert len(json.loads(await dump_data(Hero, {"name": "nobody"}))) == 0

    on_loop(law)


@pytest.mark.usefixtures("tables")
def test_next_key_comes_after_the_loaded_ones() -> None:
    """Explicit keys are kept, and what counts them goes on behind."""

    async def law() -> None:
        await load_data('{"table": "fixture_guilds", "row": {"id": 41, "name": "x"}}', [Guild])
        assert (await Guild.create_async(name="y")).id == 42

    on_loop(law)


@pytest.mark.usefixtures("tables")
def test_load_belongs_to_the_transaction_that_is_open() -> None:
    """What undoes that one undoes the rows; a load that fails leaves the rest of it."""

    async def law() -> None:
        text = '{"table": "fixture_guilds", "row": {"id": 1, "name": "x"}}'
        with pytest.raises(ZeroDivisionError):
            async with atomic():
                await load_data(text, [Guild])
                assert len(json.loads(await dump_data(Guild))) == 1
                raise ZeroDivisionError
        assert await Guild.query().count_async() == 0
        async with atomic():
            await Guild.create_async(id=5, name="five")
            long = text.replace('"x"', f'"{"x" * 31}"')
            with pytest.raises(BadFixture, match=r"Line 2, fixture_guilds\.name: 'xxx.* at most 30 char"):
                await load_data(f"{text}\n{long}", [Guild])
        assert [guild.id for guild in await Guild.query()] == [5]

    on_loop(law)


@pytest.mark.usefixtures("tables")
def test_text_of_one_face_is_read_by_the_other_and_by_commands() -> None:
    """One form, one mechanism: plain code over whole tables reads and writes the same."""
    texts: list[str] = []

    async def leave() -> None:
        await fill()
        texts.append(await dump_database(MODELS, hidden=True))

    on_loop(leave)
    tables = tables_of(MODELS)
    output = io.StringIO()
    writer = RowWriter(output)
    run(dump_rows(map(whole, tables), writer.write))
    writer.close()
    assert output.getvalue() == texts[0]
    assert run(load_rows(read_rows(io.StringIO(texts[0])), tables, models=MODELS)) == len(
        json.loads(texts[0])
    )


@pytest.mark.usefixtures("tables")
def test_wrong_row_takes_the_whole_load_back() -> None:
    """A reference to nobody is told with its row; what came before it is not kept."""

    async def law() -> None:
        await fill()
        text = await dump_database(MODELS, hidden=True)
        rows = json.loads(text)
        for row in rows:
            if row["table"] == "hero_skill":
                row["row"]["skill_id"] = str(uuid.uuid4())
        await _emptied(_nothing)()
        with pytest.raises(BadFixture, match="a row of 'hero_skill' with the key .* was refused"):
            await load_data(json.dumps(rows), MODELS)
        assert json.loads(await dump_database(MODELS)) == []

    on_loop(law)


async def _nothing() -> None:
    return None
