"""A table of SQLite that is made anew keeps its rows and everything that holds them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from asok_engine.migrations.link import Link, MigrationError, open_link
from asok_engine.migrations.live import differences
from asok_engine.migrations.operations import (
    AddColumn,
    AlterColumn,
    CreateTable,
    DropColumn,
    RenameColumn,
    RunSQL,
)
from asok_engine.migrations.runner import Runner
from asok_engine.sql import types
from asok_engine.sql.tables import NOW, Column, Sql, Table, Unique
from tests.engine.migrations.samples import ID, graph_of, migrated

WIDER = AlterColumn("users", Column("age", types.bigint(), nullable=True))
FILL = RunSQL(
    [
        "INSERT INTO teams (name) VALUES ('red')",
        "INSERT INTO users (email, bio, age, team_id) VALUES ('ann@x.org', 'swims', 7, 1), ('bob@x.org', NULL, NULL, 1)",
    ]
)


@pytest.fixture
def link(sqlite_url: str) -> Iterator[Link]:
    """An empty database."""
    with open_link(sqlite_url) as link:
        yield link


def test_every_constraint_index_and_key_is_kept(link: Link) -> None:
    """Altering one column leaves UNIQUE, CHECK, foreign keys and indexes of the others (asok 3.4 C19, C20)."""
    runner = migrated(link, [FILL], [WIDER])
    assert differences(link, runner.graph.state()) == []
    for refused in (
        "INSERT INTO users (email) VALUES ('ann@x.org')",
        "INSERT INTO users (email) VALUES ('x')",
        "INSERT INTO users (email, team_id) VALUES ('new@x.org', 99)",
    ):
        with pytest.raises(MigrationError, match="constraint failed"):
            link.run(refused)
    assert link.query("SELECT id, email, age, team_id FROM users") == [
        (1, "ann@x.org", 7, 1),
        (2, "bob@x.org", None, 1),
    ]


def test_rows_that_refer_to_the_table_stay(link: Link) -> None:
    """Replacing the table cascades to nobody, and references hold afterwards."""
    migrated(link, [FILL], [AlterColumn("teams", Column("name", types.text()))])
    assert link.query("SELECT count(*) FROM users WHERE team_id = 1") == [(2,)]
    link.run("DELETE FROM teams")
    assert link.query("SELECT count(*) FROM users") == [(0,)]


def test_search_goes_on_finding(link: Link) -> None:
    """The full-text index knows the rows under their row ids, and follows changes."""
    migrated(link, [FILL], [WIDER])
    query = "SELECT rowid FROM fts_users_email_bio('\"swims\"')"
    assert link.query(query) == [(1,)]
    link.run("UPDATE users SET bio = 'runs' WHERE id = 1")
    assert link.query(query) == []


def test_ids_of_deleted_rows_are_not_given_again(link: Link) -> None:
    """The counter is carried over."""
    delete = RunSQL(["DELETE FROM users WHERE id = 2"])
    migrated(link, [FILL, delete], [WIDER])
    link.run("INSERT INTO users (email) VALUES ('cat@x.org')")
    assert link.query("SELECT max(id) FROM users") == [(3,)]


def test_triggers_indexes_and_views_made_by_hand_stay(link: Link) -> None:
    """What no migration knows is carried over; an index that a migration drops is not."""
    by_hand = RunSQL(
        [
            "CREATE TABLE log (text TEXT)",
            "CREATE TRIGGER note AFTER INSERT ON users BEGIN INSERT INTO log VALUES (new.email); END",
            "CREATE INDEX own ON users (email, age)",
            "CREATE VIEW adults AS SELECT * FROM users WHERE age > 17",
        ]
    )
    migrated(link, [FILL, by_hand], [WIDER])
    link.run("INSERT INTO users (email, age) VALUES ('cat@x.org', 20)")
    assert link.query("SELECT text FROM log") == [("cat@x.org",)]
    assert link.query("SELECT email FROM adults") == [("cat@x.org",)]
    assert link.query("SELECT name FROM sqlite_master WHERE name = 'own'") == [("own",)]


def test_new_columns_are_filled_while_the_rows_are_copied(link: Link) -> None:
    """From an expression on the old columns, with the moment, or with the value for rows without one."""
    migrated(
        link,
        [FILL],
        [
            AddColumn("users", Column("handle", types.string(100)), fill=Sql("upper(email)")),
            AddColumn("users", Column("seen_at", types.datetime()), fill=NOW),
            AlterColumn("users", Column("age", types.integer()), fill=-1),
            AddColumn("users", Column("double", types.integer(), nullable=True, computed="age * 2")),
        ],
    )
    assert link.query("SELECT handle, length(seen_at), age, double FROM users") == [
        ("ANN@X.ORG", 26, 7, 14),
        ("BOB@X.ORG", 26, -1, -2),
    ]


def test_types_are_converted_or_refused(link: Link) -> None:
    """SQLite would keep anything; here a value that does not fit stops the migration with nothing changed."""
    migrated(link, [FILL], [AlterColumn("users", Column("age", types.text(), nullable=True))])
    assert link.query("SELECT typeof(age) FROM users ORDER BY id") == [("text",), ("null",)]
    fits = AlterColumn("users", Column("age", types.integer(), nullable=True))
    migrated(link, [FILL], [AlterColumn("users", Column("age", types.text(), nullable=True))], [fits])
    assert link.query("SELECT age, typeof(age) FROM users ORDER BY id")[0] == (7, "integer")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (Column("email", types.integer()), "ann@x.org"),
        (Column("email", types.decimal(8, 2)), "ann@x.org"),
        (Column("email", types.string(5)), "ann@x.org"),
    ],
)
def test_value_that_does_not_fit_stops_the_migration(link: Link, column: Column, value: str) -> None:
    """It is shown, and using= is the way out."""
    migrated(link, [FILL])
    with pytest.raises(MigrationError, match=rf"'{value}'; nothing was changed.*using="):
        migrated(link, [FILL], [AlterColumn("users", column)])
    assert link.query("SELECT email FROM users WHERE id = 1") == [("ann@x.org",)]
    migrated(link, [FILL], [AlterColumn("users", column, using="id + 1000")])


def test_broken_references_stop_a_rebuild(link: Link) -> None:
    """Rows that were wrong before are told, instead of being carried on."""
    link.run("PRAGMA foreign_keys = OFF")
    migrated(link)
    link.run("INSERT INTO users (email, team_id) VALUES ('ann@x.org', 99)")
    with pytest.raises(MigrationError, match="'users' has 1 rows that refer to rows of 'teams'"):
        migrated(link, [WIDER])


def test_column_is_dropped_and_renamed_with_its_rows(link: Link) -> None:
    """Other columns keep what they have."""
    migrated(link, [FILL], [RenameColumn("users", "email", "mail"), DropColumn("teams", "name")])
    assert link.query("SELECT mail FROM users ORDER BY id") == [("ann@x.org",), ("bob@x.org",)]
    assert link.query("SELECT * FROM teams") == [(1,)]


def test_names_that_need_quotes_are_quoted(sqlite_url: str) -> None:
    """A table may be called as it likes."""
    name = 'or"der by'
    table = Table(
        name,
        (ID, Column("gro up", types.integer(), nullable=True)),
        uniques=(Unique(("gro up",), "one group"),),
    )
    change = AlterColumn(name, Column("gro up", types.bigint(), nullable=True))
    with open_link(sqlite_url) as link:
        runner = Runner(link, graph_of([CreateTable(table)], [change]))
        runner.migrate()
        assert differences(link, runner.graph.state()) == []
