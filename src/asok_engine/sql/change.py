"""UPDATE and DELETE: prepared for one row by its key, or as values with conditions.

An UPDATE assigns expressions, so that `views = views + 1` is done by the database.
A condition that needs other tables is given as `key IN (SELECT ...)`.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from asok_engine.sql.compiler import Compiled, Template
from asok_engine.sql.dialects.contract import Dialect
from asok_engine.sql.expressions import Condition, Expression
from asok_engine.sql.sources import Source
from asok_engine.sql.statements import Shape, Statement
from asok_engine.sql.writer import Writer

__all__ = ["Delete", "Update", "delete_shape", "update_shape"]


def update_shape(source: Source, columns: Sequence[str], keys: Sequence[str]) -> Shape:
    """Prepare an UPDATE of one row: the values are those of `columns`, then those of `keys`."""

    def write(dialect: Dialect) -> Template:
        writer = Writer(dialect)
        table = writer.table(source)
        changes = {name: writer.parameter(source.table.column(name).type) for name in columns}
        made = writer.sa.update(table).values(changes).where(*_by_key(writer, source, keys))
        return writer.template(made, "count")

    return Shape(write, writes=True, is_cheap=True, table_name=source.table.name)


def delete_shape(source: Source, keys: Sequence[str]) -> Shape:
    """Prepare a DELETE of one row by the values of `keys`."""

    def write(dialect: Dialect) -> Template:
        writer = Writer(dialect)
        made = writer.sa.delete(writer.table(source)).where(*_by_key(writer, source, keys))
        return writer.template(made, "count")

    return Shape(write, writes=True, is_cheap=True, table_name=source.table.name)


def _by_key(writer: Writer, source: Source, keys: Sequence[str]) -> list[Any]:
    return [writer.column(source, name) == writer.parameter(source.table.column(name).type) for name in keys]


class Update(Statement, eq=False):
    """A change of every row that meets the condition; its result is the number of rows."""

    source: Source
    assignments: tuple[tuple[str, Expression], ...]
    where: Condition | None = None

    def shape(self, values: list[Any]) -> Hashable:
        """Give what decides the text, and append the values to `values`."""
        return (
            "update",
            self.source.key,
            tuple([(name, expression.shape(values)) for name, expression in self.assignments]),
            None if self.where is None else self.where.shape(values),
        )

    def compile(self, dialect: Dialect) -> Compiled:
        """Give the text and the parameters for this dialect."""
        values: list[Any] = []
        shape = self.shape(values)
        template = dialect.templates.get(shape)
        if template is None:
            writer = Writer(dialect)
            changes = {name: expression.write(writer) for name, expression in self.assignments}
            made = writer.sa.update(writer.table(self.source)).values(changes)
            if self.where is not None:
                made = made.where(self.where.write(writer))
            template = dialect.templates.keep(shape, writer.template(made, "count"))
        return template.bind(values)


class Delete(Statement, eq=False):
    """The end of every row that meets the condition; its result is the number of rows."""

    source: Source
    where: Condition | None = None

    def shape(self, values: list[Any]) -> Hashable:
        """Give what decides the text, and append the values to `values`."""
        return ("delete", self.source.key, None if self.where is None else self.where.shape(values))

    def compile(self, dialect: Dialect) -> Compiled:
        """Give the text and the parameters for this dialect."""
        values: list[Any] = []
        shape = self.shape(values)
        template = dialect.templates.get(shape)
        if template is None:
            writer = Writer(dialect)
            made = writer.sa.delete(writer.table(self.source))
            if self.where is not None:
                made = made.where(self.where.write(writer))
            template = dialect.templates.keep(shape, writer.template(made, "count"))
        return template.bind(values)
