"""Every operation leads somewhere and back."""

from __future__ import annotations

import pytest

from asok_engine.errors import SetupError
from asok_engine.migrations.link import Data
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
    RunPython,
    RunSQL,
    Side,
)
from asok_engine.migrations.state import State
from asok_engine.sql import types
from asok_engine.sql.tables import NOW, Check, Column, ForeignKey, FullText, Index, Sql, Table, Unique
from tests.engine.migrations.samples import ID, STATE, TEAMS

PLAIN = Column("plain", types.integer(), nullable=True)
MEMBERS = CreateManyToMany(
    "members", Side("team_id", "teams", types.bigint()), Side("user_id", "users", types.bigint())
)


@pytest.mark.parametrize(
    "operation",
    [
        CreateTable(Table("posts", (ID,))),
        MEMBERS,
        DropTable("users"),
        RenameTable("users", "people"),
        AddColumn("users", PLAIN),
        AddColumn("users", Column("level", types.integer()), fill=3),
        RenameColumn("users", "email", "mail"),
        AlterColumn("users", Column("age", types.bigint())),
        AddIndex("users", Index(("email",))),
        AddConstraint("users", Unique(("age",))),
        AddConstraint("users", Check("age > 0")),
        AddConstraint("users", ForeignKey(("age",), "teams")),
        RenameConstraint("users", "uq_users_email", "one_mail"),
        AddFullText("users", FullText(("bio",))),
    ],
    ids=lambda operation: operation.describe(),
)
def test_undoing_leads_back(operation: Operation) -> None:
    """After an operation and its undoing the state is what it was."""
    after = operation.apply(STATE)
    assert after != STATE
    assert operation.undo(STATE).apply(after) == STATE
    assert operation.describe()


@pytest.mark.parametrize(
    "operation",
    [
        DropIndex("users", "ix_users_age"),
        DropConstraint("users", "uq_users_email"),
        DropConstraint("users", STATE.table("users").checks[0].name),
        DropConstraint("users", "fk_users_team_id"),
        DropFullText("users", "fts_users_email_bio"),
        DropColumn("teams", "name"),
    ],
)
def test_what_was_dropped_comes_back(operation: Operation) -> None:
    """Parts and columns that are added again stand at the end, and are the same."""
    after = operation.apply(STATE)
    assert after != STATE
    again = operation.undo(STATE).apply(after)
    for table in STATE:
        assert set(again.table(table.name).columns) == set(table.columns)
        assert set(again.table(table.name).indexes) == set(table.indexes)
        assert set(again.table(table.name).uniques) == set(table.uniques)
        assert set(again.table(table.name).checks) == set(table.checks)
        assert set(again.table(table.name).foreign_keys) == set(table.foreign_keys)
        assert set(again.table(table.name).full_texts) == set(table.full_texts)


def test_required_column_needs_a_value_for_rows_that_are_there() -> None:
    """A fill, a default, or being nullable: one of them must be given."""
    bare = Column("level", types.integer())
    with pytest.raises(SetupError, match="fill="):
        AddColumn("users", bare).apply(STATE)
    for operation in (
        AddColumn("users", bare, fill=1),
        AddColumn("users", bare, fill=Sql("age")),
        AddColumn("users", Column("level", types.integer(), server_default=1)),
        AddColumn("users", Column("level", types.integer(), computed="age")),
    ):
        assert operation.apply(STATE).table("users").has_column("level")


def test_value_that_fills_stays_as_the_default_and_an_expression_does_not() -> None:
    """Code of the previous version can insert without the column; the moment counts as a value."""
    bare = Column("level", types.integer())
    state = AddColumn("users", bare, fill=1).apply(STATE)
    assert state.table("users").column("level").server_default == 1
    assert state.kept_defaults == {("users", "level")}
    assert AddColumn("users", bare, fill=NOW).keeps_default
    assert not AddColumn("users", bare, fill=Sql("age")).keeps_default
    undone = DropColumn("users", "level").undo(state)
    assert undone == AddColumn("users", bare, fill=1)


def test_joining_table_is_recognised() -> None:
    """The table of a many-to-many relation is written as such, and nothing else is."""
    assert CreateManyToMany.of(MEMBERS.table) == MEMBERS
    assert CreateManyToMany.of(TEAMS) is None
    assert [key.on_delete for key in MEMBERS.table.foreign_keys] == ["cascade", "cascade"]
    other = Table(
        "members", MEMBERS.table.columns, primary_key=("team_id",), foreign_keys=MEMBERS.table.foreign_keys
    )
    assert CreateManyToMany.of(other) is None
    extra = Table(
        "members",
        (*MEMBERS.table.columns, PLAIN),
        primary_key=MEMBERS.table.primary_key,
        foreign_keys=MEMBERS.table.foreign_keys,
    )
    assert CreateManyToMany.of(extra) is None


def test_wrong_word_for_dropping_is_corrected() -> None:
    """An index is no constraint; the message has the right word."""
    with pytest.raises(SetupError, match="Write DropConstraint"):
        DropIndex("users", "uq_users_email").apply(STATE)
    with pytest.raises(SetupError, match="Write DropIndex"):
        DropConstraint("users", "ix_users_age").apply(STATE)
    with pytest.raises(SetupError, match="Write DropIndex"):
        DropFullText("users", "ix_users_age").apply(STATE)


def test_sql_and_functions_say_how_they_are_undone_or_refuse() -> None:
    """What cannot be undone says so, with what to write."""

    def fill(data: Data) -> None:
        """Fill it."""

    with pytest.raises(SetupError, match="undo_with"):
        RunSQL(["UPDATE users SET age = 1"]).undo(STATE)
    with pytest.raises(SetupError, match="undo_with"):
        RunPython(fill).undo(STATE)
    assert RunPython(fill, RunPython.nothing).undo(STATE) == RunPython(RunPython.nothing, fill)
    assert RunPython(fill).describe() == "run fill: Fill it."
    assert RunSQL(["a"], ["b"], ["sqlite"]).undo(STATE) == RunSQL(["b"], ["a"], ["sqlite"], [])


def test_sql_can_say_what_it_does_to_tables() -> None:
    """The state follows what SQL is said to do, forward and back."""
    operation = RunSQL(
        ["ALTER TABLE ..."], ["..."], tables=[AddColumn("users", PLAIN), RenameTable("users", "people")]
    )
    after = operation.apply(STATE)
    assert after.table("people").has_column("plain")
    assert operation.undo(STATE).apply(after) == STATE


def test_bare_operation_is_none() -> None:
    """The base does nothing, and says so."""
    for call in (
        lambda: Operation().apply(State()),
        lambda: Operation().undo(State()),
        lambda: Operation().describe(),
    ):
        with pytest.raises(SetupError):
            call()
