"""Tables and dialects that the tests of this room write statements for."""

from __future__ import annotations

from asok_engine.sql import types
from asok_engine.sql.dialects.contract import Dialect
from asok_engine.sql.dialects.mysql import MysqlDialect
from asok_engine.sql.dialects.postgresql import PostgresqlDialect
from asok_engine.sql.dialects.sqlite import SqliteDialect
from asok_engine.sql.select import Output
from asok_engine.sql.sources import Source
from asok_engine.sql.statements import Statement
from asok_engine.sql.tables import Column, Table

POSTS = Source(
    Table(
        "posts",
        (
            Column("id", types.bigint(), autoincrement=True),
            Column("title", types.string(100)),
            Column("views", types.integer()),
            Column("at", types.datetime(), nullable=True),
        ),
    )
)
ID, TITLE, VIEWS, AT = (POSTS.ref(name) for name in ("id", "title", "views", "at"))
IDS = (Output(ID),)

SQLITE = SqliteDialect((3, 45, 0))
POSTGRESQL = PostgresqlDialect((16, 0), has_pgvector=True)
MYSQL = MysqlDialect((8, 0, 36))
MARIADB = MysqlDialect((10, 11, 6), is_mariadb=True)
DIALECTS = (SQLITE, POSTGRESQL, MYSQL, MARIADB)


def text(statement: Statement, dialect: Dialect) -> str:
    """Give the text of a statement on one line."""
    return " ".join(statement.compile(dialect).text.split())


def values(statement: Statement, dialect: Dialect) -> list[object]:
    """Give the parameters of a statement as they go to the driver."""
    return list(statement.compile(dialect).parameters)
