"""A state stays whole: what refers to something follows it, and holds it back from going."""

from __future__ import annotations

import pytest

from asok_engine.errors import SetupError
from asok_engine.migrations.state import State, parts, renamed_in_sql
from asok_engine.sql import types
from asok_engine.sql.tables import Check, Column, ForeignKey, Index, Table
from tests.engine.migrations.samples import ID, STATE, TEAMS, USERS


def test_foreign_keys_follow_a_renamed_table() -> None:
    """Every table that refers to it refers to the other name, and the earlier state is as it was."""
    renamed = STATE.renamed("teams", "groups")
    assert renamed.table("users").foreign_keys[0].target == "groups"
    assert "teams" not in renamed
    assert STATE.table("users").foreign_keys[0].target == "teams"


def test_everything_follows_a_renamed_column() -> None:
    """Keys, indexes, constraints, searches and SQL speak of the other name; names of constraints stay."""
    users = STATE.column_renamed("users", "email", "mail").table("users")
    assert users.has_column("mail")
    assert users.uniques[0].columns == ("mail",)
    assert users.uniques[0].name == "uq_users_email"
    assert users.checks[0].condition == "length(mail) > 2"
    assert users.full_texts[0].columns == ("mail", "bio")
    assert STATE.column_renamed("teams", "id", "key").table("users").foreign_keys[0].target_columns == (
        "key",
    )
    table = Table("t", (ID, Column("a", types.integer())), indexes=(Index(("-a",), where="a > 0"),))
    assert State([table]).column_renamed("t", "a", "b").table("t").indexes[0] == Index(
        ("-b",), "ix_t_a", where="b > 0"
    )


def test_key_of_a_table_that_refers_to_itself_follows() -> None:
    """Both sides of the key are renamed."""
    table = Table("t", (ID, Column("up", types.bigint())), foreign_keys=(ForeignKey(("up",), "t"),))
    renamed = State([table]).column_renamed("t", "id", "key").renamed("t", "tree").table("tree")
    assert renamed.foreign_keys[0].target_columns == ("key",)
    assert renamed.foreign_keys[0].target == "tree"
    assert renamed.primary_key == ("key",)


@pytest.mark.parametrize(
    ("sql", "renamed"),
    [
        ("name <> 'name' AND name(x) = name", "other <> 'name' AND name(x) = other"),
        ('"name" > 0 OR surname = `name`', '"other" > 0 OR surname = `other`'),
        ("x = 'it''s name'", "x = 'it''s name'"),
        ("names > 1", "names > 1"),
    ],
)
def test_column_is_renamed_in_sql_only_where_it_is_one(sql: str, renamed: str) -> None:
    """Texts, functions and longer names stay."""
    assert renamed_in_sql(sql, "name", "other") == renamed


def test_what_is_in_use_cannot_go() -> None:
    """The message names what has to go before."""
    with pytest.raises(SetupError, match=r"DropConstraint\('users', 'fk_users_team_id'\)"):
        STATE.dropped("teams")
    with pytest.raises(SetupError, match="'ix_users_age' uses it"):
        STATE.column_dropped("users", "age")
    with pytest.raises(SetupError, match="primary key"):
        STATE.column_dropped("users", "id")
    assert "teams" not in STATE.part_dropped("users", "fk_users_team_id").dropped("teams")


def test_unknown_names_are_told_with_those_that_are_there() -> None:
    """A slip in a migration is found before anything runs."""
    with pytest.raises(SetupError, match="'nobody'.*teams, users"):
        STATE.table("nobody")
    with pytest.raises(SetupError, match="'ix_nothing'.*ix_users_age"):
        STATE.part("users", "ix_nothing")
    with pytest.raises(SetupError, match="second time"):
        STATE.created(TEAMS)
    with pytest.raises(SetupError, match="there is a table 'users'"):
        STATE.renamed("teams", "users")
    with pytest.raises(SetupError, match="no column 'nothing'"):
        STATE.column_altered("users", Column("nothing", types.text()))


def test_default_that_a_migration_has_kept_is_remembered_and_follows() -> None:
    """It goes with the column through renames, and ends when the column is altered or goes."""
    column = Column("level", types.integer(), server_default=1)
    state = STATE.column_added("users", column, keeps_default=True)
    moved = state.column_renamed("users", "level", "rank").renamed("users", "people")
    assert moved.kept_defaults == {("people", "rank")}
    assert not moved.column_altered("people", Column("rank", types.bigint())).kept_defaults
    assert not moved.column_dropped("people", "rank").kept_defaults
    assert not moved.dropped("people").kept_defaults
    assert STATE.kept_defaults == frozenset()


def test_parts_are_added_dropped_and_renamed_by_name() -> None:
    """Each kind goes where it belongs and gets its name."""
    state = STATE.part_added("users", Check("age > 0")).part_renamed("users", "ix_users_age", "by_age")
    users = state.table("users")
    assert len(users.checks) == 2
    assert [index.name for index in users.indexes] == ["by_age", "ix_users_team_id"]
    assert len(parts(users)) == len(parts(USERS)) + 1
    assert state.part_dropped("users", users.checks[1].name).table("users").checks == USERS.checks
