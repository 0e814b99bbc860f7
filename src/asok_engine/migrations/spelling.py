"""From operations to steps: which are done together, and on which database.

Most operations stand alone, and `wording` says what they are in SQL. What SQLite
cannot alter is rebuilt, and changes of one table that follow each other share one
rebuild. What is written depends on nothing but the state, so a plan that is shown
is the plan that is run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct, field

from asok_engine.migrations.operations import (
    AddColumn,
    AddConstraint,
    AddIndex,
    AlterColumn,
    DropColumn,
    DropConstraint,
    DropIndex,
    Operation,
    RenameConstraint,
)
from asok_engine.migrations.rebuild import conversion_guards, converted, rebuild_steps
from asok_engine.migrations.state import State
from asok_engine.migrations.steps import Step
from asok_engine.migrations.wording import steps_of
from asok_engine.sql.fulltext import quoted
from asok_engine.sql.metadata import DialectName, value_sql
from asok_engine.sql.tables import Index, Sql, Table

__all__ = ["Spelled", "is_rebuild", "spell"]


class Spelled(Struct):
    """Operations that are done together, and the steps that do them."""

    operations: list[Operation]
    before: State
    after: State
    steps: list[Step]


class _Rebuild(Struct):
    """Changes of one SQLite table that are waiting to be done in one rebuild."""

    name: str
    table_before: Table
    before: State
    after: State
    #: Expression on the columns of the table as it is, for each column that keeps something.
    values: dict[str, str]
    guards: list[Step] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)

    def spelled(self) -> Spelled:
        steps = [*self.guards, *rebuild_steps(self.table_before, self.after.table(self.name), self.values)]
        return Spelled(self.operations, self.before, self.after, steps)


def spell(
    operations: Iterable[Operation], state: State, dialect: DialectName, database: str = "default"
) -> Iterator[Spelled]:
    """Yield what is done, in order; operations on tables of other databases only change the state."""
    waiting: _Rebuild | None = None
    for operation in operations:
        after = operation.apply(state)
        if not _concerns(operation, state, database):
            if waiting:
                waiting.after = after
            state = after
            continue
        if dialect == "sqlite":
            if waiting and not _joins(waiting, operation):
                yield waiting.spelled()
                waiting = None
            if waiting is None and is_rebuild(operation, state):
                waiting = _waiting(operation, state)
            if waiting:
                _collect(waiting, operation, state, after)
                state = after
                continue
        yield Spelled([operation], state, after, steps_of(operation, state, after, dialect))
        state = after
    if waiting:
        yield waiting.spelled()


def _concerns(operation: Operation, state: State, database: str) -> bool:
    table = operation.table_of(state)
    return (table.database if table else getattr(operation, "database", "default")) == database


def is_rebuild(operation: Operation, state: State) -> bool:
    """Say whether SQLite makes the table anew for this operation."""
    if isinstance(operation, AlterColumn | DropColumn | AddConstraint | DropConstraint):
        return True
    if isinstance(operation, RenameConstraint):
        return not isinstance(state.part(operation.table, operation.name), Index)
    if isinstance(operation, AddColumn):
        column = operation.kept_column
        if column.computed or column.autoincrement or isinstance(operation.fill, Sql):
            return True
        if isinstance(column.server_default, Sql):
            return True
        return not column.nullable and column.server_default is None
    return False


def _waiting(operation: Operation, state: State) -> _Rebuild:
    table = operation.table_of(state)
    assert table is not None
    values = {column.name: quoted(column.name) for column in table.columns if not column.computed}
    return _Rebuild(table.full_name, table, state, state, values)


def _joins(waiting: _Rebuild, operation: Operation) -> bool:
    if getattr(operation, "table", None) != waiting.name:
        return False
    if isinstance(operation, RenameConstraint | AddIndex | DropIndex):
        return True
    if isinstance(operation, AlterColumn) and operation.using:
        # Why: its expression speaks of the columns as they are after what is waiting.
        return False
    return isinstance(operation, AddColumn | AlterColumn | DropColumn | AddConstraint | DropConstraint)


def _collect(waiting: _Rebuild, operation: Operation, state: State, after: State) -> None:
    waiting.operations.append(operation)
    waiting.after = after
    if isinstance(operation, AddColumn) and operation.fill is not None:
        waiting.values[operation.column.name] = value_sql(operation.fill, operation.column.type, "sqlite")
    elif isinstance(operation, DropColumn):
        waiting.values.pop(operation.name, None)
    elif isinstance(operation, AlterColumn):
        name = operation.column.name
        old = state.table(operation.table).column(name)
        if name in waiting.values:
            value = waiting.values[name]
            waiting.guards += conversion_guards(operation.table, old, operation, value)
            waiting.values[name] = converted(old, operation, value)
        elif operation.fill is not None:
            waiting.values[name] = value_sql(operation.fill, operation.column.type, "sqlite")
