"""Which operations are done together: rebuilds of SQLite that are shared, and other databases left alone."""

from __future__ import annotations

import pytest

from asok_engine.migrations.operations import (
    AddColumn,
    AddConstraint,
    AddIndex,
    AlterColumn,
    CreateTable,
    DropColumn,
    DropConstraint,
    DropIndex,
    Operation,
    RenameColumn,
    RenameConstraint,
    RunSQL,
)
from asok_engine.migrations.spelling import is_rebuild, spell
from asok_engine.migrations.state import State
from asok_engine.sql import types
from asok_engine.sql.metadata import DialectName
from asok_engine.sql.tables import NOW, Check, Column, Index, Sql, Table, Unique
from tests.engine.migrations.samples import ID, STATE


def texts(operation: Operation, dialect: DialectName, state: State = STATE) -> list[str]:
    """Give the texts of all steps of one operation, on one line each."""
    return [
        " ".join(step.text.split())
        for spelled in spell([operation], state, dialect)
        for step in spelled.steps
    ]


def test_changes_of_one_table_share_a_rebuild_on_sqlite() -> None:
    """Three changes copy the rows once, and what comes between tables ends it."""
    operations = [
        AlterColumn("users", Column("age", types.bigint(), nullable=True)),
        DropConstraint("users", "uq_users_email"),
        AddIndex("users", Index(("email",))),
        AddConstraint("teams", Unique(("name",))),
        DropIndex("users", "ix_users_age"),
    ]
    spelled = list(spell(operations, STATE, "sqlite"))
    assert [len(each.operations) for each in spelled] == [3, 1, 1]
    assert sum(step.text.startswith('INSERT INTO "_rebuilt_users"') for step in spelled[0].steps) == 1
    assert spelled[-1].after == operations[-1].apply(spelled[1].after)


@pytest.mark.parametrize(
    ("operation", "rebuilds"),
    [
        (AddColumn("users", Column("a", types.text(), nullable=True)), False),
        (AddColumn("users", Column("a", types.integer()), fill=1), False),
        (AddColumn("users", Column("a", types.datetime()), fill=NOW), True),
        (AddColumn("users", Column("a", types.text()), fill=Sql("email")), True),
        (AddColumn("users", Column("a", types.integer(), computed="age + 1")), True),
        (RenameColumn("users", "age", "years"), False),
        (AddIndex("users", Index(("email",))), False),
        (RenameConstraint("users", "ix_users_age", "by_age"), False),
        (RenameConstraint("users", "uq_users_email", "one_mail"), True),
        (DropColumn("teams", "name"), True),
        (AddConstraint("users", Check("age > 1")), True),
    ],
)
def test_sqlite_rebuilds_only_what_it_cannot_alter(operation: Operation, rebuilds: bool) -> None:
    """The rows are copied only when there is no other way."""
    assert is_rebuild(operation, STATE) is rebuilds
    told = texts(operation, "sqlite")
    assert any("_rebuilt_" in text for text in told) is rebuilds


def test_tables_of_other_databases_only_change_the_state() -> None:
    """What belongs to another alias is not told here, and later operations know of it."""
    there = Table("there", (ID,), database="other")
    operations = [
        CreateTable(there),
        AddColumn("there", Column("a", types.text(), nullable=True)),
        RunSQL(["x"], database="other"),
    ]
    assert list(spell(operations, STATE, "sqlite")) == []
    assert [len(each.steps) for each in spell(operations, STATE, "sqlite", "other")] == [1, 1, 1]


def test_sql_for_one_database_is_not_told_to_others() -> None:
    """`only` names those that understand it."""
    assert texts(RunSQL(["VACUUM"], only=["sqlite"]), "postgresql") == []
    assert texts(RunSQL(["VACUUM"], only=["sqlite"]), "sqlite") == ["VACUUM"]
