"""Every difference between models and migrations is found, and nothing is guessed."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from asok_engine.errors import SetupError, UsageError
from asok_engine.migrations.detect import Answers, UnclearChange, detect, migration_title
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
    RenameColumn,
    RenameConstraint,
    RenameTable,
    Side,
)
from asok_engine.migrations.state import State
from asok_engine.sql import types
from asok_engine.sql.tables import NOW, Check, Column, ForeignKey, FullText, Index, Table, Unique
from tests.engine.migrations.samples import ID, STATE, TEAMS, USERS


def users(**changes: Any) -> list[Table]:
    """Give the sample tables with changes of the users; names of parts are made anew."""
    for key in ("indexes", "uniques", "checks", "foreign_keys", "full_texts"):
        if key in changes:
            continue
        changes[key] = tuple(replace(part, name="") for part in getattr(USERS, key))
    return [TEAMS, replace(USERS, **changes)]


def with_column(*columns: Column) -> tuple[Column, ...]:
    names = {column.name for column in columns}
    return (*(column for column in USERS.columns if column.name not in names), *columns)


def test_nothing_changed_is_nothing_to_do() -> None:
    """Also in another order of columns and with choices added to an enum."""
    assert detect(STATE, [USERS, TEAMS]) == []
    assert detect(STATE, [TEAMS, replace(USERS, columns=USERS.columns[::-1])]) == []
    first = Table("t", (ID, Column("kind", types.enum("a"))))
    assert detect(State([first]), [Table("t", (ID, Column("kind", types.enum("a", "b"))))]) == []


def test_tables_are_created_in_order_and_circles_closed_afterwards() -> None:
    """Each comes after those that it refers to."""
    lead = replace(
        TEAMS,
        columns=(*TEAMS.columns, Column("lead_id", types.bigint())),
        foreign_keys=(ForeignKey(("lead_id",), "users"),),
    )
    made = detect(State(), [USERS, lead])
    assert [type(each) for each in made] == [CreateTable, CreateTable, AddConstraint]
    assert made[-1] == AddConstraint("teams", lead.foreign_keys[0])


def test_joining_tables_are_created_as_such() -> None:
    """A many-to-many relation has its table, and it is readable (aksara 3.3)."""
    pivot = CreateManyToMany("a", Side("t", "teams", types.bigint()), Side("u", "users", types.bigint()))
    assert detect(STATE, [TEAMS, USERS, pivot.table]) == [pivot]


def test_dropped_tables_go_after_those_that_refer_to_them() -> None:
    """No foreign key stands in the way."""
    assert detect(STATE, [], Answers()) == [DropTable("users"), DropTable("teams")]
    key = DropConstraint("users", "fk_users_team_id")
    assert detect(STATE, users(foreign_keys=())[1:]) == [key, DropTable("teams")]


@pytest.mark.parametrize(
    ("changes", "operations"),
    [
        (
            {"columns": with_column(Column("nick", types.string(), nullable=True))},
            [AddColumn("users", Column("nick", types.string(), nullable=True))],
        ),
        (
            {"columns": with_column(Column("age", types.bigint(), nullable=True))},
            [AlterColumn("users", Column("age", types.bigint(), nullable=True))],
        ),
        (
            {"columns": with_column(Column("age", types.integer()))},
            [AlterColumn("users", Column("age", types.integer()))],
        ),
        (
            {"columns": with_column(Column("age", types.integer(), nullable=True, server_default=1))},
            [AlterColumn("users", Column("age", types.integer(), nullable=True, server_default=1))],
        ),
        ({"indexes": (Index(("age",)),)}, [DropIndex("users", "ix_users_team_id")]),
        (
            {"indexes": (*USERS.indexes, Index(("email", "-age")))},
            [AddIndex("users", Index(("email", "-age"), "ix_users_email_age"))],
        ),
        (
            {"indexes": (Index(("age",), unique=True), Index(("team_id",)))},
            [
                DropIndex("users", "ix_users_age"),
                AddIndex("users", Index(("age",), "ix_users_age", unique=True)),
            ],
        ),
        ({"uniques": ()}, [DropConstraint("users", "uq_users_email")]),
        (
            {"uniques": (*USERS.uniques, Unique(("age",)))},
            [AddConstraint("users", Unique(("age",), "uq_users_age"))],
        ),
        (
            {"checks": (Check("age > 0", "old_enough"),)},
            [
                DropConstraint("users", USERS.checks[0].name),
                AddConstraint("users", Check("age > 0", "old_enough")),
            ],
        ),
        (
            {"foreign_keys": (ForeignKey(("team_id",), "teams"),)},
            [
                DropConstraint("users", "fk_users_team_id"),
                AddConstraint("users", ForeignKey(("team_id",), "teams", name="fk_users_team_id")),
            ],
        ),
        (
            {"full_texts": (FullText(("bio",)),)},
            [
                DropFullText("users", "fts_users_email_bio"),
                AddFullText("users", FullText(("bio",), "fts_users_bio")),
            ],
        ),
        (
            {"uniques": (Unique(("email",), "one_mail"),)},
            [RenameConstraint("users", "uq_users_email", "one_mail")],
        ),
    ],
)
def test_each_kind_of_change_is_found(changes: dict[str, Any], operations: list[Any]) -> None:
    """Columns, types, nullability, defaults, indexes, constraints, keys and search."""
    assert detect(STATE, users(**changes)) == operations


def test_column_with_another_expression_is_made_anew() -> None:
    """What the database computes is not converted."""
    before = Table("t", (ID, Column("sum", types.integer(), computed="id + 1")))
    after = replace(before, columns=(ID, Column("sum", types.integer(), computed="id + 2")))
    assert detect(State([before]), [after]) == [DropColumn("t", "sum"), AddColumn("t", after.columns[1])]


def test_dropped_column_goes_after_what_uses_it() -> None:
    """Its index goes before it."""
    columns = tuple(column for column in USERS.columns if column.name != "age")
    made = detect(STATE, users(columns=columns, indexes=(Index(("team_id",)),)))
    assert made == [DropIndex("users", "ix_users_age"), DropColumn("users", "age")]


def test_key_between_columns_that_change_type_is_dropped_meanwhile() -> None:
    """No database compares two types under a foreign key."""
    wide = Column("id", types.integer(), autoincrement=True)
    changed = users(columns=with_column(Column("team_id", types.integer(), nullable=True)))
    made = detect(STATE, [replace(TEAMS, columns=(wide, *TEAMS.columns[1:])), changed[1]])
    assert isinstance(made[0], DropConstraint)
    assert isinstance(made[-1], AddConstraint)
    assert [type(each) for each in made[1:-1]] == [AlterColumn, AlterColumn]


def renamed_columns() -> list[Table]:
    columns = tuple(
        replace(column, name="mail") if column.name == "email" else column for column in USERS.columns
    )
    return users(
        columns=columns,
        uniques=(Unique(("mail",)),),
        checks=(Check("length(mail) > 2"),),
        full_texts=(FullText(("mail", "bio")),),
    )


def test_rename_is_never_guessed() -> None:
    """Without an answer nothing is written, and the message has both flags (aksara 3.3, asok 7.13)."""
    with pytest.raises(UnclearChange, match=r"--rename users\.email=mail, or --drop users\.email"):
        detect(STATE, renamed_columns())
    with pytest.raises(UnclearChange, match="--rename teams=groups, or --drop teams"):
        detect(State([TEAMS]), [replace(TEAMS, name="groups")])


def test_answered_rename_keeps_the_column() -> None:
    """A flag or a person says so; constraints get the names that go with it."""
    asked: list[tuple[str, str]] = []

    def ask(old: str, new: str) -> bool:
        asked.append((old, new))
        return True

    by_flag = detect(STATE, renamed_columns(), Answers(renames={"users.email": "mail"}))
    by_person = detect(STATE, renamed_columns(), Answers(ask_rename=ask))
    assert by_flag == by_person
    assert asked == [("users.email", "users.mail")]
    assert by_flag[0] == RenameColumn("users", "email", "mail")
    assert RenameConstraint("users", "uq_users_email", "uq_users_mail") in by_flag
    assert not any(isinstance(each, DropColumn | AddColumn | DropConstraint) for each in by_flag)


def test_answered_drop_is_a_drop() -> None:
    """Who says --drop, or no on a terminal, gets both operations."""
    tables = [TEAMS, Table("t", (ID, Column("b", types.text(), nullable=True)))]
    state = State([TEAMS, Table("t", (ID, Column("a", types.text(), nullable=True)))])
    wanted = [AddColumn("t", Column("b", types.text(), nullable=True)), DropColumn("t", "a")]
    assert detect(state, tables, Answers(drops=frozenset({"t.a"}))) == wanted
    assert detect(state, tables, Answers(ask_rename=lambda old, new: False)) == wanted


def test_different_things_are_not_asked_about() -> None:
    """A date that comes is no text that went."""
    state = State([Table("t", (ID, Column("a", types.text(), nullable=True)))])
    made = detect(state, [Table("t", (ID, Column("b", types.date(), nullable=True)))])
    assert [type(each) for each in made] == [AddColumn, DropColumn]


def test_table_is_renamed_with_what_refers_to_it() -> None:
    """The foreign key of the other table needs no operation."""
    groups = replace(TEAMS, name="groups")
    tables = [groups, users(foreign_keys=(ForeignKey(("team_id",), "groups", on_delete="cascade"),))[1]]
    assert detect(STATE, tables, Answers(renames={"teams": "groups"})) == [RenameTable("teams", "groups")]


def test_rename_to_what_is_not_there_is_refused() -> None:
    """A slip in --rename is found."""
    with pytest.raises(UsageError, match="'mial'"):
        detect(STATE, renamed_columns(), Answers(renames={"users.email": "mial"}))
    with pytest.raises(UsageError, match="'gruops'"):
        detect(State([TEAMS]), [replace(TEAMS, name="groups")], Answers(renames={"teams": "gruops"}))


def test_required_column_is_filled_or_refused() -> None:
    """A default of the field, a flag, or a person gives the value; else nothing is written."""
    column = Column("level", types.integer())
    tables = users(columns=with_column(column))
    with pytest.raises(UnclearChange, match=r"--fill users\.level=VALUE"):
        detect(STATE, tables)
    for answers in (Answers(fills={"users.level": 3}), Answers(ask_fill=lambda table, column: 3)):
        assert detect(STATE, tables, answers) == [AddColumn("users", column, fill=3)]
    with pytest.raises(UnclearChange):
        detect(STATE, tables, Answers(ask_fill=lambda table, column: None))


def test_kept_default_is_no_difference_and_one_of_the_model_is() -> None:
    """The default that a migration left in the database does not come up again."""
    bare = Column("level", types.integer())
    state = AddColumn("users", bare, fill=3).apply(STATE)
    assert detect(state, users(columns=with_column(bare))) == []
    own = replace(bare, server_default=4)
    assert detect(state, users(columns=with_column(own))) == [AlterColumn("users", own)]


def test_column_that_becomes_required_is_filled_from_the_default() -> None:
    """Rows without a value get the model's."""
    column = Column("age", types.integer())
    made = detect(STATE, users(columns=with_column(column)), Answers(fills={"users.age": 0}))
    assert made == [AlterColumn("users", column, fill=0)]


def test_what_migrations_do_not_do_is_refused() -> None:
    """Another key and another database are told with a way to do it."""
    with pytest.raises(SetupError, match="primary key"):
        detect(State([TEAMS]), [replace(TEAMS, primary_key=("name",))])
    with pytest.raises(SetupError, match="'default' to 'other'"):
        detect(State([TEAMS]), [replace(TEAMS, database="other")])


@pytest.mark.parametrize(
    ("operations", "title"),
    [
        ([CreateTable(TEAMS)], "create_teams"),
        ([AddColumn("users", Column("nick name", types.text(), nullable=True))], "add_users_nick_name"),
        ([DropTable("users"), DropTable("teams")], "drop_users_and_1_more"),
        ([AddColumn("users", Column("at", types.datetime()), fill=NOW)], "add_users_at"),
    ],
)
def test_migration_is_named_after_what_it_does(operations: list[Any], title: str) -> None:
    """One sees in a folder what a file is about."""
    assert migration_title(operations) == title
