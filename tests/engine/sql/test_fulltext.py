"""SQLite's full-text index follows every change of a row."""

from __future__ import annotations

import sqlite3

from asok_engine.sql import types
from asok_engine.sql.fulltext import (
    drop_fts5_statements,
    fts5_statements,
    mysql_document,
    postgresql_document,
    rebuild_fts5_statement,
)
from asok_engine.sql.metadata import create_statements
from asok_engine.sql.tables import Column, FullText, Table

SEARCH = FullText(("title", "body"), name="no'tes \"fts")
NOTES = Table(
    "no'tes",
    (
        Column("id", types.bigint(), autoincrement=True),
        Column("title", types.text()),
        Column("body", types.text(), nullable=True),
    ),
)


def found(connection: sqlite3.Connection, words: str) -> list[int]:
    query = f'SELECT rowid FROM "{SEARCH.name.replace(chr(34), chr(34) * 2)}" (?) ORDER BY rowid'
    return [row[0] for row in connection.execute(query, (words,))]


def test_index_follows_insert_update_and_delete() -> None:
    """A row is found by the words that it has now, whatever its names look like."""
    connection = sqlite3.connect(":memory:")
    for statement in [*create_statements([NOTES], "sqlite"), *fts5_statements(SEARCH, NOTES)]:
        connection.execute(statement)
    connection.execute(
        'INSERT INTO "no\'tes" (title, body) VALUES (?, ?), (?, NULL)', ("Größe", "warm", "cold")
    )
    assert found(connection, "grosse OR große OR grösse") == found(connection, "warm") == [1]
    connection.execute('UPDATE "no\'tes" SET body = ? WHERE id = 1', ("cold",))
    assert found(connection, "warm") == []
    assert found(connection, "cold") == [1, 2]
    connection.execute('DELETE FROM "no\'tes" WHERE id = 2')
    assert found(connection, "cold") == [1]
    connection.execute(rebuild_fts5_statement(SEARCH))
    assert found(connection, "cold") == [1]
    connection.close()


def test_index_of_a_table_with_rows_finds_them() -> None:
    """Search that is added later knows what was written before, and leaves nothing when it goes."""
    connection = sqlite3.connect(":memory:")
    for statement in create_statements([NOTES], "sqlite"):
        connection.execute(statement)
    connection.execute('INSERT INTO "no\'tes" (title) VALUES (?)', ("early",))
    for statement in fts5_statements(SEARCH, NOTES, filled=True):
        connection.execute(statement)
    assert found(connection, "early") == [1]
    for statement in drop_fts5_statements(SEARCH):
        connection.execute(statement)
    left = connection.execute("SELECT name FROM sqlite_master WHERE name LIKE '%fts%'").fetchall()
    assert left == []
    connection.close()


def test_generated_columns_quote_every_name() -> None:
    """A name or a language with quotes stays a name."""
    search = FullText(('a"b`c',), language="en'glish")
    assert postgresql_document(search) == "to_tsvector('en''glish'::regconfig, coalesce(\"a\"\"b`c\", ''))"
    assert mysql_document(search) == "concat_ws(' ', `a\"b``c`)"
