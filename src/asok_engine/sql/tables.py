"""What a table is, as data: columns, keys, indexes, constraints, full-text search.

Models describe their tables with these values, migrations keep and compare them,
the compiler resolves names against them. They are immutable, compare by value and
cost little to make. Every index and constraint has a name from the moment a table
is made, so that each can be changed or dropped on every database later.
No database, no SQL library and no model is known here.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Literal, TypeVar
from uuid import UUID

from msgspec import Struct
from msgspec.structs import force_setattr, replace

from asok_engine.errors import SetupError
from asok_engine.sql.types import ColumnType

__all__ = [
    "MAX_NAME_BYTES",
    "NOW",
    "Check",
    "Column",
    "ForeignKey",
    "FullText",
    "Index",
    "OnDelete",
    "ServerDefault",
    "Sql",
    "Table",
    "Unique",
    "constraint_name",
    "default_name",
    "in_order_of_reference",
]

#: The longest name that PostgreSQL keeps; MySQL keeps one byte more.
MAX_NAME_BYTES = 63

OnDelete = Literal["no action", "restrict", "cascade", "set null", "set default"]


class Sql(Struct, frozen=True):
    """An expression of SQL, as it stands; never made from what a user sends."""

    text: str


#: The moment of the insert as the database's clock has it, in UTC. Each dialect has its own words for it.
NOW = Sql("now")

#: A value, or an expression, that the database puts where an insert gives none; None is none.
ServerDefault = (
    str | int | float | bool | bytes | Decimal | date | datetime | time | timedelta | UUID | Sql | None
)


class Column(Struct, frozen=True):
    """One column of a table."""

    name: str
    type: ColumnType
    nullable: bool = False
    server_default: ServerDefault = None
    #: The database counts this key.
    autoincrement: bool = False
    #: An expression of SQL that the database keeps up to date; the column is never written.
    computed: str = ""


class Index(Struct, frozen=True):
    """An index; a column name with `-` in front is in descending order."""

    columns: tuple[str, ...]
    name: str = ""
    unique: bool = False
    #: A condition in SQL: only rows that meet it are in the index. MySQL knows no such index.
    where: str = ""
    #: The method of PostgreSQL where it is not btree: gin, gist, brin, hash, hnsw, ivfflat.
    using: str = ""
    #: The operator class of PostgreSQL for every column: vector_cosine_ops, gin_trgm_ops.
    operators: str = ""

    def __post_init__(self) -> None:
        _columns_as_tuple(self, self.columns)

    @property
    def column_names(self) -> tuple[str, ...]:
        """The columns without their direction."""
        return tuple(name.removeprefix("-") for name in self.columns)


class Unique(Struct, frozen=True):
    """No two rows have the same values in these columns."""

    columns: tuple[str, ...]
    name: str = ""

    def __post_init__(self) -> None:
        _columns_as_tuple(self, self.columns)


class Check(Struct, frozen=True):
    """Every row meets this condition, which is written in SQL."""

    condition: str
    name: str = ""


class ForeignKey(Struct, frozen=True):
    """These columns name a row of another table."""

    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...] = ("id",)
    on_delete: OnDelete = "no action"
    name: str = ""
    #: Checked at commit; MySQL always checks at once.
    deferred: bool = False
    target_schema: str = ""

    def __post_init__(self) -> None:
        _columns_as_tuple(self, self.columns)
        if type(self.target_columns) is not tuple:
            force_setattr(self, "target_columns", tuple(self.target_columns))

    @property
    def target_full_name(self) -> str:
        """The table that is referred to, with its schema in front where it has one."""
        return f"{self.target_schema}.{self.target}" if self.target_schema else self.target


class FullText(Struct, frozen=True):
    """Full-text search over columns; each database keeps it up to date itself.

    SQLite has an FTS5 table named `name` and triggers, PostgreSQL and MySQL a
    generated column named `name` and an index on it.
    """

    columns: tuple[str, ...]
    name: str = ""
    #: The text search configuration of PostgreSQL.
    language: str = "simple"

    def __post_init__(self) -> None:
        _columns_as_tuple(self, self.columns)


def _columns_as_tuple(part: Struct, columns: Iterable[str]) -> None:
    if isinstance(columns, str):
        raise SetupError(
            f"{type(part).__name__}({columns!r}) has a text where column names are expected.",
            fix=f"Write {type(part).__name__}(({columns!r},)).",
        )
    if type(columns) is not tuple:
        force_setattr(part, "columns", tuple(columns))


_Part = TypeVar("_Part", Index, Unique, Check, ForeignKey, FullText)


class Table(Struct, frozen=True):
    """A table: its columns in order, its key, and everything that holds its rows together.

    Raises SetupError when a name is used twice, or when a key, an index or a
    constraint names a column that is not there.
    """

    name: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...] = ("id",)
    indexes: tuple[Index, ...] = ()
    uniques: tuple[Unique, ...] = ()
    checks: tuple[Check, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    full_texts: tuple[FullText, ...] = ()
    #: The alias of the database that holds it.
    database: str = "default"
    schema: str = ""

    def __post_init__(self) -> None:
        force_setattr(self, "columns", tuple(self.columns))
        force_setattr(self, "primary_key", tuple(self.primary_key))
        # Why: the key says it already, and PostgreSQL would make none.
        force_setattr(self, "uniques", [each for each in self.uniques if each.columns != self.primary_key])
        for attribute in ("indexes", "uniques", "checks", "foreign_keys", "full_texts"):
            named = tuple(_named(part, self.name) for part in getattr(self, attribute))
            force_setattr(self, attribute, named)
        _check(self)

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of the columns in order."""
        return tuple(column.name for column in self.columns)

    @property
    def full_name(self) -> str:
        """The name with its schema in front, where it has one."""
        return f"{self.schema}.{self.name}" if self.schema else self.name

    @property
    def primary_key_name(self) -> str:
        """The name of the primary key's constraint."""
        return constraint_name("pk", self.name)

    def column(self, name: str) -> Column:
        """Give a column by name; raises SetupError when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise SetupError(
            f"The table {self.name!r} has no column {name!r}; it has {_listed(self.column_names)}."
        )

    def has_column(self, name: str) -> bool:
        """Say whether there is a column of this name."""
        return any(column.name == name for column in self.columns)


def constraint_name(prefix: str, table: str, *parts: str) -> str:
    """Name an index or a constraint: `uq_users_email`; what is too long ends in a digest of itself.

    Prefixes: pk, ix, uq, ck, fk, fts.
    """
    name = "_".join((prefix, table, *parts))
    if len(name.encode()) <= MAX_NAME_BYTES:
        return name
    digest = _digest(name)
    kept = name.encode()[: MAX_NAME_BYTES - len(digest) - 1].decode(errors="ignore")
    return f"{kept}_{digest}"


def in_order_of_reference(tables: Iterable[Table]) -> tuple[list[Table], list[tuple[Table, ForeignKey]]]:
    """Order tables so that each comes after those that it refers to.

    Gives the tables, and the foreign keys that no order can satisfy because
    tables refer to each other in a circle: those are added when all tables stand.
    The order depends on nothing but names.
    """
    waiting = {table.full_name: table for table in sorted(tables, key=lambda each: each.full_name)}
    ordered: list[Table] = []
    late: list[tuple[Table, ForeignKey]] = []
    while waiting:
        ready = [table for table in waiting.values() if not _open_references(table, waiting)]
        if not ready:
            # Why the one with the fewest: it costs the fewest keys that are added late.
            table = min(waiting.values(), key=lambda each: len(_open_references(each, waiting)))
            late += [(table, key) for key in _open_references(table, waiting)]
            ready = [table]
        for table in ready:
            ordered.append(table)
            del waiting[table.full_name]
    return ordered, late


def _open_references(table: Table, waiting: dict[str, Table]) -> list[ForeignKey]:
    names = waiting.keys() - {table.full_name}
    return [key for key in table.foreign_keys if key.target_full_name in names]


def default_name(part: Index | Unique | Check | ForeignKey | FullText, table: str) -> str:
    """Give the name that a part of a table gets when it is given none."""
    if isinstance(part, Check):
        return constraint_name("ck", table, _digest(part.condition))
    columns = part.column_names if isinstance(part, Index) else part.columns
    return constraint_name(_PREFIXES[type(part)], table, *columns)


_PREFIXES: dict[type, str] = {Index: "ix", Unique: "uq", ForeignKey: "fk", FullText: "fts"}


def _named(part: _Part, table: str) -> _Part:
    return part if part.name else replace(part, name=default_name(part, table))


def _digest(text: str) -> str:
    return hashlib.blake2s(text.encode(), digest_size=4).hexdigest()


def _check(table: Table) -> None:
    parts: tuple[Index | Unique | Check | ForeignKey | FullText, ...] = (
        *table.indexes,
        *table.uniques,
        *table.checks,
        *table.foreign_keys,
        *table.full_texts,
    )
    for name in (table.name, *table.column_names, *(part.name for part in parts)):
        if not name or "\0" in name or len(name.encode()) > MAX_NAME_BYTES:
            raise SetupError(
                f"The name {name!r} in table {table.name!r} cannot be used: "
                f"a name has 1 to {MAX_NAME_BYTES} bytes and no NUL."
            )
    if not table.columns:
        raise SetupError(f"The table {table.name!r} has no columns.")
    for what, names in (
        ("column", table.column_names),
        ("index or constraint", [part.name for part in parts]),
    ):
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            raise SetupError(
                f"The table {table.name!r} has the {what} {twice[0]!r} twice.",
                fix="Give each a name of its own.",
            )
    known = set(table.column_names)
    uses: list[tuple[str, tuple[str, ...]]] = [("primary key", table.primary_key)]
    uses += [(f"index {each.name!r}", each.column_names) for each in table.indexes]
    uses += [(f"unique constraint {each.name!r}", each.columns) for each in table.uniques]
    uses += [(f"foreign key {each.name!r}", each.columns) for each in table.foreign_keys]
    uses += [(f"full-text search {each.name!r}", each.columns) for each in table.full_texts]
    for what, columns in uses:
        missing = [name for name in columns if name not in known]
        if missing:
            raise SetupError(
                f"The {what} of table {table.name!r} names the column {missing[0]!r}, "
                f"which it does not have; it has {_listed(table.column_names)}."
            )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
