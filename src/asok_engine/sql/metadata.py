"""The one place where tables and column types meet SQLAlchemy's.

From tables it makes SQLAlchemy's metadata for one database, which the compiler and
the migrations use, and the DDL that creates them. A dialect is named as here:
sqlite, postgresql, mysql, mariadb. SQLAlchemy is imported when a function is called.
Strings compare exactly on every database: MySQL's tables get a binary collation.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from asok_engine.errors import SetupError
from asok_engine.sql.fulltext import fts5_statements, mysql_document, postgresql_document
from asok_engine.sql.tables import (
    NOW,
    Column,
    ForeignKey,
    FullText,
    Index,
    ServerDefault,
    Sql,
    Table,
    in_order_of_reference,
)
from asok_engine.sql.types import ColumnType

if TYPE_CHECKING:
    import sqlalchemy as sa
    from sqlalchemy.engine import Dialect
    from sqlalchemy.types import TypeEngine

__all__ = [
    "DIALECTS",
    "DialectName",
    "complete_targets",
    "create_statements",
    "ddl",
    "literal_sql",
    "plain_text",
    "server_default_sql",
    "sqlalchemy_column",
    "sqlalchemy_dialect",
    "sqlalchemy_foreign_key",
    "sqlalchemy_index",
    "sqlalchemy_metadata",
    "sqlalchemy_table",
    "sqlalchemy_type",
    "value_sql",
]

DialectName = Literal["sqlite", "postgresql", "mysql", "mariadb"]

#: The dialects that have a spelling here.
DIALECTS: tuple[DialectName, ...] = ("sqlite", "postgresql", "mysql", "mariadb")

_MYSQL_OPTIONS = {"engine": "InnoDB", "charset": "utf8mb4", "collate": "utf8mb4_bin"}
_NOW = {
    # As values of the column are written: SQLite's own CURRENT_TIMESTAMP knows whole seconds only.
    "sqlite": "(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')",
    "postgresql": "CURRENT_TIMESTAMP",
    "mysql": "(UTC_TIMESTAMP(6))",
    "mariadb": "(UTC_TIMESTAMP(6))",
}


@functools.cache
def _sa() -> ModuleType:
    import sqlalchemy

    return sqlalchemy


@functools.cache
def sqlalchemy_dialect(dialect: DialectName) -> Dialect:
    """Give SQLAlchemy's dialect of this name, without a driver and without a connection."""
    if dialect == "sqlite":
        from sqlalchemy.dialects.sqlite import dialect as sqlite

        return sqlite()
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import dialect as postgresql

        return postgresql()  # type: ignore[no-untyped-call]
    if dialect in ("mysql", "mariadb"):
        from sqlalchemy.dialects.mysql import dialect as mysql

        made: Any = mysql()
        if dialect == "mariadb":
            from sqlalchemy.dialects.mysql.mariadb import MariaDBDialect

            made = MariaDBDialect()
            # Why set: without a connection nobody asked the server, and its UUID came with 10.7.
            made.server_version_info = (10, 11, 0)
            made.is_mariadb = True
        return made  # type: ignore[no-any-return]
    raise SetupError(f"There is no database dialect {dialect!r}; there are {', '.join(DIALECTS)}.")


def sqlalchemy_type(column_type: ColumnType, dialect: DialectName) -> TypeEngine[Any]:
    """Give SQLAlchemy's type of a column type, as this dialect spells it."""
    spelled = _own_type(column_type, dialect)
    if spelled is not None:
        return spelled
    sa = _sa()
    plain = {
        "smallint": sa.SmallInteger,
        "integer": sa.Integer,
        "bigint": sa.BigInteger,
        "boolean": sa.Boolean,
        "text": sa.Text,
        "date": sa.Date,
        "time": sa.Time,
        "float": sa.Double,
        "duration": sa.BigInteger,
        "array": sa.Text,
        "json": sa.Text,
    }
    kind = column_type.kind
    if kind in plain:
        return plain[kind]()  # type: ignore[no-any-return]
    if kind in ("string", "enum"):
        return sa.String(column_type.length)  # type: ignore[no-any-return]
    if kind == "decimal":
        return sa.Numeric(column_type.precision, column_type.scale)  # type: ignore[no-any-return]
    if kind == "datetime":
        return sa.DateTime(timezone=True)  # type: ignore[no-any-return]
    if kind == "uuid":
        return sa.CHAR(36)  # type: ignore[no-any-return]
    if kind == "inet":
        # Why 43: the longest IPv6 address, and its prefix length.
        return sa.String(43)  # type: ignore[no-any-return]
    return sa.LargeBinary(column_type.length or None)  # type: ignore[no-any-return]


def _own_type(column_type: ColumnType, dialect: DialectName) -> TypeEngine[Any] | None:
    """Give the type where this dialect has one of its own for the kind."""
    kind = column_type.kind
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql

        if kind == "array":
            assert column_type.item is not None
            return postgresql.ARRAY(sqlalchemy_type(column_type.item, dialect))
        if kind == "vector":
            return _vector_type(column_type.dimensions)
        own: dict[str, Any] = {
            "json": postgresql.JSONB,
            "duration": postgresql.INTERVAL,
            "inet": postgresql.INET,
            "uuid": postgresql.UUID,
            "binary": postgresql.BYTEA,
        }
        return own[kind]() if kind in own else None
    if dialect in ("mysql", "mariadb"):
        from sqlalchemy.dialects import mysql

        if kind == "uuid":
            return (
                _sa().Uuid()
                if dialect == "mariadb"
                else mysql.CHAR(36, charset="ascii", collation="ascii_bin")
            )
        if kind == "binary" and column_type.length:
            return mysql.VARBINARY(column_type.length)
        own = {
            "json": mysql.JSON,
            "array": mysql.JSON,
            "text": mysql.LONGTEXT,
            "binary": mysql.LONGBLOB,
            "vector": mysql.LONGBLOB,
            "float": mysql.DOUBLE,
        }
        if kind in ("datetime", "time"):
            return mysql.DATETIME(fsp=6) if kind == "datetime" else mysql.TIME(fsp=6)
        return own[kind]() if kind in own else None
    return None


@functools.cache
def _vector_class() -> Any:
    from sqlalchemy.types import UserDefinedType

    class Vector(UserDefinedType[Any]):
        """The type of pgvector."""

        cache_ok = True

        def __init__(self, dimensions: int = 0) -> None:
            self.dimensions = dimensions

        def get_col_spec(self, **_: Any) -> str:
            return f"VECTOR({self.dimensions})" if self.dimensions else "VECTOR"

    return Vector


def _vector_type(dimensions: int) -> TypeEngine[Any]:
    return _vector_class()(dimensions)  # type: ignore[no-any-return]


def server_default_sql(column: Column, dialect: DialectName) -> str | None:
    """Write the default of a column as this dialect does; None where it has none."""
    default = column.server_default
    if default is None:
        return None
    written = value_sql(default, column.type, dialect)
    is_literal = not isinstance(default, Sql)
    if is_literal and dialect in ("mysql", "mariadb") and column.type.kind in _LONG_KINDS:
        # Why the brackets: these types take a default only as an expression.
        return f"({written})"
    return written


_LONG_KINDS = ("text", "json", "array", "binary", "vector")


def value_sql(value: ServerDefault, column_type: ColumnType, dialect: DialectName) -> str:
    """Write a value or an expression as SQL; for defaults and for filling a column, not "
    "for what users send."""
    if value == NOW:
        return _NOW[dialect]
    return value.text if isinstance(value, Sql) else literal_sql(value, column_type, dialect)


def literal_sql(value: Any, column_type: ColumnType, dialect: DialectName) -> str:
    """Write a value of a column as SQL."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower() if dialect == "postgresql" else str(int(value))
    if isinstance(value, int | float | Decimal):
        return str(value)
    if isinstance(value, bytes):
        return f"'\\x{value.hex()}'::bytea" if dialect == "postgresql" else f"x'{value.hex()}'"
    if isinstance(value, timedelta):
        microseconds = value // timedelta(microseconds=1)
        return f"'{microseconds} microseconds'::interval" if dialect == "postgresql" else str(microseconds)
    if isinstance(value, datetime):
        moment = value.astimezone(UTC) if value.tzinfo else value
        text = moment.replace(tzinfo=None).isoformat(" ", timespec="microseconds")
        return f"'{text}+00:00'" if dialect == "postgresql" else f"'{text}'"
    if isinstance(value, time):
        return f"'{value.isoformat(timespec='microseconds')}'"
    if column_type.kind == "array" and dialect == "postgresql" and str(value).startswith("["):
        # Lists are given as JSON, which is what the other databases keep.
        value = _array_text(msgspec.json.decode(value))
    text = str(value).replace("'", "''")
    if dialect in ("mysql", "mariadb"):
        text = text.replace("\\", "\\\\")
    return f"'{text}'"


def _array_text(values: list[Any]) -> str:
    """Write a list as PostgreSQL reads it."""
    return f"{{{','.join(map(_array_member, values))}}}"


def _array_member(value: Any) -> str:
    if value is None:
        return "NULL"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}"'


def sqlalchemy_column(column: Column, table: Table, dialect: DialectName) -> sa.Column[Any]:
    """Make SQLAlchemy's column of a table's column."""
    sa = _sa()
    column_type = sqlalchemy_type(column.type, dialect)
    counted = column.autoincrement and table.primary_key == (column.name,)
    extra: list[Any] = []
    if counted and dialect == "sqlite":
        # Only this word makes SQLite count.
        column_type = sa.Integer()
    if counted and dialect == "postgresql":
        extra.append(sa.Identity(always=False))
    if column.computed:
        extra.append(sa.Computed(column.computed, persisted=True))
    default = server_default_sql(column, dialect)
    return sa.Column(  # type: ignore[no-any-return]
        column.name,
        column_type,
        *extra,
        nullable=column.nullable,
        primary_key=column.name in table.primary_key,
        autoincrement=counted,
        server_default=None if default is None else sa.text(default.replace(":", "\\:")),
    )


def sqlalchemy_foreign_key(key: ForeignKey) -> sa.ForeignKeyConstraint:
    """Make SQLAlchemy's constraint of a foreign key."""
    target = f"{key.target_schema}.{key.target}" if key.target_schema else key.target
    return _sa().ForeignKeyConstraint(  # type: ignore[no-any-return]
        key.columns,
        [f"{target}.{column}" for column in key.target_columns],
        name=key.name,
        ondelete=key.on_delete.upper() if key.on_delete != "no action" else None,
        deferrable=True if key.deferred else None,
        initially="DEFERRED" if key.deferred else None,
        link_to_name=False,
    )


def sqlalchemy_index(index: Index, target: sa.Table, dialect: DialectName) -> sa.Index:
    """Make SQLAlchemy's index on a table of SQLAlchemy's.

    Raises SetupError for a partial index on MySQL: without its condition it would mean something else.
    """
    sa = _sa()
    options: dict[str, Any] = {}
    if index.where:
        if dialect in ("mysql", "mariadb"):
            raise SetupError(
                f"The index {index.name!r} has a condition, which {dialect} does not know.",
                fix="Leave out `where`, or keep the model in SQLite or PostgreSQL.",
            )
        options[f"{dialect}_where"] = sa.text(index.where.replace(":", "\\:"))
    if dialect == "postgresql":
        if index.using:
            options["postgresql_using"] = index.using
        if index.operators:
            options["postgresql_ops"] = dict.fromkeys(index.column_names, index.operators)
    columns = [
        target.c[name.removeprefix("-")].desc() if name.startswith("-") else target.c[name]
        for name in index.columns
    ]
    return sa.Index(index.name, *columns, unique=index.unique, **options)  # type: ignore[no-any-return]


def sqlalchemy_table(
    table: Table, metadata: sa.MetaData, dialect: DialectName, *, without: Sequence[ForeignKey] = ()
) -> sa.Table:
    """Make SQLAlchemy's table in a metadata; `without` leaves out foreign keys that are added later."""
    sa = _sa()
    parts: list[Any] = [sqlalchemy_column(column, table, dialect) for column in table.columns]
    parts += [_document_column(search, dialect) for search in table.full_texts if dialect != "sqlite"]
    parts.append(sa.PrimaryKeyConstraint(*table.primary_key, name=table.primary_key_name))
    parts += [sa.UniqueConstraint(*each.columns, name=each.name) for each in table.uniques]
    parts += [
        sa.CheckConstraint(sa.text(each.condition.replace(":", "\\:")), name=each.name)
        for each in table.checks
    ]
    parts += [sqlalchemy_foreign_key(key) for key in table.foreign_keys if key not in without]
    options: dict[str, Any] = {}
    if dialect in ("mysql", "mariadb"):
        options = {f"{dialect}_{name}": value for name, value in _MYSQL_OPTIONS.items()}
    elif dialect == "sqlite" and any(column.autoincrement for column in table.columns):
        # Why: SQLite would give the id of a deleted last row to the next one; no other database does.
        options["sqlite_autoincrement"] = True
    made = sa.Table(table.name, metadata, *parts, schema=table.schema or None, **options)
    for index in table.indexes:
        if dialect == "postgresql" or index.using in ("", "btree"):
            sqlalchemy_index(index, made, dialect)
    for search in table.full_texts:
        _document_index(search, made, dialect)
    return made  # type: ignore[no-any-return]


def _document_column(search: FullText, dialect: DialectName) -> sa.Column[Any]:
    sa = _sa()
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import TSVECTOR

        made = sa.Column(search.name, TSVECTOR(), sa.Computed(postgresql_document(search), persisted=True))
    else:
        from sqlalchemy.dialects.mysql import LONGTEXT

        # Why another collation: a search must not depend on upper and lower case.
        kind = LONGTEXT(charset="utf8mb4", collation="utf8mb4_unicode_ci")
        made = sa.Column(search.name, kind, sa.Computed(mysql_document(search), persisted=True))
    return made  # type: ignore[no-any-return]


def _document_index(search: FullText, made: sa.Table, dialect: DialectName) -> None:
    sa = _sa()
    name = f"ix_{search.name}"
    if dialect == "postgresql":
        sa.Index(name, made.c[search.name], postgresql_using="gin")
    elif dialect in ("mysql", "mariadb"):
        sa.Index(name, made.c[search.name], **{f"{dialect}_prefix": "FULLTEXT"})


def sqlalchemy_metadata(tables: Iterable[Table], dialect: DialectName) -> sa.MetaData:
    """Make SQLAlchemy's metadata of tables for one dialect."""
    metadata: sa.MetaData = _sa().MetaData()
    for table in tables:
        sqlalchemy_table(table, metadata, dialect)
    return metadata


def complete_targets(metadata: sa.MetaData, tables: Iterable[Table]) -> None:
    """Put a stand-in for every table that a foreign key names and that is not in the metadata.

    Only then can statements about these tables be written alone.
    """
    sa = _sa()
    for table in tables:
        for key in table.foreign_keys:
            if key.target_full_name not in metadata.tables:
                sa.Table(key.target, metadata, schema=key.target_schema or None)
            found = metadata.tables[key.target_full_name]
            for name in key.target_columns:
                if name not in found.c:
                    found.append_column(sa.Column(name, sa.Integer()))


def ddl(element: Any, dialect: DialectName) -> str:
    """Write an element of DDL as text for one dialect, without a semicolon at its end."""
    return plain_text(str(element.compile(dialect=sqlalchemy_dialect(dialect))), dialect)


def plain_text(text: str, dialect: DialectName) -> str:
    """Turn what SQLAlchemy has written into what is sent without parameters."""
    if dialect != "sqlite":
        # Why: for drivers that fill in parameters every per cent sign is doubled.
        text = text.replace("%%", "%")
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def create_statements(tables: Iterable[Table], dialect: DialectName) -> list[str]:
    """Write the statements that create tables with everything on them, in an order that works.

    The statements are to be sent to a driver as they are, without parameters.
    """
    from sqlalchemy.schema import AddConstraint, CreateIndex, CreateTable

    ordered, late = in_order_of_reference(tables)
    # SQLite takes a key to a table that is not there yet, and cannot add one later.
    held_back = [key for _, key in late] if dialect != "sqlite" else []
    metadata = _sa().MetaData()
    made = {
        table.full_name: sqlalchemy_table(
            table,
            metadata,
            dialect,
            without=[key for owner, key in late if owner is table and key in held_back],
        )
        for table in ordered
    }
    complete_targets(metadata, ordered)
    statements: list[str] = []
    for table in ordered:
        element = made[table.full_name]
        statements.append(ddl(CreateTable(element), dialect))
        indexes = sorted(element.indexes, key=lambda index: str(index.name))
        statements += [ddl(CreateIndex(index), dialect) for index in indexes]
        if dialect == "sqlite":
            for search in table.full_texts:
                statements += fts5_statements(search, table)
    if held_back:
        for owner, key in late:
            constraint = sqlalchemy_foreign_key(key)
            made[owner.full_name].append_constraint(constraint)
            statements.append(ddl(AddConstraint(constraint), dialect))
    return statements
