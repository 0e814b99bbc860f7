"""What one operation is in SQL, as one would write it by hand for each database."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from asok_engine.migrations.operations import (
    AddColumn,
    AddConstraint,
    AddFullText,
    AddIndex,
    AlterColumn,
    CreateTable,
    DropConstraint,
    DropIndex,
    Operation,
    RenameColumn,
    RenameConstraint,
    RenameTable,
)
from asok_engine.migrations.state import State
from asok_engine.migrations.wording import steps_of
from asok_engine.sql import types
from asok_engine.sql.metadata import DialectName
from asok_engine.sql.tables import Check, Column, ForeignKey, FullText, Index, Sql, Table
from tests.engine.migrations.samples import ID, STATE, TEAMS


def texts(operation: Operation, dialect: DialectName, state: State = STATE) -> list[str]:
    """Give the texts of all steps of one operation, on one line each."""
    steps = steps_of(operation, state, operation.apply(state), dialect)
    return [" ".join(step.text.split()) for step in steps]


@pytest.mark.parametrize(
    ("operation", "postgresql", "mariadb"),
    [
        (
            AddColumn("users", Column("level", types.integer()), fill=3),
            ["ALTER TABLE users ADD COLUMN level INTEGER DEFAULT 3 NOT NULL"],
            ["ALTER TABLE users ADD COLUMN level INTEGER NOT NULL DEFAULT 3"],
        ),
        (
            AddColumn("users", Column("low", types.string(9)), fill=Sql("lower(email)")),
            [
                "ALTER TABLE users ADD COLUMN low VARCHAR(9)",
                'UPDATE "users" SET "low" = lower(email)',
                'ALTER TABLE "users" ALTER COLUMN "low" SET NOT NULL',
            ],
            [
                "ALTER TABLE users ADD COLUMN low VARCHAR(9)",
                "UPDATE `users` SET `low` = lower(email)",
                "ALTER TABLE `users` MODIFY COLUMN low VARCHAR(9) NOT NULL",
            ],
        ),
        (
            AlterColumn("users", Column("age", types.bigint()), fill=0),
            [
                'UPDATE "users" SET "age" = 0 WHERE "age" IS NULL',
                'ALTER TABLE "users" ALTER COLUMN "age" TYPE BIGINT USING "age"::BIGINT',
                'ALTER TABLE "users" ALTER COLUMN "age" SET NOT NULL',
            ],
            [
                "UPDATE `users` SET `age` = 0 WHERE `age` IS NULL",
                "ALTER TABLE `users` MODIFY COLUMN age BIGINT NOT NULL",
            ],
        ),
        (
            AlterColumn("users", Column("age", types.integer(), nullable=True, server_default=1)),
            ['ALTER TABLE "users" ALTER COLUMN "age" SET DEFAULT 1'],
            ["ALTER TABLE `users` MODIFY COLUMN age INTEGER DEFAULT 1"],
        ),
        (
            DropConstraint("users", "uq_users_email"),
            ['ALTER TABLE "users" DROP CONSTRAINT "uq_users_email"'],
            ["DROP INDEX `uq_users_email` ON `users`"],
        ),
        (
            DropConstraint("users", "fk_users_team_id"),
            ['ALTER TABLE "users" DROP CONSTRAINT "fk_users_team_id"'],
            [
                "ALTER TABLE `users` DROP FOREIGN KEY `fk_users_team_id`",
                "DROP INDEX `fk_users_team_id` ON `users`",
            ],
        ),
        (
            DropIndex("users", "ix_users_team_id"),
            ['DROP INDEX "ix_users_team_id"'],
            [
                "CREATE INDEX `fk_users_team_id` ON `users` (`team_id`)",
                "DROP INDEX `ix_users_team_id` ON `users`",
            ],
        ),
        (
            RenameConstraint("users", "uq_users_email", "one_mail"),
            ['ALTER TABLE "users" RENAME CONSTRAINT "uq_users_email" TO "one_mail"'],
            ["ALTER TABLE `users` RENAME INDEX `uq_users_email` TO `one_mail`"],
        ),
        (
            RenameConstraint("users", "ix_users_age", "by_age"),
            ['ALTER INDEX "ix_users_age" RENAME TO "by_age"'],
            ["ALTER TABLE `users` RENAME INDEX `ix_users_age` TO `by_age`"],
        ),
        (
            AddConstraint("users", Check("age < 5 OR email LIKE '%x'", "young")),
            ["ALTER TABLE users ADD CONSTRAINT young CHECK (age < 5 OR email LIKE '%x')"],
            ["ALTER TABLE users ADD CONSTRAINT young CHECK (age < 5 OR email LIKE '%x')"],
        ),
        (
            RenameTable("teams", "groups"),
            ['ALTER TABLE "teams" RENAME TO "groups"'],
            ["ALTER TABLE `teams` RENAME TO `groups`"],
        ),
    ],
    ids=lambda value: value.describe() if isinstance(value, Operation) else "",
)
def test_statements_of_postgresql_and_mariadb(
    operation: Operation, postgresql: list[str], mariadb: list[str]
) -> None:
    """The statements are those that one would write by hand."""
    assert texts(operation, "postgresql") == postgresql
    assert texts(operation, "mariadb") == mariadb


def test_text_is_not_cut_silently_by_postgresql() -> None:
    """Between texts there is no cast, so that a value which is too long is refused."""
    operation = AlterColumn("users", Column("email", types.string(5)))
    assert 'ALTER TABLE "users" ALTER COLUMN "email" TYPE VARCHAR(5)' in texts(operation, "postgresql")


def test_searchable_text_makes_way_for_a_change_of_its_column() -> None:
    """A generated column is dropped before and made again after, where the database demands it."""
    told = texts(AlterColumn("users", Column("email", types.text())), "postgresql")
    assert told[0] == 'ALTER TABLE "users" DROP COLUMN "fts_users_email_bio"'
    assert "ADD COLUMN fts_users_email_bio TSVECTOR" in told[2]
    renamed = texts(RenameColumn("users", "email", "mail"), "mariadb")
    assert [text.split()[0] for text in renamed] == [
        "ALTER",
        "DROP",
        "ALTER",
        "ALTER",
        "ALTER",
        "CREATE",
        "ALTER",
    ]
    assert "CHECK (length(mail) > 2)" in renamed[-1]


def test_index_can_be_built_beside_writes_on_postgresql() -> None:
    """It is no part of a transaction, and what an earlier try has left goes first."""
    operation = AddIndex("users", Index(("email",)), concurrent=True)
    steps = steps_of(operation, STATE, operation.apply(STATE), "postgresql")
    assert [step.in_transaction for step in steps] == [False, False]
    assert steps[1].text == "CREATE INDEX CONCURRENTLY ix_users_email ON users (email)"
    assert texts(operation, "sqlite") == ["CREATE INDEX ix_users_email ON users (email)"]


def test_counted_key_is_made_and_unmade_on_postgresql() -> None:
    """A key that the database is to count goes on from the largest."""
    state = State([Table("t", (Column("id", types.bigint()),))])
    counted = AlterColumn("t", ID)
    told = texts(counted, "postgresql", state)
    assert told[0].endswith('"id" ADD GENERATED BY DEFAULT AS IDENTITY')
    assert "setval" in told[1]
    assert texts(counted.undo(state), "postgresql", counted.apply(state))[0].endswith(
        "DROP IDENTITY IF EXISTS"
    )


def test_schemas_and_vectors_of_postgresql_are_prepared() -> None:
    """The schema and the extension are made where they are missing."""
    table = Table("docs", (ID, Column("place", types.vector(3))), schema="private")
    told = texts(CreateTable(table), "postgresql")
    assert told[:2] == ['CREATE SCHEMA IF NOT EXISTS "private"', "CREATE EXTENSION IF NOT EXISTS vector"]
    added = texts(AddColumn("teams", Column("place", types.vector(3), nullable=True)), "postgresql")
    assert added == ["CREATE EXTENSION IF NOT EXISTS vector", "ALTER TABLE teams ADD COLUMN place VECTOR(3)"]


def test_added_search_finds_rows_that_are_there() -> None:
    """SQLite is told to index them; the others fill their generated column themselves."""
    operation = AddFullText("teams", FullText(("name",)))
    assert 'INSERT INTO "fts_teams_name"("fts_teams_name") VALUES (\'rebuild\')' in texts(operation, "sqlite")
    assert (
        texts(operation, "mariadb")[1] == "CREATE FULLTEXT INDEX ix_fts_teams_name ON teams (fts_teams_name)"
    )


def test_renamed_sqlite_table_has_its_search_made_again() -> None:
    """FTS5 knows the table by its name and does not follow."""
    told = texts(RenameTable("users", "people"), "sqlite")
    assert told.index('ALTER TABLE "users" RENAME TO "people"') < told.index(
        next(text for text in told if "content='people'" in text)
    )


def test_foreign_key_to_a_table_elsewhere_is_written() -> None:
    """The table that is referred to need not be in the statement."""
    key = ForeignKey(("age",), "teams", on_delete="set null")
    assert texts(AddConstraint("users", key), "postgresql") == [
        "ALTER TABLE users ADD CONSTRAINT fk_users_age FOREIGN KEY(age) REFERENCES teams (id) ON DELETE SET NULL"
    ]
    assert (
        "REFERENCES elsewhere (id)"
        in texts(
            CreateTable(replace(TEAMS, name="t", foreign_keys=(ForeignKey(("id",), "elsewhere"),))), "sqlite"
        )[0]
    )
