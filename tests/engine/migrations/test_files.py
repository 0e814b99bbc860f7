"""A migration is written so that it reads well, and reads back as what was written."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from asok_engine.errors import SetupError
from asok_engine.migrations.files import load_graph, migration_source, write_migration
from asok_engine.migrations.graph import Graph
from asok_engine.migrations.operations import (
    AddColumn,
    AddConstraint,
    AddFullText,
    AddIndex,
    AlterColumn,
    CreateManyToMany,
    CreateTable,
    DropColumn,
    DropConstraint,
    DropFullText,
    DropIndex,
    DropTable,
    Operation,
    RenameColumn,
    RenameConstraint,
    RenameTable,
    RunSQL,
    Side,
)
from asok_engine.sql import types
from asok_engine.sql.tables import NOW, Check, Column, ForeignKey, FullText, Index, Sql, Table, Unique
from tests.engine.migrations.samples import ID, TEAMS, USERS

EVERYTHING: list[Operation] = [
    CreateTable(TEAMS),
    CreateTable(USERS),
    CreateTable(
        Table(
            "all kinds",
            (
                Column("key", types.uuid(), server_default=UUID(int=1)),
                Column("price", types.decimal(10, 0), server_default=Decimal("1.50")),
                Column("at", types.datetime(), server_default=datetime(2026, 1, 2, tzinfo=UTC)),
                Column("now", types.datetime(), server_default=NOW),
                Column("day", types.date(), server_default=date(2026, 1, 2)),
                Column("clock", types.time(), server_default=time(1, 2)),
                Column("span", types.duration(), server_default=timedelta(days=1)),
                Column("tags", types.array(types.string(9)), nullable=True),
                Column("state", types.enum("it's", 'a "b"'), server_default='a "b" it\'s'),
                Column("ratio", types.float_(), server_default=Sql("1.0 / 3")),
                Column("place", types.vector(3), nullable=True),
                Column("raw", types.binary(16), server_default=b"\x00"),
                Column("sum", types.integer(), computed="1 + 1"),
                Column("flags", types.json()),
                Column("ip", types.inet()),
                Column("text", types.text()),
                Column("small", types.smallint()),
                Column("flag", types.boolean(), server_default=False),
            ),
            primary_key=("key", "day"),
            indexes=(
                Index(("-at", "day"), "own", unique=True, where="flag", using="gin", operators="x_ops"),
            ),
            checks=(Check("price > 0", "positive"),),
            foreign_keys=(ForeignKey(("key", "day"), "t", ("a", "b"), "set null", deferred=True),),
            database="other",
            schema="private",
        )
    ),
    CreateManyToMany("m", Side("a", "teams", types.bigint()), Side("b", "users", types.bigint(), "key")),
    AddColumn("users", Column("level", types.integer()), fill=3),
    AddColumn("users", Column("at", types.datetime()), fill=NOW),
    AlterColumn("users", Column("age", types.bigint()), using="age + 1", fill=0),
    AddIndex("users", Index(("age",)), concurrent=True),
    AddConstraint("users", Unique(("age", "email"))),
    AddConstraint("users", ForeignKey(("age",), "teams", name="own name")),
    AddFullText("users", FullText(("bio",), language="english")),
    RenameColumn("users", "email", "mail"),
    RenameConstraint("users", "uq_users_email", "uq_users_mail"),
    RenameTable("users", "people"),
    DropIndex("people", "a"),
    DropConstraint("people", "b"),
    DropFullText("people", "c"),
    DropColumn("people", "d"),
    DropTable("people"),
    RunSQL(["UPDATE people SET a = 'it''s'"], [], ["sqlite"]),
]


@pytest.mark.parametrize("face", ["asok", "aksara"])
def test_what_is_written_reads_back_as_it_was(tmp_path: Path, face: str) -> None:
    """Every operation, type and kind of value survives, with the words of either face."""
    path = write_migration(tmp_path, Graph(), "everything", EVERYTHING, face=face, dependencies=())
    assert path.name == "0001_everything.py"
    (migration,) = load_graph(tmp_path).order
    assert list(migration.operations) == EVERYTHING
    assert f"from {face}.migrations import (" in path.read_text()


def test_file_is_readable(tmp_path: Path) -> None:
    """Names that follow from the rest are left out, long things take one line each."""
    assert (
        migration_source([CreateTable(USERS), DropTable("old")], ["0001_start"], face="asok")
        == '''\
"""Create table users; drop table old."""

from asok.migrations import (
    Check,
    Column,
    CreateTable,
    DropTable,
    ForeignKey,
    FullText,
    Index,
    Table,
    Unique,
    bigint,
    integer,
    string,
    text,
)

dependencies = ["0001_start"]

operations = [
    CreateTable(
        Table(
            "users",
            (
                Column("id", bigint(), autoincrement=True),
                Column("email", string(100)),
                Column("bio", text(), nullable=True),
                Column("age", integer(), nullable=True),
                Column("team_id", bigint(), nullable=True),
            ),
            indexes=(Index(("age",)), Index(("team_id",))),
            uniques=(Unique(("email",)),),
            checks=(Check("length(email) > 2"),),
            foreign_keys=(ForeignKey(("team_id",), "teams", on_delete="cascade"),),
            full_texts=(FullText(("email", "bio")),),
        ),
    ),
    DropTable("old"),
]
'''
    )


def test_empty_migration_is_ready_to_be_filled_in() -> None:
    """It loads as it is."""
    assert migration_source([], ["0001_a"], face="asok") == (
        '"""Nothing yet."""\n\ndependencies = ["0001_a"]\n\noperations = []\n'
    )


def test_files_are_numbered_and_never_written_over(tmp_path: Path) -> None:
    """A name is a word; the next file has the next number."""
    write_migration(tmp_path / "deep", Graph(), "one", [], face="asok", dependencies=())
    graph = load_graph(tmp_path / "deep")
    assert (
        write_migration(tmp_path / "deep", graph, "two", [], face="asok", dependencies=graph.leaves).name
        == "0002_two.py"
    )
    with pytest.raises(FileExistsError):
        write_migration(tmp_path / "deep", graph, "two", [], face="asok", dependencies=())
    with pytest.raises(SetupError, match="'../evil'"):
        write_migration(tmp_path, graph, "../evil", [], face="asok", dependencies=())


def test_other_files_are_not_loaded(tmp_path: Path) -> None:
    """Only what begins with a number is a migration; a folder that is not there has none."""
    (tmp_path / "__init__.py").write_text("raise RuntimeError")
    (tmp_path / "notes.py").write_text("raise RuntimeError")
    assert load_graph(tmp_path).order == ()
    assert load_graph(tmp_path / "nothing").order == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("operations = [\n", "SyntaxError line 1"),
        ("\n\nimport nothing_here\n", "ModuleNotFoundError line 3"),
        ("x = 1\n", "no list `operations`"),
        ("operations = ['drop']\n", "no list `operations`"),
        ("operations = []\ndependencies = '0001_a'\n", "write a list of names"),
        (
            "from asok.migrations import *\noperations = [CreateTable(Table('', ()))]",
            "cannot be loaded: The name ''",
        ),
    ],
)
def test_file_that_is_no_migration_is_named(tmp_path: Path, text: str, said: str) -> None:
    """One sentence with the file, the line and what was expected."""
    (tmp_path / "0001_bad.py").write_text(text)
    with pytest.raises(SetupError, match=r"0001_bad\.py") as caught:
        load_graph(tmp_path)
    assert said in str(caught.value)


def test_layout_and_comments_may_change_after_it_was_applied(tmp_path: Path) -> None:
    """The checksum is of what is done."""
    path = tmp_path / "0001_a.py"
    sums = []
    for text in ("operations = []\n", "# why\noperations = [\n]\n", "operations = ()\n"):
        path.write_text(text)
        sums.append(load_graph(tmp_path).order[0].checksum)
    assert sums[0] == sums[1] != sums[2]


def test_flags_and_title_are_read(tmp_path: Path) -> None:
    """`atomic = False` and the first line of the docstring."""
    (tmp_path / "0001_a.py").write_text('"""Do it.\n\nMore."""\natomic = False\noperations = []\n')
    (migration,) = load_graph(tmp_path).order
    assert (migration.atomic, migration.title) == (False, "Do it.")
    assert ID.autoincrement
