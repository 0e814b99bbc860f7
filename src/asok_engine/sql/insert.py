"""INSERT: shapes for rows of given columns, with what happens when a row is there already.

A shape is prepared once for a model and a set of columns; the values of its rows
stand one after the other. Where the database makes the key, the result is that
key, whatever way the dialect has of telling it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from msgspec import Struct

from asok_engine.sql.compiler import Decode, Template
from asok_engine.sql.dialects.contract import Dialect
from asok_engine.sql.sources import Source
from asok_engine.sql.statements import Shape
from asok_engine.sql.writer import Writer

__all__ = ["Conflict", "insert_lists_shape", "insert_shape"]


class Conflict(Struct, frozen=True):
    """What happens when a row with the same unique columns is there: leave it, or update it."""

    kind: Literal["ignore", "update"]
    #: The unique columns; MySQL looks at every unique key instead.
    target: tuple[str, ...] = ()
    #: The columns that get the values of the row that was to be inserted.
    update: tuple[str, ...] = ()


def insert_shape(
    source: Source,
    columns: Sequence[str],
    *,
    rows: int = 1,
    key: str = "",
    returning: Sequence[str] = (),
    conflict: Conflict | None = None,
) -> Shape:
    """Prepare an INSERT of `rows` rows.

    With `key`, the column that the database counts, the result is the key; of several
    rows a list of keys, or the first one where the dialect `gives_first_key_of_many`.
    With `returning` it is the rows of these columns where the dialect can, else the
    number of rows.
    """

    def write(dialect: Dialect) -> Template:
        writer = Writer(dialect)
        table = writer.table(source)
        names = [
            {name: writer.parameter(source.table.column(name).type) for name in columns} for _ in range(rows)
        ]
        made = dialect.insert(table)
        made = made.values(names if rows > 1 else names[0]) if columns else made
        if conflict is not None:
            made = _with_conflict(made, conflict, writer, source)
        if key and rows == 1 and dialect.has_last_key:
            return writer.template(made, "key")
        if key and rows > 1 and not dialect.supports_insert_returning:
            return writer.template(made, "key")
        wanted = (key,) if key else tuple(returning)
        if not wanted or not dialect.supports_insert_returning:
            return writer.template(made, "count")
        made = made.returning(*[table.c[name] for name in wanted])
        if not key:
            return writer.template(made, "rows", _tuples(dialect, source, wanted))
        return writer.template(made, "rows", _first_value if rows == 1 else _values_in_order)

    return Shape(write, writes=True, is_cheap=rows == 1, table_name=source.table.name)


def insert_lists_shape(source: Source, columns: Sequence[str], key: str = "") -> Shape:
    """Prepare an INSERT of any number of rows; the values are one list for each column.

    Only for a dialect that has a `list_encoder` for all of their types. With `key` the
    result is the list of the keys that the database has counted, in the order of the
    rows, else the number of rows.
    """

    def write(dialect: Dialect) -> Template:
        writer = Writer(dialect)
        sa, table = writer.sa, writer.table(source)
        lists = [writer.parameter_list(source.table.column(name).type) for name in columns]
        names = [f"c{place}" for place in range(len(columns))]
        rows = sa.func.unnest(*lists).table_valued(*names, name="given").render_derived()
        made = dialect.insert(table).from_select(list(columns), sa.select(*[rows.c[name] for name in names]))
        if not key:
            return writer.template(made, "count")
        return writer.template(made.returning(table.c[key]), "rows", _values_in_order)

    return Shape(write, writes=True, table_name=source.table.name)


def _with_conflict(made: Any, conflict: Conflict, writer: Writer, source: Source) -> Any:
    if not writer.dialect.supports_conflict_target:
        if conflict.kind == "update":
            return made.on_duplicate_key_update({name: made.inserted[name] for name in conflict.update})
        # Why not INSERT IGNORE: it also swallows values that are too long and missing foreign rows.
        kept = source.table.primary_key[0]
        return made.on_duplicate_key_update({kept: writer.table(source).c[kept]})
    if conflict.kind == "ignore":
        return made.on_conflict_do_nothing(index_elements=conflict.target or None)
    updates = {name: made.excluded[name] for name in conflict.update}
    return made.on_conflict_do_update(index_elements=conflict.target, set_=updates)


def _tuples(dialect: Dialect, source: Source, names: Sequence[str]) -> Decode:
    decoders = [dialect.decoder(source.table.column(name).type) for name in names]

    def decode(rows: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
        return [
            tuple(
                value if decoder is None or value is None else decoder(value)
                for value, decoder in zip(row, decoders, strict=True)
            )
            for row in rows
        ]

    return decode


def _first_value(rows: Sequence[Sequence[Any]]) -> Any:
    return rows[0][0] if rows else None


def _values_in_order(rows: Sequence[Sequence[Any]]) -> list[Any]:
    # Why sorted: keys are counted in the order of the rows, RETURNING promises no order.
    return sorted([row[0] for row in rows])
