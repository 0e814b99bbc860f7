"""How SQLite changes what it cannot alter: a table beside it, the rows, and the place of the old one.

The table that is made is written from the state, with every constraint, key and
index on it, so nothing can be forgotten. Triggers and indexes that no migration
knows are carried over. Foreign keys must not be enforced meanwhile, else dropping
the old table would delete or refuse the rows that refer to it; the runner sees to
that and checks all of them before it commits.
Source: https://www.sqlite.org/lang_altertable.html, section 7.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from asok_engine.migrations.operations import AlterColumn
from asok_engine.migrations.steps import Step
from asok_engine.sql.fulltext import fts5_triggers, quoted, rebuild_fts5_statement
from asok_engine.sql.metadata import create_statements, literal_sql, value_sql
from asok_engine.sql.tables import Column, Table
from asok_engine.sql.types import ColumnType

__all__ = ["conversion_guards", "converted", "rebuild_steps"]

_TEXTS = ("string", "text", "enum", "inet", "uuid", "json", "array")
_WHOLE = ("smallint", "integer", "bigint", "duration")
_NUMBERS = (*_WHOLE, "float", "decimal", "boolean")


def rebuild_steps(before: Table, after: Table, values: Mapping[str, str]) -> list[Step]:
    """Give the steps that make `after` of `before`.

    `values` has, for each column that gets something from the old table, an
    expression on its columns; other columns get their default.
    """
    name, beside = quoted(after.name), quoted(f"_rebuilt_{after.name}"[:63])
    made = create_statements([replace(after, full_texts=())], "sqlite")
    # Why this text: a name is quoted by SQLAlchemy only where it must be.
    create = made[0].replace(f"CREATE TABLE {_as_written(after.name, made[0])}", f"CREATE TABLE {beside}", 1)
    written = [column.name for column in after.columns if column.name in values and not column.computed]
    columns = ", ".join(map(quoted, written))
    chosen = ", ".join(values[column] for column in written)
    steps = [
        Step(
            "remember",
            f"keep triggers and indexes of {name} that were made by hand",
            subject=after.name,
            known=_known_names(before),
        ),
        Step("ddl", create),
        Step("rows", f"INSERT INTO {beside} ({columns}) SELECT {chosen} FROM {name}"),
    ]
    if all(any(column.autoincrement for column in table.columns) for table in (before, after)):
        old, made_beside = _literal(after.name), _literal(f"_rebuilt_{after.name}"[:63])
        # Why: ids of rows that were deleted must not be given again.
        steps.append(Step("rows", f"DELETE FROM sqlite_sequence WHERE name = {made_beside}"))
        steps.append(
            Step(
                "rows",
                f"INSERT INTO sqlite_sequence (name, seq) SELECT {made_beside}, seq "
                f"FROM sqlite_sequence WHERE name = {old}",
            )
        )
    steps += [
        Step("ddl", f"DROP TABLE {name}"),
        # Why: without it SQLite refuses while a view speaks of the table that is being replaced.
        Step("ddl", "PRAGMA legacy_alter_table = ON"),
        Step("ddl", f"ALTER TABLE {beside} RENAME TO {name}"),
        Step("ddl", "PRAGMA legacy_alter_table = OFF"),
    ]
    steps += [Step("ddl", statement) for statement in made[1:]]
    for search in after.full_texts:
        steps += [Step("ddl", statement) for statement in fts5_triggers(search, after)]
        # Why: rows of a table without a counted key may have other row ids now.
        steps.append(Step("rows", rebuild_fts5_statement(search)))
    steps.append(Step("restore", f"make again what was kept of {name}", subject=after.name))
    return steps


def _known_names(table: Table) -> tuple[str, ...]:
    triggers = [
        f"{search.name}_{event}" for search in table.full_texts for event in ("insert", "delete", "update")
    ]
    return (*(index.name for index in table.indexes), *triggers)


def _as_written(name: str, statement: str) -> str:
    return name if statement.startswith(f"CREATE TABLE {name} ") else quoted(name)


def _literal(text: str) -> str:
    return literal_sql(text, ColumnType("text"), "sqlite")


def converted(old: Column, operation: AlterColumn, value: str) -> str:
    """Write what an altered column gets, from the expression of what was there."""
    after = operation.column
    if operation.using:
        value = operation.using
    elif old.type.kind in _NUMBERS and after.type.kind in _TEXTS:
        value = f"CAST({value} AS TEXT)"
    elif old.type.kind in _TEXTS and after.type.kind in _WHOLE:
        value = f"CAST({value} AS INTEGER)"
    elif old.type.kind in _TEXTS and after.type.kind in ("float", "decimal"):
        value = f"CAST({value} AS NUMERIC)"
    if operation.fill is not None:
        written = value_sql(operation.fill, after.type, "sqlite")
        value = f"coalesce({value}, {written})"
    return value


def conversion_guards(table: str, old: Column, operation: AlterColumn, value: str) -> Sequence[Step]:
    """Give the queries that find rows which the new type cannot hold; SQLite would store anything."""
    after = operation.column.type
    if operation.using:
        return ()
    bad = ""
    if old.type.kind in _TEXTS and after.kind in _WHOLE:
        bad = f"CAST(CAST({value} AS INTEGER) AS TEXT) <> trim({value})"
    elif old.type.kind in _TEXTS and after.kind in ("float", "decimal"):
        bad = f"(trim({value}) GLOB '*[^0-9.eE+-]*' OR trim({value}) NOT GLOB '*[0-9]*')"
    elif after.kind in ("string", "enum") and after.length and not 0 < old.type.length <= after.length:
        bad = f"length({value}) > {after.length}"
    if not bad:
        return ()
    return [
        Step(
            "guard",
            f"SELECT {value} FROM {quoted(table)} WHERE {value} IS NOT NULL AND {bad} LIMIT 1",
            subject=f"The column {old.name!r} of {table!r} has a value that {after} cannot hold",
        )
    ]
