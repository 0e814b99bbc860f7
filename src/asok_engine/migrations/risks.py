"""What an operation costs while the application runs: locks, rewrites, lost rows, and who survives it.

A deploy has a moment in which code of the previous version works on tables of the
next one. An operation is unsafe when that code would fail, when something is lost
that undoing does not bring back, or when a whole table is written anew while nobody
may use it. Sources: PostgreSQL "Explicit Locking" and "ALTER TABLE", MySQL "Online
DDL Operations", SQLite "ALTER TABLE".
"""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct

from asok_engine.migrations.operations import (
    AddColumn,
    AddConstraint,
    AddFullText,
    AddIndex,
    AlterColumn,
    CreateManyToMany,
    CreateTable,
    DropColumn,
    DropConstraint,
    DropFullText,
    DropIndex,
    DropTable,
    Operation,
    RenameColumn,
    RenameConstraint,
    RenameTable,
    RunPython,
    RunSQL,
)
from asok_engine.migrations.spelling import is_rebuild
from asok_engine.migrations.state import State
from asok_engine.sql.metadata import DialectName
from asok_engine.sql.tables import NOW, Column, ForeignKey, Sql, Unique

__all__ = ["Risk", "risk_of"]


class Risk(Struct, frozen=True):
    """What one operation costs on one database."""

    #: What others must wait for, in a few words; "" for nothing.
    lock: str = ""
    #: Every row is written anew.
    rewrites: bool = False
    #: Code of the previous version goes on working.
    survives: bool = True
    #: Rows or values are gone afterwards.
    loses: bool = False
    #: Nobody can use the table for as long as it takes.
    blocks_long: bool = False
    #: Why it is not safe, and what to do instead.
    why: str = ""

    @property
    def is_unsafe(self) -> bool:
        """Whether this needs to be allowed."""
        return self.loses or not self.survives or self.blocks_long


_NOBODY = Risk()


def risk_of(operation: Operation, before: State, dialect: DialectName, made: Collection[str] = ()) -> Risk:
    """Say what an operation costs; `made` are tables that this run itself has made, which nobody uses yet."""
    if isinstance(operation, CreateTable | CreateManyToMany):
        locked = [key.target for key in operation.table.foreign_keys if key.target not in made]
        return Risk(
            f"writes to {', '.join(sorted(set(locked)))}, briefly" if locked and dialect != "sqlite" else ""
        )
    if isinstance(operation, RunSQL | RunPython):
        return Risk("the rows that it changes", why="What it does is not known here; read it.")
    table = operation.table_of(before)
    if table is not None and table.full_name in made:
        return _NOBODY
    risk = _own_risk(operation, before, dialect)
    if dialect == "sqlite":
        copies = is_rebuild(operation, before)
        lock = "all writes, while the table is copied" if copies else "all writes, briefly"
        return Risk(lock, copies, risk.survives, risk.loses, False, risk.why)
    return risk


def _own_risk(operation: Operation, before: State, dialect: DialectName) -> Risk:
    brief = "reads and writes, briefly"
    if isinstance(operation, DropTable):
        return Risk(
            brief,
            survives=False,
            loses=True,
            why="Its rows are lost. Deploy code that does not use it before.",
        )
    if isinstance(operation, RenameTable | RenameColumn):
        return Risk(
            brief,
            survives=False,
            why="Running code looks for the earlier name. Add the other beside it, copy, then drop this one.",
        )
    if isinstance(operation, DropColumn):
        return Risk(
            brief,
            survives=False,
            loses=True,
            why="What is in it is lost. Deploy code that does not use it before.",
        )
    if isinstance(operation, AddColumn):
        return _added(operation, dialect)
    if isinstance(operation, AlterColumn):
        table = before.table(operation.table)
        return _altered(table.column(operation.column.name), operation, dialect)
    if isinstance(operation, AddIndex):
        if dialect == "postgresql" and not operation.concurrent:
            return Risk("writes, while the index is built", why="With concurrent=True writes go on.")
        return Risk("")
    if isinstance(operation, AddConstraint):
        return _constrained(operation, dialect)
    if isinstance(operation, AddFullText):
        return Risk(
            "reads and writes, while every row is read",
            rewrites=True,
            blocks_long=True,
            why="The whole table is written anew for the searchable text.",
        )
    if isinstance(operation, DropFullText):
        return Risk(brief, survives=False, why="Running code that searches fails.")
    if isinstance(operation, DropIndex | DropConstraint | RenameConstraint):
        return Risk(brief)
    return Risk(brief)


def _added(operation: AddColumn, dialect: DialectName) -> Risk:
    column = operation.kept_column
    default = column.server_default
    # The moment is one for all rows, so PostgreSQL keeps it beside the table.
    is_expression = isinstance(default, Sql) and not (default == NOW and dialect == "postgresql")
    rewrites = bool(column.computed) or column.autoincrement or is_expression
    if isinstance(operation.fill, Sql) and not operation.keeps_default and not column.nullable:
        return Risk(
            "reads and writes, while every row is filled",
            rewrites=True,
            survives=False,
            blocks_long=True,
            why="Running code cannot insert without it. Add it nullable, fill it, require it later.",
        )
    if rewrites:
        return Risk(
            "reads and writes, while the table is written anew",
            rewrites=True,
            blocks_long=dialect == "postgresql",
            why="Add it nullable and fill it in a data migration.",
        )
    return Risk("reads and writes, briefly")


def _altered(old: Column, operation: AlterColumn, dialect: DialectName) -> Risk:
    new = operation.column
    widens = _widens(old, new)
    rewrites = old.type != new.type and not widens
    becomes_required = old.nullable and not new.nullable
    loses_default = old.server_default is not None and new.server_default is None and not new.nullable
    if rewrites:
        return Risk(
            "reads and writes, while the table is written anew",
            rewrites=True,
            survives=False,
            blocks_long=True,
            why="Add a column of the new type beside it, copy, and drop this one in a later deploy.",
        )
    if becomes_required:
        return Risk(
            "reads and writes, while every row is read",
            survives=False,
            blocks_long=True,
            rewrites=dialect != "postgresql",
            why="Running code may still write no value. Deploy code that always writes one before.",
        )
    if loses_default:
        return Risk(
            "reads and writes, briefly",
            survives=False,
            why="Running code that leaves the column out fails. Deploy code that writes it before.",
        )
    return Risk("reads and writes, briefly")


def _widens(old: Column, new: Column) -> bool:
    """Say whether every database changes the type without touching rows."""
    if old.type.kind == new.type.kind == "string":
        return new.type.length >= old.type.length
    if old.type.kind in ("string", "enum") and new.type.kind in ("string", "enum", "text"):
        return new.type.kind == "text" or new.type.length >= old.type.length
    if old.type.kind == new.type.kind == "decimal":
        return new.type.scale == old.type.scale and new.type.precision >= old.type.precision
    return old.type.kind == new.type.kind and old.type.kind == "enum"


def _constrained(operation: AddConstraint, dialect: DialectName) -> Risk:
    constraint = operation.constraint
    if isinstance(constraint, ForeignKey):
        return Risk(
            f"writes to {operation.table} and {constraint.target_full_name}, while every row is checked",
            why="Running code that writes rows without a partner is refused from then on.",
        )
    what = "is built" if isinstance(constraint, Unique) else "is checked"
    lock = "writes" if dialect != "postgresql" and isinstance(constraint, Unique) else "reads and writes"
    return Risk(
        f"{lock}, while it {what}", why="Running code that writes what it forbids is refused from then on."
    )
