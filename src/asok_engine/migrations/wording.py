"""What one operation is in the words of each database: its steps, from the state before and the one after.

Alembic writes the statements of PostgreSQL and MySQL that alter, SQLAlchemy those that
create. A step that may have been done already says how that is seen. What SQLite cannot
alter comes to `spelling` instead, which rebuilds the table; what is written here
depends on nothing but the states.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

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
from asok_engine.migrations.state import State
from asok_engine.migrations.steps import Probe, Step
from asok_engine.sql.fulltext import drop_fts5_statements, fts5_statements, quoted
from asok_engine.sql.metadata import (
    DialectName,
    complete_targets,
    create_statements,
    ddl,
    literal_sql,
    plain_text,
    server_default_sql,
    sqlalchemy_column,
    sqlalchemy_dialect,
    sqlalchemy_table,
    sqlalchemy_type,
    value_sql,
)
from asok_engine.sql.tables import (
    Check,
    Column,
    ForeignKey,
    FullText,
    Index,
    Table,
    Unique,
)

if TYPE_CHECKING:
    import sqlalchemy as sa
    from alembic.operations import Operations

__all__ = ["steps_of"]


class _Writer:
    """Writes the statements of one operation with Alembic, as text."""

    def __init__(self, dialect: DialectName) -> None:
        from alembic.migration import MigrationContext
        from alembic.operations import Operations

        self.dialect = dialect
        context = MigrationContext.configure(
            dialect=sqlalchemy_dialect(dialect), opts={"as_sql": True, "literal_binds": True}
        )
        self.written: list[str] = []
        impl: Any = context.impl
        impl.command_terminator = ""
        impl.static_output = lambda text: self.written.append(plain_text(text, dialect))
        self.op: Operations = Operations(context)

    def take(self) -> list[str]:
        """Give what was written since the last time."""
        taken, self.written[:] = list(self.written), []
        return taken


def steps_of(operation: Operation, before: State, after: State, dialect: DialectName) -> list[Step]:
    """Give what a database is told for one operation, in order."""
    return _SPELLERS[type(operation)](operation, before, after, dialect)


def _create(
    operation: CreateTable | CreateManyToMany, before: State, after: State, dialect: DialectName
) -> list[Step]:
    table = operation.table
    # A key to a table that is created later, or to itself, is no reason to hold it back here.
    texts = create_statements([table], dialect)
    steps: list[Step] = []
    if dialect == "postgresql":
        if table.schema:
            steps.append(Step("ddl", f"CREATE SCHEMA IF NOT EXISTS {quoted(table.schema)}"))
        if any(column.type.kind == "vector" for column in table.columns):
            steps.append(_vector_extension())
    steps.append(Step("ddl", texts[0], done=Probe("table", table.full_name)))
    names = [*sorted([index.name for index in table.indexes], key=str)]
    for text in texts[1:]:
        name = next((each for each in names if f" {each} " in text.replace('"', "").replace("`", "")), "")
        steps.append(
            Step("ddl", text, done=Probe("index", table.full_name, name) if name else _fts_probe(text, table))
        )
    return steps


def _fts_probe(text: str, table: Table) -> Probe | None:
    for search in table.full_texts:
        if f"ix_{search.name}" in text:
            return Probe("index", table.full_name, f"ix_{search.name}")
    return None


def _vector_extension() -> Step:
    return Step("ddl", "CREATE EXTENSION IF NOT EXISTS vector")


def _drop_table(operation: DropTable, before: State, after: State, dialect: DialectName) -> list[Step]:
    table = before.table(operation.table)
    steps: list[Step] = []
    if dialect == "sqlite":
        for search in table.full_texts:
            steps += [Step("ddl", text) for text in drop_fts5_statements(search)]
    steps.append(
        Step(
            "ddl", f"DROP TABLE {_name(table, dialect)}", done=Probe("table", table.full_name, is_there=False)
        )
    )
    return steps


def _rename_table(operation: RenameTable, before: State, after: State, dialect: DialectName) -> list[Step]:
    table = before.table(operation.table)
    renamed = replace(table, name=operation.name)
    quote = "`" if dialect in ("mysql", "mariadb") else '"'
    target = quoted(operation.name, quote)
    step = Step(
        "ddl",
        f"ALTER TABLE {_name(table, dialect)} RENAME TO {target}",
        done=Probe("table", renamed.full_name),
    )
    if dialect != "sqlite":
        return [step]
    return [*_without_search(table, dialect), step, *_with_search(after.table(renamed.full_name), dialect)]


def _without_search(table: Table, dialect: DialectName, column: str = "") -> list[Step]:
    return [
        step
        for search in table.full_texts
        if not column or column in search.columns
        for step in _search_dropped(search, table, dialect)
    ]


def _with_search(table: Table, dialect: DialectName, column: str = "") -> list[Step]:
    return [
        step
        for search in table.full_texts
        if not column or column in search.columns
        for step in _search_added(search, table, dialect)
    ]


def _search_added(search: FullText, table: Table, dialect: DialectName) -> list[Step]:
    if dialect == "sqlite":
        return [Step("ddl", text) for text in fts5_statements(search, table, filled=True)]
    with_search = _sa_table(replace(table, full_texts=(search,), indexes=()), dialect)
    writer = _Writer(dialect)
    column = with_search.c[search.name]
    writer.op.add_column(table.name, _detached(column), schema=table.schema or None)
    (added,) = writer.take()
    index = next(iter(each for each in with_search.indexes if each.name == f"ix_{search.name}"))
    from sqlalchemy.schema import CreateIndex

    return [
        Step("ddl", added, done=Probe("column", table.full_name, search.name)),
        Step(
            "ddl", ddl(CreateIndex(index), dialect), done=Probe("index", table.full_name, f"ix_{search.name}")
        ),
    ]


def _detached(column: sa.Column[Any]) -> sa.Column[Any]:
    return column._copy()


def _search_dropped(search: FullText, table: Table, dialect: DialectName) -> list[Step]:
    if dialect == "sqlite":
        return [Step("ddl", text) for text in drop_fts5_statements(search)]
    quote = '"' if dialect == "postgresql" else "`"
    gone = Probe("column", table.full_name, search.name, is_there=False)
    steps = []
    if dialect != "postgresql":
        index = f"ix_{search.name}"
        steps.append(
            Step(
                "ddl",
                f"DROP INDEX {quoted(index, quote)} ON {_name(table, dialect)}",
                done=Probe("index", table.full_name, index, is_there=False),
            )
        )
    steps.append(
        Step(
            "ddl", f"ALTER TABLE {_name(table, dialect)} DROP COLUMN {quoted(search.name, quote)}", done=gone
        )
    )
    return steps


def _add_full_text(operation: AddFullText, before: State, after: State, dialect: DialectName) -> list[Step]:
    return _search_added(operation.named(before), after.table(operation.table), dialect)


def _drop_full_text(operation: DropFullText, before: State, after: State, dialect: DialectName) -> list[Step]:
    part = before.part(operation.table, operation.name)
    assert isinstance(part, FullText)
    return _search_dropped(part, before.table(operation.table), dialect)


def _add_column(operation: AddColumn, before: State, after: State, dialect: DialectName) -> list[Step]:
    table = after.table(operation.table)
    column = operation.kept_column
    steps: list[Step] = []
    if dialect == "postgresql" and column.type.kind == "vector":
        steps.append(_vector_extension())
    fill = operation.fill if not operation.keeps_default else None
    first = replace(column, nullable=True) if fill is not None else column
    writer = _Writer(dialect)
    writer.op.add_column(table.name, sqlalchemy_column(first, table, dialect), schema=table.schema or None)
    steps += [Step("ddl", text, done=Probe("column", table.full_name, column.name)) for text in writer.take()]
    if fill is None:
        return steps
    value = value_sql(fill, column.type, dialect)
    steps.append(
        Step("rows", f"UPDATE {_name(table, dialect)} SET {_quoted(column.name, dialect)} = {value}")
    )
    if not column.nullable:
        steps += _altered(first, column, table, dialect)
    return steps


def _drop_column(operation: DropColumn, before: State, after: State, dialect: DialectName) -> list[Step]:
    table = before.table(operation.table)
    return [
        Step(
            "ddl",
            f"ALTER TABLE {_name(table, dialect)} DROP COLUMN {_quoted(operation.name, dialect)}",
            done=Probe("column", table.full_name, operation.name, is_there=False),
        )
    ]


def _rename_column(operation: RenameColumn, before: State, after: State, dialect: DialectName) -> list[Step]:
    table = before.table(operation.table)
    step = Step(
        "ddl",
        f"ALTER TABLE {_name(table, dialect)} RENAME COLUMN {_quoted(operation.name, dialect)} "
        f"TO {_quoted(operation.to, dialect)}",
        done=Probe("column", table.full_name, operation.to),
    )
    if dialect == "postgresql":
        return [step]
    renamed = after.table(operation.table)
    checks: list[Step] = []
    restored: list[Step] = []
    if dialect != "sqlite":
        # Why: MySQL refuses to rename a column that a check speaks of.
        for old, new in zip(table.checks, renamed.checks, strict=True):
            if old != new:
                checks += _constraint_dropped(old, table, renamed, dialect)
                restored.append(_constraint_added(new, renamed, dialect))
    return [
        *checks,
        *_without_search(table, dialect, operation.name),
        step,
        *_with_search(renamed, dialect, operation.to),
        *restored,
    ]


def _alter_column(operation: AlterColumn, before: State, after: State, dialect: DialectName) -> list[Step]:
    table = after.table(operation.table)
    old, column = before.table(operation.table).column(operation.column.name), operation.column
    name = _quoted(column.name, dialect)
    steps: list[Step] = []
    if operation.fill is not None:
        value = value_sql(operation.fill, column.type, dialect)
        steps.append(
            Step("rows", f"UPDATE {_name(table, dialect)} SET {name} = {value} WHERE {name} IS NULL")
        )
    if operation.using and dialect != "postgresql":
        steps.append(Step("rows", f"UPDATE {_name(table, dialect)} SET {name} = {operation.using}"))
    steps += _altered(old, column, table, dialect, using=operation.using)
    if sqlalchemy_type(old.type, dialect).compile(dialect=sqlalchemy_dialect(dialect)) == sqlalchemy_type(
        column.type, dialect
    ).compile(dialect=sqlalchemy_dialect(dialect)):
        return steps
    return [
        *_without_search(table, dialect, column.name),
        *steps,
        *_with_search(table, dialect, column.name),
    ]


def _altered(
    old: Column, column: Column, table: Table, dialect: DialectName, *, using: str = ""
) -> list[Step]:
    """Give the statements that make one column of PostgreSQL or MySQL what it shall be."""
    where = _name(table, dialect)
    if dialect != "postgresql":
        from sqlalchemy.schema import CreateColumn

        made = _sa_table(replace(table, columns=_with(table, column), indexes=(), full_texts=()), dialect)
        return [
            Step(
                "ddl", f"ALTER TABLE {where} MODIFY COLUMN {ddl(CreateColumn(made.c[column.name]), dialect)}"
            )
        ]
    alter = f"ALTER TABLE {where} ALTER COLUMN {_quoted(column.name, dialect)}"
    texts: list[str] = []
    old_default, default = server_default_sql(old, dialect), server_default_sql(column, dialect)
    spelled = [
        sqlalchemy_type(each.type, dialect).compile(dialect=sqlalchemy_dialect(dialect))
        for each in (old, column)
    ]
    if spelled[0] != spelled[1]:
        if old_default is not None:
            texts.append(f"{alter} DROP DEFAULT")
            old_default = None
        expression = using or _postgresql_cast(old, column, spelled[1])
        texts.append(f"{alter} TYPE {spelled[1]}{f' USING {expression}' if expression else ''}")
    if old_default != default:
        texts.append(f"{alter} DROP DEFAULT" if default is None else f"{alter} SET DEFAULT {default}")
    if old.nullable != column.nullable:
        texts.append(f"{alter} {'DROP' if column.nullable else 'SET'} NOT NULL")
    if old.autoincrement and not column.autoincrement:
        texts.append(f"{alter} DROP IDENTITY IF EXISTS")
    steps = [Step("ddl", text) for text in texts]
    if column.autoincrement and not old.autoincrement:
        name = _quoted(column.name, dialect)
        steps.append(Step("ddl", f"{alter} ADD GENERATED BY DEFAULT AS IDENTITY"))
        steps.append(
            Step(
                "rows",
                f"SELECT setval(pg_get_serial_sequence({literal_sql(where, column.type, dialect)}, "
                f"{literal_sql(column.name, column.type, dialect)}), "
                f"(SELECT coalesce(max({name}), 0) + 1 FROM {where}), false)",
            )
        )
    return steps


def _postgresql_cast(old: Column, column: Column, spelled: str) -> str:
    texts = ("string", "text", "enum")
    if old.type.kind in texts and column.type.kind in texts:
        # Why none: a cast would cut what is too long, without it PostgreSQL refuses.
        return ""
    return f"{_quoted(column.name, 'postgresql')}::{spelled}"


def _with(table: Table, column: Column) -> tuple[Column, ...]:
    return tuple(column if each.name == column.name else each for each in table.columns)


def _add_index(operation: AddIndex, before: State, after: State, dialect: DialectName) -> list[Step]:
    table = after.table(operation.table)
    index = operation.named(before)
    steps = _index_steps(index, table, dialect, concurrent=operation.concurrent)
    if dialect in ("mysql", "mariadb"):
        for key in table.foreign_keys:
            if _covers(index.column_names, key.columns) and not _covered(key, before.table(operation.table)):
                steps.append(_own_key_index_dropped(key, table, dialect))
    return steps


def _index_steps(index: Index, table: Table, dialect: DialectName, *, concurrent: bool = False) -> list[Step]:
    from sqlalchemy.schema import CreateIndex

    made = _sa_table(replace(table, indexes=(index,), full_texts=()), dialect)
    if not made.indexes:
        return []
    (element,) = made.indexes
    text = ddl(CreateIndex(element), dialect)
    if not (concurrent and dialect == "postgresql"):
        return [Step("ddl", text, done=Probe("index", table.full_name, index.name))]
    schema = f"{quoted(table.schema)}." if table.schema else ""
    return [
        # Why: an index whose making was cut off is left behind and is of no use.
        Step("ddl", f"DROP INDEX CONCURRENTLY IF EXISTS {schema}{quoted(index.name)}", in_transaction=False),
        Step("ddl", text.replace(" INDEX ", " INDEX CONCURRENTLY ", 1), in_transaction=False),
    ]


def _drop_index(operation: DropIndex, before: State, after: State, dialect: DialectName) -> list[Step]:
    part = before.part(operation.table, operation.name)
    assert isinstance(part, Index)
    table = before.table(operation.table)
    if dialect != "postgresql" and part.using not in ("", "btree"):
        return []
    return _index_dropped(part, table, after.table(operation.table), dialect)


def _index_dropped(part: Index | Unique, table: Table, after: Table, dialect: DialectName) -> list[Step]:
    gone = Probe("index", table.full_name, part.name, is_there=False)
    if dialect in ("mysql", "mariadb"):
        steps = []
        for key in table.foreign_keys:
            if _covered(key, table) and not _covered(key, after) and key in after.foreign_keys:
                # Why: MySQL keeps an index under every foreign key and refuses to drop the last one.
                columns = ", ".join(_quoted(name, dialect) for name in key.columns)
                steps.append(
                    Step(
                        "ddl",
                        f"CREATE INDEX {_quoted(key.name, dialect)} ON {_name(table, dialect)} ({columns})",
                        done=Probe("index", table.full_name, key.name),
                    )
                )
        return [
            *steps,
            Step("ddl", f"DROP INDEX {_quoted(part.name, dialect)} ON {_name(table, dialect)}", done=gone),
        ]
    schema = f"{_quoted(table.schema, dialect)}." if table.schema and dialect == "postgresql" else ""
    return [Step("ddl", f"DROP INDEX {schema}{_quoted(part.name, dialect)}", done=gone)]


def _covers(index: Sequence[str], columns: Sequence[str]) -> bool:
    return tuple(index[: len(columns)]) == tuple(columns)


def _covered(key: ForeignKey, table: Table) -> bool:
    """Say whether an index that the table declares serves a foreign key."""
    indexes = [
        table.primary_key,
        *(index.column_names for index in table.indexes if index.using in ("", "btree")),
        *(unique.columns for unique in table.uniques),
    ]
    return any(_covers(columns, key.columns) for columns in indexes)


def _own_key_index_dropped(key: ForeignKey, table: Table, dialect: DialectName) -> Step:
    return Step(
        "ddl",
        f"DROP INDEX {_quoted(key.name, dialect)} ON {_name(table, dialect)}",
        when=Probe("index", table.full_name, key.name),
    )


def _add_constraint(
    operation: AddConstraint, before: State, after: State, dialect: DialectName
) -> list[Step]:
    table = after.table(operation.table)
    constraint = operation.named(before)
    steps = [_constraint_added(constraint, table, dialect)]
    if dialect in ("mysql", "mariadb") and isinstance(constraint, Unique):
        for key in table.foreign_keys:
            if _covers(constraint.columns, key.columns) and not _covered(key, before.table(operation.table)):
                steps.append(_own_key_index_dropped(key, table, dialect))
    return steps


def _constraint_added(constraint: Unique | Check | ForeignKey, table: Table, dialect: DialectName) -> Step:
    from sqlalchemy.schema import AddConstraint as Element

    attribute = {Unique: "uniques", Check: "checks", ForeignKey: "foreign_keys"}[type(constraint)]
    parts: dict[str, Any] = dict.fromkeys(("indexes", "uniques", "checks", "foreign_keys", "full_texts"), ())
    made = _sa_table(replace(table, **{**parts, attribute: (constraint,)}), dialect)
    element = next(each for each in made.constraints if each.name == constraint.name)
    return Step(
        "ddl", ddl(Element(element), dialect), done=Probe("constraint", table.full_name, constraint.name)
    )


def _drop_constraint(
    operation: DropConstraint, before: State, after: State, dialect: DialectName
) -> list[Step]:
    table = before.table(operation.table)
    part = before.part(operation.table, operation.name)
    assert not isinstance(part, Index | FullText)
    return _constraint_dropped(part, table, after.table(operation.table), dialect)


def _constraint_dropped(
    part: Unique | Check | ForeignKey, table: Table, after: Table, dialect: DialectName
) -> list[Step]:
    gone = Probe("constraint", table.full_name, part.name, is_there=False)
    if dialect in ("mysql", "mariadb"):
        if isinstance(part, Unique):
            return _index_dropped(part, table, after, dialect)
        if isinstance(part, ForeignKey):
            drop = f"ALTER TABLE {_name(table, dialect)} DROP FOREIGN KEY {_quoted(part.name, dialect)}"
            # Why: the index that MySQL has made for the key stays otherwise.
            return [Step("ddl", drop, done=gone), _own_key_index_dropped(part, table, dialect)]
    return [
        Step(
            "ddl",
            f"ALTER TABLE {_name(table, dialect)} DROP CONSTRAINT {_quoted(part.name, dialect)}",
            done=gone,
        )
    ]


def _rename_constraint(
    operation: RenameConstraint, before: State, after: State, dialect: DialectName
) -> list[Step]:
    table = before.table(operation.table)
    part = before.part(operation.table, operation.name)
    assert not isinstance(part, FullText)
    renamed = replace(part, name=operation.to)
    old, to = _quoted(operation.name, dialect), _quoted(operation.to, dialect)
    if dialect == "postgresql":
        if isinstance(part, Index):
            schema = f"{quoted(table.schema)}." if table.schema else ""
            return [
                Step(
                    "ddl",
                    f"ALTER INDEX {schema}{old} RENAME TO {to}",
                    done=Probe("index", table.full_name, operation.to),
                )
            ]
        return [
            Step(
                "ddl",
                f"ALTER TABLE {_name(table, dialect)} RENAME CONSTRAINT {old} TO {to}",
                done=Probe("constraint", table.full_name, operation.to),
            )
        ]
    if isinstance(part, Index) and dialect == "sqlite":
        assert isinstance(renamed, Index)
        return [*_index_dropped(part, table, table, dialect), *_index_steps(renamed, table, dialect)]
    if isinstance(part, Index | Unique):
        if isinstance(part, Index) and part.using not in ("", "btree"):
            return []
        return [
            Step(
                "ddl",
                f"ALTER TABLE {_name(table, dialect)} RENAME INDEX {old} TO {to}",
                done=Probe("index", table.full_name, operation.to),
            )
        ]
    assert not isinstance(renamed, Index | Unique)
    return [
        *_constraint_dropped(part, table, after.table(operation.table), dialect),
        _constraint_added(renamed, after.table(operation.table), dialect),
    ]


def _run_sql(operation: RunSQL, before: State, after: State, dialect: DialectName) -> list[Step]:
    if operation.only and dialect not in operation.only:
        return []
    return [Step("ddl" if operation.tables else "rows", text) for text in operation.statements]


def _run_python(operation: RunPython, before: State, after: State, dialect: DialectName) -> list[Step]:
    return [Step("call", operation.describe(), function=operation.function)]


_SPELLERS: dict[type[Operation], Callable[[Any, State, State, DialectName], list[Step]]] = {
    AddColumn: _add_column,
    AddConstraint: _add_constraint,
    AddFullText: _add_full_text,
    AddIndex: _add_index,
    AlterColumn: _alter_column,
    CreateManyToMany: _create,
    CreateTable: _create,
    DropColumn: _drop_column,
    DropConstraint: _drop_constraint,
    DropFullText: _drop_full_text,
    DropIndex: _drop_index,
    DropTable: _drop_table,
    RenameColumn: _rename_column,
    RenameConstraint: _rename_constraint,
    RenameTable: _rename_table,
    RunPython: _run_python,
    RunSQL: _run_sql,
}


def _sa_table(table: Table, dialect: DialectName) -> sa.Table:
    import sqlalchemy

    metadata = sqlalchemy.MetaData()
    made = sqlalchemy_table(table, metadata, dialect)
    complete_targets(metadata, [table])
    return made


def _quoted(name: str, dialect: DialectName) -> str:
    return quoted(name, "`" if dialect in ("mysql", "mariadb") else '"')


def _name(table: Table, dialect: DialectName) -> str:
    name = _quoted(table.name, dialect)
    return f"{_quoted(table.schema, dialect)}.{name}" if table.schema else name
