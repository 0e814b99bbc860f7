"""What breaks running code, loses rows or blocks everybody is unsafe; what only adds is not."""

from __future__ import annotations

import pytest

from asok_engine.migrations.link import Data
from asok_engine.migrations.operations import (
    AddColumn,
    AddConstraint,
    AddFullText,
    AddIndex,
    AlterColumn,
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
    RunPython,
    RunSQL,
)
from asok_engine.migrations.risks import risk_of
from asok_engine.migrations.state import State
from asok_engine.sql import types
from asok_engine.sql.tables import NOW, Check, Column, ForeignKey, FullText, Index, Sql, Table, Unique
from tests.engine.migrations.samples import ID, STATE


def note(data: Data) -> None:
    """Note."""


SAFE = [
    CreateTable(Table("posts", (ID,), foreign_keys=(ForeignKey(("id",), "users"),))),
    AddColumn("users", Column("a", types.text(), nullable=True)),
    AddColumn("users", Column("a", types.integer()), fill=1),
    AddColumn("users", Column("a", types.datetime()), fill=NOW),
    AddIndex("users", Index(("email",))),
    AddConstraint("users", Unique(("age",))),
    AddConstraint("users", Check("age > 0")),
    AddConstraint("users", ForeignKey(("age",), "teams")),
    AlterColumn("users", Column("email", types.string(200))),
    AlterColumn("users", Column("email", types.text())),
    AlterColumn("users", Column("email", types.string(100), nullable=True)),
    AlterColumn("users", Column("age", types.integer(), nullable=True, server_default=1)),
    DropIndex("users", "ix_users_age"),
    DropConstraint("users", "uq_users_email"),
    RenameConstraint("users", "uq_users_email", "x"),
    RunSQL(["UPDATE users SET age = 1"]),
    RunPython(note),
]
UNSAFE = [
    DropTable("users"),
    DropColumn("teams", "name"),
    RenameTable("users", "people"),
    RenameColumn("users", "age", "years"),
    AddColumn("users", Column("a", types.text()), fill=Sql("email")),
    AlterColumn("users", Column("age", types.bigint(), nullable=True)),
    AlterColumn("users", Column("email", types.string(10))),
    AlterColumn("users", Column("age", types.integer())),
    DropFullText("users", "fts_users_email_bio"),
]


@pytest.mark.parametrize("operation", SAFE, ids=lambda operation: operation.describe())
def test_what_only_adds_is_safe(operation: Operation) -> None:
    """Code of the previous version goes on, on PostgreSQL."""
    risk = risk_of(operation, STATE, "postgresql")
    assert not risk.is_unsafe
    assert risk.survives


@pytest.mark.parametrize("operation", UNSAFE, ids=lambda operation: operation.describe())
@pytest.mark.parametrize("dialect", ["postgresql", "mariadb"])
def test_what_breaks_running_code_is_unsafe_and_says_what_to_do(operation: Operation, dialect: str) -> None:
    """The reason and the way around are there to be read."""
    risk = risk_of(operation, STATE, dialect)  # type: ignore[arg-type]
    assert risk.is_unsafe
    assert risk.why.endswith(".")


def test_lost_rows_are_said() -> None:
    """Dropping is told apart from breaking."""
    assert risk_of(DropTable("users"), STATE, "sqlite").loses
    assert not risk_of(RenameTable("users", "x"), STATE, "sqlite").loses


def test_tables_of_the_same_run_are_nobodys_yet() -> None:
    """What this run itself has made can be changed in any way."""
    for operation in UNSAFE:
        assert not risk_of(operation, STATE, "postgresql", {"users", "teams"}).is_unsafe


def test_locks_are_those_of_the_database() -> None:
    """An index blocks writes on PostgreSQL unless it is built beside them; SQLite copies for a rebuild."""
    index = AddIndex("users", Index(("email",)))
    assert risk_of(index, STATE, "postgresql").lock == "writes, while the index is built"
    beside = AddIndex("users", Index(("email",)), concurrent=True)
    assert risk_of(beside, STATE, "postgresql").lock == ""
    assert risk_of(AddConstraint("users", Check("age > 0")), STATE, "sqlite").rewrites
    assert not risk_of(index, STATE, "sqlite").rewrites
    search = risk_of(AddFullText("teams", FullText(("name",))), STATE, "postgresql")
    assert search.rewrites
    assert search.is_unsafe


def test_default_that_running_code_relies_on_is_not_taken_away_unnoticed() -> None:
    """Code that leaves the column out would fail."""
    table = Table("t", (ID, Column("n", types.integer(), server_default=1)))
    assert risk_of(AlterColumn("t", Column("n", types.integer())), State([table]), "postgresql").is_unsafe
