"""Every table can be written for every database, and SQLite does what is written."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from asok_engine.errors import SetupError
from asok_engine.sql import types
from asok_engine.sql.metadata import (
    DIALECTS,
    DialectName,
    create_statements,
    literal_sql,
    server_default_sql,
    sqlalchemy_dialect,
    sqlalchemy_metadata,
    sqlalchemy_type,
)
from asok_engine.sql.tables import NOW, Check, Column, ForeignKey, FullText, Index, Sql, Table, Unique
from asok_engine.sql.types import KINDS, ColumnType

TYPES: dict[str, ColumnType] = {
    **{kind: ColumnType(kind) for kind in KINDS},
    "string": types.string(40),
    "enum": types.enum("a", "b"),
    "decimal": types.decimal(12, 3),
    "array": types.array(types.integer()),
    "vector": types.vector(3),
    "binary16": types.binary(16),
}

#: What each database calls each type; a change here is a change of every table that users have.
SPELLED: dict[DialectName, dict[str, str]] = {
    "sqlite": {
        "array": "TEXT",
        "bigint": "BIGINT",
        "binary": "BLOB",
        "binary16": "BLOB",
        "boolean": "BOOLEAN",
        "date": "DATE",
        "datetime": "DATETIME",
        "decimal": "NUMERIC(12, 3)",
        "duration": "BIGINT",
        "enum": "VARCHAR(32)",
        "float": "DOUBLE",
        "inet": "VARCHAR(43)",
        "integer": "INTEGER",
        "json": "TEXT",
        "smallint": "SMALLINT",
        "string": "VARCHAR(40)",
        "text": "TEXT",
        "time": "TIME",
        "uuid": "CHAR(36)",
        "vector": "BLOB",
    },
    "postgresql": {
        "array": "INTEGER[]",
        "bigint": "BIGINT",
        "binary": "BYTEA",
        "binary16": "BYTEA",
        "boolean": "BOOLEAN",
        "date": "DATE",
        "datetime": "TIMESTAMP WITH TIME ZONE",
        "decimal": "NUMERIC(12, 3)",
        "duration": "INTERVAL",
        "enum": "VARCHAR(32)",
        "float": "DOUBLE PRECISION",
        "inet": "INET",
        "integer": "INTEGER",
        "json": "JSONB",
        "smallint": "SMALLINT",
        "string": "VARCHAR(40)",
        "text": "TEXT",
        "time": "TIME WITHOUT TIME ZONE",
        "uuid": "UUID",
        "vector": "VECTOR(3)",
    },
    "mysql": {
        "array": "JSON",
        "bigint": "BIGINT",
        "binary": "LONGBLOB",
        "binary16": "VARBINARY(16)",
        "boolean": "BOOL",
        "date": "DATE",
        "datetime": "DATETIME(6)",
        "decimal": "NUMERIC(12, 3)",
        "duration": "BIGINT",
        "enum": "VARCHAR(32)",
        "float": "DOUBLE",
        "inet": "VARCHAR(43)",
        "integer": "INTEGER",
        "json": "JSON",
        "smallint": "SMALLINT",
        "string": "VARCHAR(40)",
        "text": "LONGTEXT",
        "time": "TIME(6)",
        "vector": "LONGBLOB",
        "uuid": "CHAR(36) CHARACTER SET ascii COLLATE ascii_bin",
    },
}
SPELLED["mariadb"] = {**SPELLED["mysql"], "uuid": "UUID"}

USERS = Table(
    "users",
    (
        Column("id", types.bigint(), autoincrement=True),
        Column("email", types.string(190)),
        Column("bio", types.text(), nullable=True, server_default="it's 100% :here \\"),
        Column("made_at", types.datetime(), server_default=NOW),
        Column("active", types.boolean(), server_default=True),
        Column("team_id", types.bigint(), nullable=True),
    ),
    indexes=(Index(("-made_at", "email")),),
    uniques=(Unique(("email",)),),
    checks=(Check("length(email) > 2"),),
    foreign_keys=(ForeignKey(("team_id",), "teams", on_delete="set null"),),
    full_texts=(FullText(("email", "bio")),),
)
TEAMS = Table(
    "teams",
    (Column("id", types.bigint(), autoincrement=True), Column("lead_id", types.bigint(), nullable=True)),
    foreign_keys=(ForeignKey(("lead_id",), "users"),),
)


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    """A database with the tables, made in an order that their keys do not care for."""
    with contextlib.closing(sqlite3.connect(":memory:")) as made:
        made.execute("PRAGMA foreign_keys = ON")
        for statement in create_statements((TEAMS, USERS), "sqlite"):
            made.execute(statement)
        yield made


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_type_is_spelled_as_promised(dialect: DialectName) -> None:
    """Each kind has its place on each database, and none is left out."""
    spelled = {
        name: sqlalchemy_type(kind, dialect).compile(dialect=sqlalchemy_dialect(dialect))
        for name, kind in TYPES.items()
    }
    assert spelled == SPELLED[dialect]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_everything_of_a_table_is_written(dialect: DialectName) -> None:
    """Keys, constraints, indexes and search reach the database under their names."""
    text = "\n".join(create_statements([USERS, TEAMS], dialect))
    names = [
        "uq_users_email",
        "fk_users_team_id",
        "fk_teams_lead_id",
        "ix_users_made_at_email",
        "fts_users_email_bio",
    ]
    for name in (*names, USERS.checks[0].name, "ON DELETE SET NULL"):
        assert name in text, text
    assert "%%" not in text
    assert set(sqlalchemy_metadata([USERS, TEAMS], dialect).tables) == {"users", "teams"}


def test_constraints_hold_in_sqlite(connection: sqlite3.Connection) -> None:
    """What is written is what SQLite enforces."""
    connection.execute("INSERT INTO users (email) VALUES ('ann@x.org')")
    for refused in (
        "INSERT INTO users (email) VALUES ('ann@x.org')",
        "INSERT INTO users (email) VALUES ('a')",
        "INSERT INTO users (email, team_id) VALUES ('bob@x.org', 9)",
        "INSERT INTO users (email, active) VALUES ('bob@x.org', NULL)",
    ):
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute(refused)


def test_defaults_of_the_database_are_values_of_the_column(connection: sqlite3.Connection) -> None:
    """A row that something else inserts has the same values as one of ours."""
    connection.execute("INSERT INTO users (email) VALUES ('ann@x.org')")
    bio, made_at, active = connection.execute("SELECT bio, made_at, active FROM users").fetchone()
    assert bio == "it's 100% :here \\"
    assert abs(datetime.fromisoformat(made_at).replace(tzinfo=UTC) - datetime.now(UTC)) < timedelta(
        seconds=30
    )
    assert len(made_at) == 26
    assert active == 1


def test_counted_key_is_never_given_twice(connection: sqlite3.Connection) -> None:
    """The id of a deleted row is not the id of the next one."""
    connection.execute("INSERT INTO teams DEFAULT VALUES")
    connection.execute("DELETE FROM teams")
    connection.execute("INSERT INTO teams DEFAULT VALUES")
    assert connection.execute("SELECT id FROM teams").fetchall() == [(2,)]


@pytest.mark.parametrize(
    ("value", "kind", "written"),
    [
        (None, "text", ("NULL", "NULL", "NULL")),
        (True, "boolean", ("1", "true", "1")),
        (3, "integer", ("3", "3", "3")),
        (Decimal("1.50"), "decimal", ("1.50", "1.50", "1.50")),
        ("it's \\", "text", ("'it''s \\'", "'it''s \\'", "'it''s \\\\'")),
        (b"\x00\xff", "binary", ("x'00ff'", "'\\x00ff'::bytea", "x'00ff'")),
        (date(2026, 1, 2), "date", ("'2026-01-02'",) * 3),
        (time(1, 2), "time", ("'01:02:00.000000'",) * 3),
        (timedelta(hours=1), "duration", ("3600000000", "'3600000000 microseconds'::interval", "3600000000")),
        (UUID(int=1), "uuid", (f"'{UUID(int=1)}'",) * 3),
        ("[]", "array", ("'[]'", "'{}'", "'[]'")),
        ("{1}", "array", ("'{1}'", "'{1}'", "'{1}'")),
        (
            '["a\\"b\\\\,", null, true, 1]',
            "array",
            (
                '\'["a\\"b\\\\,", null, true, 1]\'',
                '\'{"a\\"b\\\\,",NULL,"true","1"}\'',
                '\'["a\\\\"b\\\\\\\\,", null, true, 1]\'',
            ),
        ),
        (
            datetime(2026, 1, 2, 3, tzinfo=UTC),
            "datetime",
            (
                "'2026-01-02 03:00:00.000000'",
                "'2026-01-02 03:00:00.000000+00:00'",
                "'2026-01-02 03:00:00.000000'",
            ),
        ),
    ],
)
def test_values_are_written_as_the_database_reads_them(
    value: Any, kind: str, written: tuple[str, ...]
) -> None:
    """A default of any type is the same value on each database."""
    dialects: tuple[DialectName, ...] = ("sqlite", "postgresql", "mariadb")
    assert tuple(literal_sql(value, TYPES[kind], dialect) for dialect in dialects) == written


def test_expression_is_left_as_it_stands() -> None:
    """Who writes SQL as a default means that SQL."""
    column = Column("n", types.integer(), server_default=Sql("1 + 1"))
    assert server_default_sql(column, "sqlite") == "1 + 1"
    assert server_default_sql(Column("n", types.integer()), "sqlite") is None


def test_mysql_takes_defaults_of_long_types_as_expressions() -> None:
    """Text and JSON have defaults on MySQL too, in its own form."""
    column = Column("n", types.json(), server_default="{}")
    assert server_default_sql(column, "mysql") == "('{}')"
    assert server_default_sql(column, "postgresql") == "'{}'"


def test_partial_index_on_mysql_is_refused() -> None:
    """An index that would silently mean something else is not made."""
    table = Table(
        "users",
        (Column("id", types.bigint()), Column("email", types.string())),
        indexes=(Index(("email",), unique=True, where="email <> ''"),),
    )
    assert "WHERE email <> ''" in create_statements([table], "postgresql")[1]
    assert "WHERE email <> ''" in create_statements([table], "sqlite")[1]
    with pytest.raises(SetupError, match="ix_users_email"):
        create_statements([table], "mysql")


def test_method_and_operators_reach_postgresql_only() -> None:
    """An index of PostgreSQL's own kind is made there, and left out where there is none."""
    table = Table(
        "docs",
        (Column("id", types.bigint()), Column("place", types.vector(3))),
        indexes=(Index(("place",), using="hnsw", operators="vector_cosine_ops"),),
    )
    assert "USING hnsw (place vector_cosine_ops)" in create_statements([table], "postgresql")[1]
    assert len(create_statements([table], "sqlite")) == 1


def test_unknown_dialect_is_refused() -> None:
    """A database that we do not know is named with those that we do."""
    with pytest.raises(SetupError, match="sqlite, postgresql, mysql, mariadb"):
        sqlalchemy_dialect("oracle")  # type: ignore[arg-type]
