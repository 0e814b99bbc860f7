"""Compares a database as it is with the tables that the migrations say it has.

Alembic reflects and compares; its findings become sentences. Tables that no
migration knows belong to others and are left out. What a database keeps in another
form than it was told (defaults, the text of checks) is compared by name only.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from typing import Any

from asok_engine.migrations.link import Link
from asok_engine.sql.metadata import sqlalchemy_metadata
from asok_engine.sql.tables import Table

__all__ = ["differences"]


def differences(link: Link, tables: Iterable[Table]) -> list[str]:
    """Give a sentence for each thing that is not in the database as the tables say."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from sqlalchemy.exc import SAWarning

    wanted = {table.full_name: table for table in tables}
    metadata = sqlalchemy_metadata(wanted.values(), link.dialect)
    _ignore_order(metadata)

    def is_ours(name: str | None, kind: str, parents: Any) -> bool:
        if kind == "table":
            schema = parents.get("schema_name")
            return (f"{schema}.{name}" if schema else name) in wanted
        return kind != "schema" or name in {table.schema or None for table in wanted.values()}

    context = MigrationContext.configure(
        link.connection,
        opts={
            "compare_type": lambda *seen: _is_other_type(link, *seen),
            "compare_server_default": False,
            "include_schemas": any(table.schema for table in wanted.values()),
            "include_name": is_ours,
            "target_metadata": metadata,
        },
    )
    with warnings.catch_warnings():
        # Why: it warns of tables that refer to each other; in which order they are compared is all the same.
        warnings.simplefilter("ignore", SAWarning)
        diffs = compare_metadata(context, metadata)
    found = [line for diff in diffs for line in _told(diff, wanted, link)]
    return sorted({*found, *_checks(link, wanted.values())})


def _ignore_order(metadata: Any) -> None:
    """Leave out what SQLAlchemy cannot reflect: an index that is more than its columns "
    "is compared by name."""
    for table in metadata.tables.values():
        for index in list(table.indexes):
            if any(getattr(expression, "modifier", None) for expression in index.expressions):
                table.indexes.discard(index)


def _is_other_type(
    link: Link, context: Any, inspected: Any, declared: Any, found: Any, wanted: Any
) -> bool | None:
    dialect = link.connection.dialect
    spelled = [each.compile(dialect=dialect).upper() for each in (found, wanted)]
    if spelled[0] == spelled[1]:
        return False
    if link.dialect == "mariadb" and spelled == ["LONGTEXT", "JSON"]:
        # MariaDB keeps JSON as text with a check.
        return False
    return None


def _told(diff: Any, wanted: dict[str, Table], link: Link) -> Iterator[str]:
    if isinstance(diff, list):
        for each in diff:
            yield from _told(each, wanted, link)
        return
    kind = diff[0]
    if kind == "add_table":
        yield f"The table {diff[1].fullname} is missing."
    elif kind in ("add_column", "remove_column"):
        name = f"{diff[2]}.{diff[3].name}"
        yield (
            f"The column {name} is missing."
            if kind == "add_column"
            else f"The column {name} is in no migration."
        )
    elif kind in ("add_index", "remove_index", "add_constraint", "remove_constraint", "add_fk", "remove_fk"):
        part = diff[1]
        word = "index" if kind.endswith("index") else "foreign key" if kind.endswith("fk") else "constraint"
        ending = "is missing" if kind.startswith("add") else "is in no migration"
        if not _is_known_otherwise(part, kind, wanted):
            yield f"The {word} {part.name} of {part.table.name} {ending}."
    elif kind == "modify_nullable":
        yield f"The column {diff[2]}.{diff[3]} is {'required' if diff[6] else 'nullable'}; it should not be."
    elif kind == "modify_type":
        found, right = (each.compile(dialect=link.connection.dialect) for each in diff[5:7])
        yield f"The column {diff[2]}.{diff[3]} is {found}; it should be {right}."


def _is_known_otherwise(part: Any, kind: str, wanted: dict[str, Table]) -> bool:
    """Say whether a database has only another word for it: an index with a direction, or under a key."""
    table = wanted.get(part.table.fullname)
    if table is None or not kind.startswith("remove"):
        return False
    names = {index.name for index in table.indexes} | {unique.name for unique in table.uniques}
    return part.name in names | {key.name for key in table.foreign_keys}


def _checks(link: Link, tables: Iterable[Table]) -> Iterator[str]:
    import sqlalchemy

    inspector = sqlalchemy.inspect(link.connection)
    for table in tables:
        if not inspector.has_table(table.name, schema=table.schema or None):
            continue
        place = {"schema": table.schema or None}
        there = {each["name"] for each in inspector.get_check_constraints(table.name, **place)}
        for check in table.checks:
            if check.name not in there:
                yield f"The constraint {check.name} of {table.name} is missing."
        indexes = {each["name"] for each in inspector.get_indexes(table.name, **place)}
        for index in table.indexes:
            has_direction = any(column.startswith("-") for column in index.columns)
            if has_direction and index.name not in indexes:
                yield f"The index {index.name} of {table.name} is missing."
        if link.dialect == "sqlite":
            for search in table.full_texts:
                if not inspector.has_table(search.name):
                    yield f"The full-text search {search.name} of {table.name} is missing."
