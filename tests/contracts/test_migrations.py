"""What every database must keep through migrations: rows, constraints, and one winner among those that migrate."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from asok import Field, Model, Relation
from asok_engine.migrations.detect import Answers, detect
from asok_engine.migrations.graph import Graph, Migration
from asok_engine.migrations.journal import JOURNAL_TABLES
from asok_engine.migrations.link import Link, MigrationError, open_link
from asok_engine.migrations.live import differences
from asok_engine.migrations.operations import AddColumn, AddIndex, CreateTable
from asok_engine.migrations.runner import Runner
from asok_engine.migrations.state import State
from asok_engine.sql import types
from asok_engine.sql.fulltext import quoted
from asok_engine.sql.tables import Check, Column, ForeignKey, FullText, Index, OnDelete, Table, Unique
from tests.contracts.killed_migration import MIGRATIONS, PEOPLE, TEAMS

ROOT = Path(__file__).parents[2]
#: Types with those that they may become without losing anything, and values of them.
TYPES: dict[str, tuple[types.ColumnType, tuple[types.ColumnType, ...], tuple[Any, ...]]] = {
    "word": (types.string(20), (types.string(50), types.text()), ("", "it's", "größe", "x" * 20)),
    "count": (types.integer(), (types.bigint(),), (0, -3, 2**31 - 1)),
    "price": (types.decimal(8, 2), (types.decimal(12, 2),), (Decimal("0.10"), Decimal("-99.99"))),
    "flag": (types.boolean(), (), (True, False)),
    "note": (types.text(), (), ("", "line\nline", "100% \\ :name")),
    "ratio": (types.float_(), (), (0.5, -2.25)),
    "state": (types.enum("a", "b"), (types.string(40),), ("a", "b")),
}
NAMES = ("alpha", "beta gamma", "order", "delta")


@st.composite
def schemas(draw: st.DrawFn) -> tuple[Table, ...]:
    """Draw one to three tables with everything on them that a table may have."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True))
    return tuple(draw(tables(name, names)) for name in names)


@st.composite
def tables(draw: st.DrawFn, name: str, names: list[str]) -> Table:
    """Draw a table; it refers to others of `names`."""
    kinds = draw(st.lists(st.sampled_from(sorted(TYPES)), min_size=1, max_size=5, unique=True))
    columns = [Column("id", types.bigint(), autoincrement=True)]
    for kind in kinds:
        nullable = draw(st.booleans())
        default = draw(st.sampled_from([None, TYPES[kind][2][0]]))
        if kind == "note" and default is not None:
            default = None
        columns.append(Column(kind, TYPES[kind][0], nullable=nullable, server_default=default))
    keys = []
    for target in draw(st.lists(st.sampled_from(names), max_size=2, unique=True)):
        columns.append(Column(f"{target}_id", types.bigint(), nullable=True))
        rule: OnDelete = draw(st.sampled_from(["no action", "cascade", "set null"]))
        keys.append(ForeignKey((f"{target}_id",), target, on_delete=rule))
    usable = [column.name for column in columns if column.type.kind not in ("text",)]
    pairs = st.lists(st.sampled_from(usable), min_size=1, max_size=2, unique=True)
    indexes = draw(st.lists(pairs, max_size=2, unique_by=tuple))
    uniques = draw(st.lists(pairs, max_size=1))
    checks = [Check("length(word) < 21")] if "word" in kinds and draw(st.booleans()) else []
    if "count" in kinds and draw(st.booleans()):
        checks.append(Check("count < 2147483648 OR count IS NULL"))
    texts = [kind for kind in kinds if kind in ("word", "note")]
    searches = [FullText(tuple(texts))] if texts and draw(st.booleans()) else []
    descends = draw(st.booleans())
    return Table(
        name,
        tuple(columns),
        indexes=tuple(Index((f"-{each[0]}" if descends else each[0], *each[1:])) for each in indexes),
        uniques=tuple(Unique(("id", *[part for part in each if part != "id"])) for each in uniques),
        checks=tuple(checks),
        foreign_keys=tuple(keys),
        full_texts=tuple(searches),
    )


@st.composite
def changes(draw: st.DrawFn) -> tuple[tuple[Table, ...], tuple[Table, ...], dict[str, str]]:
    """Draw tables, what becomes of them, and the renames in between."""
    before = draw(schemas())
    renames: dict[str, str] = {}
    after = {table.name: table for table in draw(schemas())}
    for table in before:
        if draw(st.booleans()) and table.name in after:
            after[table.name] = draw(evolved(table, after[table.name], renames))
    kept = [name for name in after if name in {table.name for table in before}]
    if kept and "epsilon" not in after and draw(st.booleans()):
        name = draw(st.sampled_from(kept))
        renames[name] = "epsilon"
        state = State(after.values()).renamed(name, "epsilon")
        # Names of parts are made anew, as a model's would be.
        after = {
            table.name: replace(
                table,
                **{
                    kind: tuple(replace(part, name="") for part in getattr(table, kind))
                    for kind in ("indexes", "uniques", "checks", "foreign_keys", "full_texts")
                },
            )
            for table in state
        }
        renames |= {
            f"epsilon.{old.partition('.')[2]}": new
            for old, new in renames.items()
            if old.startswith(f"{name}.")
        }
    return before, tuple(after.values()), renames


@st.composite
def evolved(draw: st.DrawFn, table: Table, other: Table, renames: dict[str, str]) -> Table:
    """Draw a table with wider types, other nullability, and a renamed column."""
    columns = []
    for column in table.columns:
        if column.name in TYPES:
            wider = TYPES[column.name][1]
            if wider and draw(st.booleans()):
                column = replace(column, type=draw(st.sampled_from(wider)))
            if draw(st.booleans()):
                column = replace(column, nullable=not column.nullable)
        columns.append(column)
    texts = {column.name for column in columns if column.type.kind == "text"}
    keep = [each for each in table.indexes if not texts & set(each.column_names)]
    made = replace(
        other,
        columns=tuple(columns),
        indexes=tuple(replace(each, name="") for each in keep),
        uniques=tuple(replace(each, name="") for each in table.uniques if not texts & set(each.columns)),
        checks=tuple(table.checks),
        foreign_keys=tuple(
            replace(each, name="") for each in table.foreign_keys if each.target == table.name
        ),
        full_texts=(),
    )
    if made.has_column("ratio") and draw(st.booleans()):
        renames[f"{table.name}.ratio"] = "share"
        state = State([made]).column_renamed(table.name, "ratio", "share").table(table.name)
        made = replace(
            state,
            indexes=tuple(replace(each, name="") for each in state.indexes),
            uniques=tuple(replace(each, name="") for each in state.uniques),
        )
    return made


def insert_rows(link: Link, before: tuple[Table, ...], seed: int) -> None:
    """Put three rows into each table; references are to rows that are there."""
    choose = random.Random(seed)
    for table in before:
        for number in (1, 2, 3):
            row: dict[str, Any] = {"id": number}
            for column in table.columns:
                if column.name in TYPES:
                    values = TYPES[column.name][2]
                    row[column.name] = choose.choice((None, *values) if column.nullable else values)
            put(link, table, row)
    for table in before:
        for key in table.foreign_keys:
            quote = "`" if link.dialect in ("mysql", "mariadb") else '"'
            name, column = quoted(table.name, quote), quoted(key.columns[0], quote)
            link.run(f"UPDATE {name} SET {column} = {choose.choice((1, 2, 3))}")


def put(link: Link, table: Table, row: dict[str, Any]) -> None:
    """Insert one row."""
    quote = "`" if link.dialect in ("mysql", "mariadb") else '"'
    names = ", ".join(quoted(name, quote) for name in row)
    holes = ", ".join(f":v{number}" for number in range(len(row)))
    link.execute(
        f"INSERT INTO {quoted(table.name, quote)} ({names}) VALUES ({holes})",
        {f"v{number}": value for number, value in enumerate(row.values())},
    )


def rows_of(link: Link, name: str) -> list[dict[str, Any]]:
    """Give the rows of a table in a form that does not depend on the width of types."""
    quote = "`" if link.dialect in ("mysql", "mariadb") else '"'
    found = link.execute(f"SELECT * FROM {quoted(name, quote)} ORDER BY id", {}).mappings()
    return [
        {key: float(value) if isinstance(value, Decimal | bool) else value for key, value in row.items()}
        for row in found
    ]


def catalogue(link: Link) -> dict[str, Any]:
    """Give everything that the database itself says of its tables."""
    inspector = sqlalchemy.inspect(link.connection)
    found: dict[str, Any] = {}
    for name in inspector.get_table_names():
        if name in JOURNAL_TABLES or name.startswith("fts_"):
            continue
        found[name] = {
            "columns": {
                each["name"]: (str(each["type"]), each["nullable"], str(each["default"]))
                for each in inspector.get_columns(name)
            },
            "key": inspector.get_pk_constraint(name)["constrained_columns"],
            "uniques": sorted(
                (each["name"], each["column_names"]) for each in inspector.get_unique_constraints(name)
            ),
            "keys": sorted(
                (each["name"], each["constrained_columns"], each["referred_table"], str(each["options"]))
                for each in inspector.get_foreign_keys(name)
            ),
            "checks": sorted(
                (each["name"], each["sqltext"]) for each in inspector.get_check_constraints(name)
            ),
            "indexes": sorted(
                (each["name"], each["column_names"], each["unique"]) for each in inspector.get_indexes(name)
            ),
        }
    return found


@pytest.fixture
def link(database_url: str) -> Iterator[Link]:
    """A connection to an empty database of each kind."""
    with open_link(database_url) as link:
        yield link


EXAMPLES = {"sqlite": 40, "postgresql": 15, "mariadb": 6}


@pytest.mark.slow
def test_tables_and_rows_survive_a_change_and_the_way_back(link: Link) -> None:
    """From any tables to any others and back: nothing is lost that was not dropped, and all is as it was."""

    @settings(
        max_examples=EXAMPLES[link.dialect],
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        database=None,
        # Shrinking would run for minutes on real servers.
        phases=(Phase.explicit, Phase.generate),
    )
    @given(changes(), st.integers(0, 9))
    def round_trip(drawn: tuple[tuple[Table, ...], tuple[Table, ...], dict[str, str]], seed: int) -> None:
        before, after, renames = drawn
        tables = [
            (table, name) for table in before for name in {table.name, renames.get(table.name, table.name)}
        ]
        drops = {table.name for table in before} | {
            f"{name}.{column}" for table, name in tables for column in table.column_names
        }
        drops -= set(renames)
        fills = {
            f"{table.name}.{column.name}": TYPES[column.name][2][0]
            for table in after
            for column in table.columns
            if column.name in TYPES
        }
        fills |= {f"{table.name}.share": 0.5 for table in after}
        first = Migration("0001_first", tuple(detect(State(), before)))
        state = Graph([first]).state()
        answers = Answers(renames=renames, drops=frozenset(drops), fills=fills)
        second = Migration("0002_second", tuple(detect(state, after, answers)), ("0001_first",))
        runner = Runner(link, Graph([first, second]))
        try:
            runner.migrate("0001")
            assert differences(link, before) == []
            insert_rows(link, before, seed)
            rows = {table.name: rows_of(link, table.name) for table in before}
            looked = catalogue(link)

            runner.migrate()
            assert differences(link, after) == []
            there = {table.name: table for table in after}
            kept = {name: there[moved] for name in rows if (moved := renames.get(name, name)) in there}
            for name, table in kept.items():
                for was, row in zip(rows[name], rows_of(link, table.name), strict=True):
                    for column, value in was.items():
                        target = renames.get(f"{name}.{column}", column)
                        if table.has_column(target) and column in TYPES and value is not None:
                            assert row[target] == value, (name, column)

            release(link, before, after, renames)
            runner.roll_back()
            assert differences(link, before) == []
            assert catalogue(link) == looked
            for name, table in kept.items():
                for was, row in zip(rows[name], rows_of(link, name), strict=True):
                    for column, value in was.items():
                        if (
                            column in TYPES
                            and value is not None
                            and table.has_column(renames.get(f"{name}.{column}", column))
                        ):
                            assert row[column] == value, (name, column)
        finally:
            wipe(link)

    round_trip()


def release(link: Link, before: tuple[Table, ...], after: tuple[Table, ...], renames: dict[str, str]) -> None:
    """Let no row refer to a table that is gone: it comes back without its rows."""
    quote = "`" if link.dialect in ("mysql", "mariadb") else '"'
    there = {table.name: table for table in after}
    for table in before:
        moved = renames.get(table.name, table.name)
        for key in table.foreign_keys:
            (column,) = key.columns
            is_gone = renames.get(key.target, key.target) not in there
            if is_gone and moved in there and there[moved].has_column(column):
                link.run(f"UPDATE {quoted(moved, quote)} SET {quoted(column, quote)} = NULL")


def wipe(link: Link) -> None:
    """Empty the database."""
    inspector = sqlalchemy.inspect(link.connection)
    quote = "`" if link.dialect in ("mysql", "mariadb") else '"'
    if link.dialect == "sqlite":
        link.run("PRAGMA foreign_keys = OFF")
    elif link.dialect != "postgresql":
        link.run("SET foreign_key_checks = 0")
    for name in inspector.get_table_names():
        if name == "sqlite_sequence" or (
            link.dialect == "sqlite" and name.startswith("fts_") and name.count("_") > 3
        ):
            continue
        link.run(
            f"DROP TABLE IF EXISTS {quoted(name, quote)}{' CASCADE' if link.dialect == 'postgresql' else ''}"
        )
    if link.dialect == "sqlite":
        link.run("PRAGMA foreign_keys = ON")
    elif link.dialect != "postgresql":
        link.run("SET foreign_key_checks = 1")


def run_migration(what: str, url: str) -> subprocess.Popen[str]:
    """Start a process that migrates."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.contracts.killed_migration", what, url],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def check_everything_was_done_once(link: Link) -> None:
    """The tables are those of the last migration, and each change of rows has happened once."""
    state = Graph(MIGRATIONS).state()
    assert differences(link, state) == []
    visits = link.query("SELECT visits, level, handle, address FROM members ORDER BY id")
    assert visits == [(3, 3, f"{number}@x.org", f"{number}@x.org") for number in range(3)]
    assert link.query("SELECT count(*) FROM _asok_migration_steps") == [(0,)]
    assert set(Runner(link, Graph(MIGRATIONS)).journal.applied()) == {"0001_start", "0002_change"}


@pytest.mark.slow
def test_killed_migration_goes_on_at_the_next_run(link: Link, database_url: str) -> None:
    """kill -9 before and after every statement: runs afterwards complete it, and nothing happens twice (reliability 122)."""
    process = run_migration("kill", database_url)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert int(out) > 10
    check_everything_was_done_once(link)


@pytest.mark.slow
def test_of_several_that_migrate_one_does_the_work(link: Link, database_url: str) -> None:
    """Nodes that deploy at once wait for each other; all end well, and the work is done once."""
    processes = [run_migration("once", database_url) for _ in range(3)]
    ended = [(process.communicate(timeout=120), process.returncode) for process in processes]
    assert [code for _, code in ended] == [0, 0, 0], ended
    told = "".join(out for (out, _), _ in ended)
    assert told.count("applied 0001_start") == told.count("applied 0002_change") == 1, told
    check_everything_was_done_once(link)


@pytest.mark.slow
def test_code_of_the_previous_version_keeps_writing_during_an_additive_migration(
    link: Link, database_url: str
) -> None:
    """Nothing that only adds makes an insert of running code fail or vanish (reliability 122)."""
    first = Migration("0001_start", (CreateTable(TEAMS),))
    second = Migration(
        "0002_more",
        (
            AddColumn("teams", Column("colour", types.string(20), nullable=True)),
            AddColumn("teams", Column("size", types.integer()), fill=1),
            AddIndex("teams", Index(("name",))),
            CreateTable(PEOPLE),
        ),
        ("0001_start",),
    )
    Runner(link, Graph([first])).migrate()
    stop, errors, written = threading.Event(), list[BaseException](), [0]

    def insert() -> None:
        with open_link(database_url) as own:
            while not stop.is_set():
                try:
                    own.execute("INSERT INTO teams (name) VALUES (:name)", {"name": f"team {written[0]}"})
                    written[0] += 1
                except MigrationError as error:
                    errors.append(error)
                    return

    writer = threading.Thread(target=insert)
    writer.start()
    try:
        while written[0] < 5 and not errors:
            time.sleep(0.01)
        Runner(link, Graph([first, second])).migrate()
        seen = written[0]
        while written[0] < seen + 5 and not errors:
            time.sleep(0.01)
    finally:
        stop.set()
        writer.join()
    assert not errors
    assert link.query("SELECT count(*), min(size) FROM teams") == [(written[0], 1)]


class Kind(Enum):
    """Choices of a field."""

    ONE = "one"


#: What kinds of fields need to be told.
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "Array": (Field.String(),),
    "Dropdown": (["a", "b"],),
    "Enum": (Kind,),
    "ForeignKey": ("EveryLabel",),
    "Vector": (3,),
}


def test_models_with_every_kind_of_field_have_their_tables(link: Link) -> None:
    """What models describe is made on each database, and nothing differs afterwards."""

    class EveryLabel(Model):
        name = Field.String(unique=True)

    # The vectors of PostgreSQL need an extension that is not everywhere.
    names = [name for name in Field.__all__ if (name, link.dialect) != ("Vector", "postgresql")]
    fields = {f"a_{name.lower()}": getattr(Field, name)(*ARGUMENTS.get(name, ())) for name in names}
    made = type("EveryKind", (Model,), {**fields, "labels": Relation.BelongsToMany(EveryLabel)})
    found = [made.__description__.table, EveryLabel.__description__.table]
    found += made.__description__.relations["labels"].tables()
    Runner(link, Graph([Migration("0001_first", tuple(detect(State(), found)))])).migrate()
    assert differences(link, found) == []
    assert len(found[0].columns) == len(names) + 1
