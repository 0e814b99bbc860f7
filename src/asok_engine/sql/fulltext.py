"""Full-text search on each database: what keeps the searchable text up to date.

SQLite: an FTS5 table that reads its text from the table, and three triggers.
PostgreSQL: a generated tsvector column. MySQL and MariaDB: a generated text column
whose collation ignores case. Each is kept up to date by the database itself, also
for rows that something else writes. Only text is written here; nothing is run.
"""

from __future__ import annotations

from asok_engine.sql.tables import FullText, Table

__all__ = [
    "drop_fts5_statements",
    "fts5_statements",
    "fts5_triggers",
    "mysql_document",
    "postgresql_document",
    "quoted",
    "rebuild_fts5_statement",
]


def quoted(name: str, quote: str = '"') -> str:
    """Quote a name for SQL."""
    return f"{quote}{name.replace(quote, quote * 2)}{quote}"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def postgresql_document(search: FullText) -> str:
    """Write the expression of the generated tsvector column."""
    parts = " || ' ' || ".join(f"coalesce({quoted(name)}, '')" for name in search.columns)
    return f"to_tsvector({_text(search.language)}::regconfig, {parts})"


def mysql_document(search: FullText) -> str:
    """Write the expression of the generated text column."""
    columns = ", ".join(quoted(name, "`") for name in search.columns)
    return f"concat_ws(' ', {columns})"


def fts5_statements(search: FullText, table: Table, *, filled: bool = False) -> list[str]:
    """Write what makes an FTS5 table and its triggers; `filled` also indexes the rows that are there."""
    columns = ", ".join(quoted(name) for name in search.columns)
    made = [
        f"CREATE VIRTUAL TABLE {quoted(search.name)} USING fts5({columns}, content={_text(table.name)}, "
        "tokenize='unicode61 remove_diacritics 2')"
    ]
    if filled:
        made.append(rebuild_fts5_statement(search))
    return [*made, *fts5_triggers(search, table)]


def fts5_triggers(search: FullText, table: Table) -> list[str]:
    """Write the triggers that carry every change of a row into the FTS5 table."""
    name, source = quoted(search.name), quoted(table.name)
    columns = ", ".join(quoted(column) for column in search.columns)

    def values(row: str) -> str:
        return ", ".join(f"{row}.{quoted(column)}" for column in search.columns)

    add = f"INSERT INTO {name}(rowid, {columns}) VALUES (new.rowid, {values('new')});"
    # The form in which FTS5 wants to hear of a row that goes: with the values that it had.
    remove = f"INSERT INTO {name}({name}, rowid, {columns}) VALUES ('delete', old.rowid, {values('old')});"
    return [
        f"CREATE TRIGGER {quoted(f'{search.name}_insert')} AFTER INSERT ON {source} BEGIN {add} END",
        f"CREATE TRIGGER {quoted(f'{search.name}_delete')} AFTER DELETE ON {source} BEGIN {remove} END",
        f"CREATE TRIGGER {quoted(f'{search.name}_update')} AFTER UPDATE ON {source} BEGIN {remove} {add} END",
    ]


def rebuild_fts5_statement(search: FullText) -> str:
    """Write what indexes every row anew; needed when rows were written without the triggers."""
    name = quoted(search.name)
    return f"INSERT INTO {name}({name}) VALUES ('rebuild')"


def drop_fts5_statements(search: FullText) -> list[str]:
    """Write what removes an FTS5 table and its triggers."""
    triggers = [
        f"DROP TRIGGER IF EXISTS {quoted(f'{search.name}_{event}')}"
        for event in ("insert", "delete", "update")
    ]
    return [*triggers, f"DROP TABLE IF EXISTS {quoted(search.name)}"]
