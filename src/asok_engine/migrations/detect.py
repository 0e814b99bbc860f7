"""Finds what has to happen so that the tables become what the models say.

What cannot be known is asked: whether a column that went and one that came are
the same under another name, and what rows that are there get in a required
column. Without an answer nothing is written; a rename never becomes a drop.
The order of the operations works on every database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from asok_engine.errors import SetupError, UsageError
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
)
from asok_engine.migrations.state import Part, State, parts
from asok_engine.sql.tables import (
    Column,
    ForeignKey,
    FullText,
    Index,
    ServerDefault,
    Table,
    in_order_of_reference,
)
from asok_engine.sql.types import ColumnType

__all__ = ["Answers", "UnclearChange", "detect", "migration_title"]

_FAMILIES = (
    {"string", "text", "enum", "uuid", "inet"},
    {"smallint", "integer", "bigint", "float", "decimal"},
    {"date", "datetime", "time"},
    {"json", "array"},
)


class UnclearChange(UsageError):
    """The models have changed in a way that only a person can explain."""

    code = "unclear-change"


class Answers(Struct):
    """What is known beforehand, and how to ask for the rest.

    Without `ask_rename` or `ask_fill` an open question is an `UnclearChange`.
    """

    #: Old name to new name: `posts` to `articles`, `posts.body` to `text`.
    renames: Mapping[str, str] = field(default_factory=dict)
    #: Names that really go: `posts`, `posts.body`.
    drops: frozenset[str] = frozenset()
    #: Values for rows that are there, by `table.column`.
    fills: Mapping[str, ServerDefault] = field(default_factory=dict)
    #: Gets the old and the new name and says whether it is one thing.
    ask_rename: Callable[[str, str], bool] | None = None
    #: Gets the table and the column and gives a value, or None for none.
    ask_fill: Callable[[Table, Column], ServerDefault] | None = None


def detect(state: State, tables: Iterable[Table], answers: Answers | None = None) -> list[Operation]:
    """Give the operations from a state to the tables of the models.

    Raises:
        UnclearChange: a question has no answer.
        SetupError: a change that migrations do not make.
    """
    return _Detection(state, tables, answers or Answers()).run()


class _Detection:
    def __init__(self, state: State, tables: Iterable[Table], answers: Answers) -> None:
        self.state = state
        self.wanted = {table.full_name: table for table in tables}
        self.answers = answers
        self.operations: list[Operation] = []

    def run(self) -> list[Operation]:
        self.rename_tables()
        created = [table for name, table in self.wanted.items() if name not in self.state]
        dropped = [table for table in self.state if table.full_name not in self.wanted]
        kept = [name for name in self.wanted if name in self.state]
        for name in kept:
            self.check_kept(self.state.table(name), self.wanted[name])
            self.rename_columns(name)
        added: list[Operation] = self.drop_parts(kept, dropped)
        self.create(created)
        for name in kept:
            self.change_columns(name)
        for operation in sorted(
            added, key=lambda each: isinstance(getattr(each, "constraint", None), ForeignKey)
        ):
            self.emit(operation)
        for table in reversed(in_order_of_reference(dropped)[0]):
            self.emit(DropTable(table.full_name))
        return self.operations

    def emit(self, operation: Operation) -> None:
        self.state = operation.apply(self.state)
        self.operations.append(operation)

    def check_kept(self, old: Table, new: Table) -> None:
        if old.database != new.database:
            raise SetupError(
                f"The table {old.full_name!r} moves from the database {old.database!r} to {new.database!r}; "
                "a migration works in one database.",
                fix="Give it another name there, copy the rows, and drop the old one.",
            )

    def rename_tables(self) -> None:
        gone = [table for table in self.state if table.full_name not in self.wanted]
        come = [table for name, table in self.wanted.items() if name not in self.state]
        for old in gone:
            said = self.answers.renames.get(old.full_name)
            candidates = [new for new in come if _alike(old, new)]
            if said is not None:
                candidates = [new for new in come if new.full_name == said]
                if not candidates:
                    raise UsageError(
                        f"--rename {old.full_name}={said}: the models have no table {said!r} that is added."
                    )
            for new in candidates:
                if said is None and not self.is_rename(old.full_name, new.full_name):
                    continue
                come.remove(new)
                self.emit(RenameTable(old.full_name, new.name))
                break

    def rename_columns(self, name: str) -> None:
        old_table, new_table = self.state.table(name), self.wanted[name]
        gone = [column for column in old_table.columns if not new_table.has_column(column.name)]
        come = [column for column in new_table.columns if not old_table.has_column(column.name)]
        for old in gone:
            said = self.answers.renames.get(f"{name}.{old.name}")
            candidates = [new for new in come if _same_family(old.type, new.type) and not new.computed]
            if said is not None:
                target = said.rpartition(".")[2]
                candidates = [new for new in come if new.name == target]
                if not candidates:
                    raise UsageError(
                        f"--rename {name}.{old.name}={said}: the model has no column {target!r} that is "
                        "added."
                    )
            for new in candidates:
                if said is None and not self.is_rename(f"{name}.{old.name}", f"{name}.{new.name}"):
                    continue
                come.remove(new)
                self.emit(RenameColumn(name, old.name, new.name))
                break

    def is_rename(self, old: str, new: str) -> bool:
        if old in self.answers.drops:
            return False
        if self.answers.ask_rename is None:
            short = new if "." not in new else new.rpartition(".")[2]
            raise UnclearChange(
                f"{old} went and {new} came: is it the same under another name?",
                fix=f"Say --rename {old}={short}, or --drop {old} if what is in it may go.",
            )
        return self.answers.ask_rename(old, new)

    def drop_parts(self, kept: list[str], dropped: list[Table]) -> list[Operation]:
        """Drop what no longer holds, and give what is to be added when the columns are there."""
        retyped = {
            (name, column.name)
            for name in kept
            for column in self.wanted[name].columns
            if self.state.table(name).has_column(column.name)
            and _type(self.state.table(name).column(column.name).type) != _type(column.type)
        }
        keys: list[Operation] = []
        drops: list[Operation] = []
        renames: list[Operation] = []
        added: list[Operation] = []
        for name in kept:
            old, new = self.state.table(name), self.wanted[name]
            left = list(parts(new))
            for part in parts(old):
                same = part in left and not _touches(part, name, retyped)
                twin = next((each for each in left if _nameless(each) == _nameless(part)), None)
                if same:
                    left.remove(part)
                elif (
                    twin
                    and not isinstance(part, FullText)
                    and twin.name != part.name
                    and not _touches(part, name, retyped)
                ):
                    left.remove(twin)
                    renames.append(RenameConstraint(name, part.name, twin.name))
                else:
                    (keys if isinstance(part, ForeignKey) else drops).append(_drop(name, part))
            added += [_add(name, part) for part in left]
        keys += [
            DropConstraint(table.full_name, key.name) for table, key in in_order_of_reference(dropped)[1]
        ]
        # Foreign keys first: MySQL keeps an index as long as a key needs it.
        for operation in (*keys, *drops):
            self.emit(operation)
        for operation in renames:
            self.emit(operation)
        return added

    def create(self, tables: list[Table]) -> None:
        ordered, late = in_order_of_reference(tables)
        for table in ordered:
            held_back = [key for owner, key in late if owner is table]
            keys = tuple(key for key in table.foreign_keys if key not in held_back)
            made = replace(table, foreign_keys=keys)
            self.emit(CreateManyToMany.of(made) or CreateTable(made))
        for table, key in late:
            self.emit(AddConstraint(table.full_name, key))

    def change_columns(self, name: str) -> None:
        new_table = self.wanted[name]
        renewed: list[Column] = []
        for column in new_table.columns:
            if not self.state.table(name).has_column(column.name):
                self.add_column(name, column)
                continue
            old = self.state.table(name).column(column.name)
            if self.is_same(name, old, column):
                continue
            if old.computed != column.computed:
                renewed.append(column)
            else:
                self.emit(AlterColumn(name, column, fill=self.fill_for_required(name, old, column)))
        for column in renewed:
            self.emit(DropColumn(name, column.name))
            self.add_column(name, column)
        for old in self.state.table(name).columns:
            if not new_table.has_column(old.name):
                self.emit(DropColumn(name, old.name))
        if self.state.table(name).primary_key != new_table.primary_key:
            raise SetupError(
                f"The primary key of {name!r} changes from {self.state.table(name).primary_key} "
                f"to {new_table.primary_key}; migrations do not do that.",
                fix="Make another table, copy the rows in a data migration, and drop this one.",
            )

    def is_same(self, name: str, old: Column, new: Column) -> bool:
        if (name, new.name) in self.state.kept_defaults and new.server_default is None:
            old = replace(old, server_default=None)
        return replace(old, type=_type(old.type)) == replace(new, type=_type(new.type))

    def add_column(self, name: str, column: Column) -> None:
        has_value = (
            column.nullable or column.server_default is not None or column.computed or column.autoincrement
        )
        fill = self.answers.fills.get(f"{name}.{column.name}")
        if fill is None and not has_value:
            if self.answers.ask_fill is not None:
                fill = self.answers.ask_fill(self.wanted[name], column)
            if fill is None:
                raise UnclearChange(
                    f"The column {name}.{column.name} is required, and rows that are there have no value "
                    "for it.",
                    fix=f"Give the field a default, make it nullable, or --fill {name}.{column.name}=VALUE.",
                )
        self.emit(AddColumn(name, column, fill=None if has_value else fill))

    def fill_for_required(self, name: str, old: Column, column: Column) -> ServerDefault:
        if column.nullable or not old.nullable:
            return None
        return self.answers.fills.get(f"{name}.{column.name}", column.server_default)


def _alike(old: Table, new: Table) -> bool:
    mine, others = set(old.column_names), set(new.column_names)
    return (
        old.database == new.database
        and old.schema == new.schema
        and 2 * len(mine & others) >= len(mine | others)
    )


def _same_family(old: ColumnType, new: ColumnType) -> bool:
    return old.kind == new.kind or any(old.kind in family and new.kind in family for family in _FAMILIES)


def _type(column_type: ColumnType) -> ColumnType:
    """Give what the database knows of a type: it does not know the choices of an enum."""
    return replace(column_type, choices=()) if column_type.choices else column_type


def _nameless(part: Part) -> Part:
    return replace(part, name="")


def _touches(part: Part, table: str, retyped: set[tuple[str, str]]) -> bool:
    """Say whether a foreign key has a side whose type changes; no database compares two types under a key."""
    if not isinstance(part, ForeignKey):
        return False
    here = {(table, column) for column in part.columns}
    there = {(part.target_full_name, column) for column in part.target_columns}
    return bool((here | there) & retyped)


def _drop(table: str, part: Part) -> Operation:
    if isinstance(part, Index):
        return DropIndex(table, part.name)
    if isinstance(part, FullText):
        return DropFullText(table, part.name)
    return DropConstraint(table, part.name)


def _add(table: str, part: Part) -> Operation:
    if isinstance(part, Index):
        return AddIndex(table, part)
    if isinstance(part, FullText):
        return AddFullText(table, part)
    return AddConstraint(table, part)


def migration_title(operations: list[Operation]) -> str:
    """Name a migration after what it does: `create_posts`, `add_posts_slug_and_2_more`."""
    first = operations[0]
    if isinstance(first, CreateTable):
        said = f"create_{first.table.name}"
    elif isinstance(first, CreateManyToMany):
        said = f"create_{first.name}"
    else:
        verb = type(first).__name__
        words = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in verb).strip("_")
        subject = getattr(first, "name", "") or getattr(getattr(first, "column", None), "name", "")
        said = "_".join(filter(None, (words.partition("_")[0], str(getattr(first, "table", "")), subject)))
    clean = "".join(letter if letter.isalnum() else "_" for letter in said.lower())[:60]
    return f"{clean}_and_{len(operations) - 1}_more" if len(operations) > 1 else clean
