"""What a migration may do, as readable data: the words of migration files.

An operation knows how it changes a state and which operation undoes it; how a
database is told is in `spelling`, what it costs is in `risks`. Undoing needs the
state before, so that a table that is dropped can come back as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import Struct
from msgspec.structs import replace

from asok_engine.errors import SetupError
from asok_engine.migrations.state import Constraint, Part, State
from asok_engine.sql.tables import NOW, Check, Column, ForeignKey, FullText, Index, ServerDefault, Sql, Table
from asok_engine.sql.types import ColumnType

if TYPE_CHECKING:
    from asok_engine.migrations.link import Data

__all__ = [
    "AddColumn",
    "AddConstraint",
    "AddFullText",
    "AddIndex",
    "AlterColumn",
    "CreateManyToMany",
    "CreateTable",
    "DropColumn",
    "DropConstraint",
    "DropFullText",
    "DropIndex",
    "DropTable",
    "Operation",
    "RenameColumn",
    "RenameConstraint",
    "RenameTable",
    "RunPython",
    "RunSQL",
    "Side",
]


class Operation(Struct, frozen=True):
    """One change of the tables or of the rows in them."""

    #: True when it changes tables, false when it only touches rows.
    changes_tables: ClassVar[bool] = True

    def apply(self, state: State) -> State:
        """Give the state after this operation; raises SetupError when it cannot be done there."""
        raise SetupError(f"{type(self).__name__} is no operation by itself.")

    def undo(self, before: State) -> Operation:
        """Give the operation that leads back to `before`; raises SetupError when there is none."""
        raise SetupError(f"{type(self).__name__} cannot be undone.")

    def describe(self) -> str:
        """Say in a few words what happens."""
        raise SetupError(f"{type(self).__name__} is no operation by itself.")

    def table_of(self, state: State) -> Table | None:
        """Give the table that is changed, as it is before; None for work that names none."""
        name = getattr(self, "table", None)
        return state.table(name) if isinstance(name, str) else None


class CreateTable(Operation, frozen=True):
    """Create a table with everything on it."""

    table: Table

    def apply(self, state: State) -> State:
        """Add the table."""
        return state.created(self.table)

    def undo(self, before: State) -> Operation:
        """Drop the table."""
        return DropTable(self.table.full_name)

    def describe(self) -> str:
        """Name the table."""
        return f"create table {self.table.full_name}"

    def table_of(self, state: State) -> Table | None:
        """Give the table itself."""
        return self.table


class Side(Struct, frozen=True):
    """One side of a many-to-many relation: the column, and the key that it holds."""

    column: str
    target: str
    type: ColumnType
    target_column: str = "id"


class CreateManyToMany(Operation, frozen=True):
    """Create the table that joins two others: a pair is there once, and goes with either side."""

    name: str
    left: Side
    right: Side
    database: str = "default"

    @property
    def table(self) -> Table:
        """The table that is created."""
        sides = (self.left, self.right)
        return Table(
            self.name,
            tuple(Column(side.column, side.type) for side in sides),
            primary_key=(self.left.column, self.right.column),
            indexes=(Index((self.right.column,)),),
            foreign_keys=tuple(
                ForeignKey((side.column,), side.target, (side.target_column,), "cascade") for side in sides
            ),
            database=self.database,
        )

    @classmethod
    def of(cls, table: Table) -> CreateManyToMany | None:
        """Give the operation that makes exactly this table; None when it is no such table."""
        if len(table.foreign_keys) != 2 or len(table.columns) != 2:
            return None
        if any(len(key.columns) != 1 or len(key.target_columns) != 1 for key in table.foreign_keys):
            return None
        keys = {key.columns[0]: key for key in table.foreign_keys}
        if set(keys) != set(table.column_names):
            return None
        left, right = (
            Side(each.name, keys[each.name].target, each.type, keys[each.name].target_columns[0])
            for each in table.columns
        )
        made = cls(table.name, left, right, table.database)
        return made if made.table == table else None

    def apply(self, state: State) -> State:
        """Add the table."""
        return state.created(self.table)

    def undo(self, before: State) -> Operation:
        """Drop the table."""
        return DropTable(self.name)

    def describe(self) -> str:
        """Name the table and what it joins."""
        return f"create table {self.name} to join {self.left.target} and {self.right.target}"

    def table_of(self, state: State) -> Table | None:
        """Give the table itself."""
        return self.table


class DropTable(Operation, frozen=True):
    """Drop a table and its rows."""

    table: str

    def apply(self, state: State) -> State:
        """Take the table away."""
        return state.dropped(self.table)

    def undo(self, before: State) -> Operation:
        """Create the table as it was; its rows are gone."""
        return CreateTable(before.table(self.table))

    def describe(self) -> str:
        """Name the table."""
        return f"drop table {self.table}"


class RenameTable(Operation, frozen=True):
    """Give a table another name; `name` is without a schema."""

    table: str
    name: str

    def apply(self, state: State) -> State:
        """Rename it, and what refers to it."""
        return state.renamed(self.table, self.name)

    def undo(self, before: State) -> Operation:
        """Give the earlier name back."""
        table = before.table(self.table)
        return RenameTable(replace(table, name=self.name).full_name, table.name)

    def describe(self) -> str:
        """Name both."""
        return f"rename table {self.table} to {self.name}"


class AddColumn(Operation, frozen=True):
    """Add a column.

    `fill` is what the rows that are there get. A value, or NOW, but no other
    expression, also stays the column's default in the database, so that code which
    does not know the column can go on inserting.
    """

    table: str
    column: Column
    fill: ServerDefault = None

    @property
    def keeps_default(self) -> bool:
        """Whether the fill stays as the default of the database."""
        is_value = self.fill is not None and (self.fill == NOW or not isinstance(self.fill, Sql))
        return is_value and self.column.server_default is None

    @property
    def kept_column(self) -> Column:
        """The column as the database has it afterwards."""
        return replace(self.column, server_default=self.fill) if self.keeps_default else self.column

    def apply(self, state: State) -> State:
        """Add the column at the end."""
        column = self.column
        has_value = column.nullable or column.computed or column.autoincrement
        if not has_value and self.fill is None and column.server_default is None:
            raise SetupError(
                f"The column {column.name!r} of {self.table!r} is required, and rows that are there "
                "have no value.",
                fix="Give the operation a fill=, or the column a default, or make it nullable.",
            )
        return state.column_added(self.table, self.kept_column, keeps_default=self.keeps_default)

    def undo(self, before: State) -> Operation:
        """Drop the column."""
        return DropColumn(self.table, self.column.name)

    def describe(self) -> str:
        """Name the column and its type."""
        return f"add column {self.table}.{self.column.name}, {self.column.type}"


#: The empty value of a type, in words that every database knows; what is not here has none.
_EMPTY: dict[str, str] = {
    **dict.fromkeys(("string", "text", "enum"), "''"),
    **dict.fromkeys(("smallint", "integer", "bigint", "float", "decimal"), "0"),
    "boolean": "false",
    "date": "'1970-01-01'",
    "datetime": "'1970-01-01 00:00:00.000000'",
    "duration": "'0'",
    "json": "'{}'",
    "time": "'00:00:00.000000'",
    "uuid": "'00000000-0000-0000-0000-000000000000'",
}


class DropColumn(Operation, frozen=True):
    """Drop a column and what is in it."""

    table: str
    name: str

    def apply(self, state: State) -> State:
        """Take the column away."""
        return state.column_dropped(self.table, self.name)

    def undo(self, before: State) -> Operation:
        """Add the column again; rows get an empty value of its type where one is required."""
        column = before.table(self.table).column(self.name)
        if (self.table, self.name) in before.kept_defaults:
            return AddColumn(self.table, replace(column, server_default=None), fill=column.server_default)
        needs_value = not column.nullable and column.server_default is None and not column.computed
        fill = Sql(_EMPTY.get(column.type.kind, "NULL")) if needs_value else None
        return AddColumn(self.table, column, fill=fill)

    def describe(self) -> str:
        """Name the column."""
        return f"drop column {self.table}.{self.name}"


class RenameColumn(Operation, frozen=True):
    """Give a column another name."""

    table: str
    name: str
    to: str

    def apply(self, state: State) -> State:
        """Rename it, and what refers to it."""
        return state.column_renamed(self.table, self.name, self.to)

    def undo(self, before: State) -> Operation:
        """Give the earlier name back."""
        return RenameColumn(self.table, self.to, self.name)

    def describe(self) -> str:
        """Name both."""
        return f"rename column {self.table}.{self.name} to {self.to}"


class AlterColumn(Operation, frozen=True):
    """Make a column what `column` says: its type, whether it is required, its default.

    `using` is an expression of SQL that turns what is there into the new type;
    without it the database's own conversion is used. `fill` is what rows without a
    value get when the column becomes required.
    """

    table: str
    column: Column
    using: str = ""
    fill: ServerDefault = None

    def apply(self, state: State) -> State:
        """Put the column in place of the one of its name."""
        return state.column_altered(self.table, self.column)

    def undo(self, before: State) -> Operation:
        """Make the column what it was."""
        return AlterColumn(self.table, before.table(self.table).column(self.column.name))

    def describe(self) -> str:
        """Name the column and what it becomes."""
        required = "may be null" if self.column.nullable else "required"
        return f"alter column {self.table}.{self.column.name}: {self.column.type}, {required}"


class AddIndex(Operation, frozen=True):
    """Add an index; `concurrent` lets PostgreSQL build it while the table is written, "
    "outside a transaction."""

    table: str
    index: Index
    concurrent: bool = False

    def apply(self, state: State) -> State:
        """Add the index."""
        return state.part_added(self.table, self.index)

    def undo(self, before: State) -> Operation:
        """Drop the index."""
        return DropIndex(self.table, self.named(before).name)

    def named(self, before: State) -> Index:
        """Give the index with the name that it gets."""
        return self.apply(before).table(self.table).indexes[-1]

    def describe(self) -> str:
        """Name the columns."""
        kind = "unique index" if self.index.unique else "index"
        return f"add {kind} on {self.table} ({', '.join(self.index.columns)})"


class DropIndex(Operation, frozen=True):
    """Drop an index."""

    table: str
    name: str

    def apply(self, state: State) -> State:
        """Take the index away."""
        _expect(state.part(self.table, self.name), (Index,), self)
        return state.part_dropped(self.table, self.name)

    def undo(self, before: State) -> Operation:
        """Add the index again."""
        index = before.part(self.table, self.name)
        assert isinstance(index, Index)
        return AddIndex(self.table, index)

    def describe(self) -> str:
        """Name the index."""
        return f"drop index {self.name} of {self.table}"


class AddConstraint(Operation, frozen=True):
    """Add a unique constraint, a check or a foreign key."""

    table: str
    constraint: Constraint

    def apply(self, state: State) -> State:
        """Add the constraint."""
        return state.part_added(self.table, self.constraint)

    def undo(self, before: State) -> Operation:
        """Drop the constraint."""
        return DropConstraint(self.table, self.named(before).name)

    def named(self, before: State) -> Constraint:
        """Give the constraint with the name that it gets."""
        after = self.apply(before).table(self.table)
        if isinstance(self.constraint, ForeignKey):
            return after.foreign_keys[-1]
        return after.checks[-1] if isinstance(self.constraint, Check) else after.uniques[-1]

    def describe(self) -> str:
        """Say what will hold."""
        return f"add {_said(self.constraint)} to {self.table}"


class DropConstraint(Operation, frozen=True):
    """Drop a unique constraint, a check or a foreign key."""

    table: str
    name: str

    def apply(self, state: State) -> State:
        """Take the constraint away."""
        part = state.part(self.table, self.name)
        if isinstance(part, Index | FullText):
            _expect(part, (), self)
        return state.part_dropped(self.table, self.name)

    def undo(self, before: State) -> Operation:
        """Add the constraint again."""
        part = before.part(self.table, self.name)
        assert not isinstance(part, Index | FullText)
        return AddConstraint(self.table, part)

    def describe(self) -> str:
        """Name the constraint."""
        return f"drop constraint {self.name} of {self.table}"


class RenameConstraint(Operation, frozen=True):
    """Give an index or a constraint another name."""

    table: str
    name: str
    to: str

    def apply(self, state: State) -> State:
        """Rename it."""
        part = state.part(self.table, self.name)
        if isinstance(part, FullText):
            _expect(part, (), self)
        return state.part_renamed(self.table, self.name, self.to)

    def undo(self, before: State) -> Operation:
        """Give the earlier name back."""
        return RenameConstraint(self.table, self.to, self.name)

    def describe(self) -> str:
        """Name both."""
        return f"rename {self.name} of {self.table} to {self.to}"


class AddFullText(Operation, frozen=True):
    """Make columns searchable by words; rows that are there are found too."""

    table: str
    full_text: FullText

    def apply(self, state: State) -> State:
        """Add the search."""
        return state.part_added(self.table, self.full_text)

    def undo(self, before: State) -> Operation:
        """Take the search away."""
        return DropFullText(self.table, self.named(before).name)

    def named(self, before: State) -> FullText:
        """Give the search with the name that it gets."""
        return self.apply(before).table(self.table).full_texts[-1]

    def describe(self) -> str:
        """Name the columns."""
        return f"add full-text search on {self.table} ({', '.join(self.full_text.columns)})"


class DropFullText(Operation, frozen=True):
    """Take a full-text search away; the columns stay."""

    table: str
    name: str

    def apply(self, state: State) -> State:
        """Take the search away."""
        _expect(state.part(self.table, self.name), (FullText,), self)
        return state.part_dropped(self.table, self.name)

    def undo(self, before: State) -> Operation:
        """Add the search again."""
        part = before.part(self.table, self.name)
        assert isinstance(part, FullText)
        return AddFullText(self.table, part)

    def describe(self) -> str:
        """Name the search."""
        return f"drop full-text search {self.name} of {self.table}"


class RunSQL(Operation, frozen=True):
    """Run statements of SQL as they stand, one text each.

    `only` names the dialects that they are for: sqlite, postgresql, mysql, mariadb;
    empty is all. `undo_with` leads back; without it the migration cannot be undone.
    `tables` are the operations that say what the statements do to tables, if they do.
    """

    changes_tables: ClassVar[bool] = False
    statements: Sequence[str]
    undo_with: Sequence[str] | None = None
    only: Sequence[str] = ()
    tables: Sequence[Operation] = ()
    database: str = "default"

    def apply(self, state: State) -> State:
        """Apply what the statements are said to do to tables."""
        for operation in self.tables:
            state = operation.apply(state)
        return state

    def undo(self, before: State) -> Operation:
        """Run the statements that lead back."""
        if self.undo_with is None:
            raise SetupError(
                f"RunSQL({self.statements[0]!r}) cannot be undone.",
                fix="Give it undo_with=[...], or undo_with=[] when nothing is to be done.",
            )
        backwards: list[Operation] = []
        state = before
        for operation in self.tables:
            backwards.insert(0, operation.undo(state))
            state = operation.apply(state)
        return RunSQL(self.undo_with, self.statements, self.only, backwards, self.database)

    def describe(self) -> str:
        """Show the beginning of the first statement."""
        first = " ".join(self.statements[0].split()) if self.statements else "nothing"
        return f"run SQL: {first[:60]}"


class RunPython(Operation, frozen=True):
    """Call a function that changes rows; it gets a `Data` to read and write them with.

    Without `undo_with` the migration cannot be undone; `RunPython.nothing` undoes nothing.
    """

    changes_tables: ClassVar[bool] = False
    function: Callable[[Data], Any]
    undo_with: Callable[[Data], Any] | None = None
    database: str = "default"

    @staticmethod
    def nothing(data: Data) -> None:
        """Do nothing, on the way back."""

    def apply(self, state: State) -> State:
        """Rows are no part of the state."""
        return state

    def undo(self, before: State) -> Operation:
        """Call the function that leads back."""
        if self.undo_with is None:
            raise SetupError(
                f"RunPython({self.function.__name__}) cannot be undone.",
                fix="Give it undo_with=, or undo_with=RunPython.nothing when nothing is to be done.",
            )
        return RunPython(self.undo_with, self.function, self.database)

    def describe(self) -> str:
        """Name the function, or what its docstring says."""
        said = (self.function.__doc__ or "").strip().partition("\n")[0]
        return f"run {self.function.__name__}{f': {said}' if said else ''}"


def _expect(
    part: Part,
    wanted: tuple[type, ...],
    operation: DropIndex | DropConstraint | DropFullText | RenameConstraint,
) -> None:
    if not isinstance(part, wanted):
        word = {Index: "DropIndex", FullText: "DropFullText"}.get(type(part), "DropConstraint")
        raise SetupError(
            f"{type(operation).__name__}({operation.table!r}, {operation.name!r}): that is a "
            f"{type(part).__name__}.",
            fix=f"Write {word}.",
        )


def _said(constraint: Constraint) -> str:
    if isinstance(constraint, ForeignKey):
        return f"foreign key ({', '.join(constraint.columns)}) to {constraint.target_full_name}"
    if isinstance(constraint, Check):
        return f"check ({constraint.condition})"
    return f"unique ({', '.join(constraint.columns)})"
