"""Making the tables of models that are not there yet, when somebody says so.

For tests, scripts and first steps. A table that is there stays as it is: what it
lacks is the business of migrations, which know what to do with its rows.
"""

from __future__ import annotations

from collections.abc import Iterable

from asok_engine.errors import QueryError
from asok_engine.records.description import Description
from asok_engine.records.steps import AskDialect, Atomic, Plan
from asok_engine.sql.dialects.contract import Dialect
from asok_engine.sql.metadata import create_statements
from asok_engine.sql.raw import Raw
from asok_engine.sql.tables import Table

__all__ = ["create_tables"]


def create_tables(descriptions: Iterable[Description], database: str = "") -> Plan[list[str]]:
    """Create the tables of models, and the pivots of their relations; give the names of those that were made.

    A foreign key needs the table that it names: give the models together, or those that
    are named first.
    """
    wanted: dict[str, dict[str, Table]] = {}
    for description in descriptions:
        tables = wanted.setdefault(database or description.database, {})
        tables[description.table.full_name] = description.table
        for relation in description.relations.values():
            tables |= {table.full_name: table for table in relation.tables()}
    made: list[str] = []
    for alias, tables in wanted.items():
        dialect = yield AskDialect(alias)
        missing = []
        for table in tables.values():
            if not (yield from _is_there(table, dialect, alias)):
                missing.append(table)
        for text in create_statements(missing, dialect.spelling):
            yield Raw(text.replace("?", "??"), returns="count", database=alias, writes=True)
        made += [table.full_name for table in missing]
    return made


def _is_there(table: Table, dialect: Dialect, alias: str) -> Plan[bool]:
    schema = f"{dialect.quote(table.schema)}." if table.schema else ""
    # Only names of the model, quoted.
    question = f"SELECT 1 FROM {schema}{dialect.quote(table.name)} WHERE 1 = 0"  # noqa: S608

    def ask() -> Plan[None]:
        yield Raw(question, database=alias)

    try:
        # A savepoint, because an error ends a transaction of PostgreSQL.
        yield Atomic(ask(), alias, writes=False)
    except QueryError:
        return False
    return True
