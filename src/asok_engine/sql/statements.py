"""Statements as values: what plans yield and what drivers get.

A statement says on which database it runs, whether it may change or lock rows,
and compiles itself for a dialect. Its shape decides the text; its values only
fill parameters. Several kinds exist: `Bound`, a shape that was prepared
beforehand with its values, is the quick one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from asok_engine.errors import UsageError
from asok_engine.sql.compiler import Compiled, Template
from asok_engine.sql.dialects.contract import Dialect

__all__ = ["Bound", "Many", "Shape", "Statement"]


class Statement(Struct, kw_only=True, eq=False):
    """One SQL operation as a value.

    What a driver needs is in these three fields and in `compile`.
    """

    #: The alias of the database.
    database: str = "default"
    #: True when rows may be changed or locked: runs on the primary, never on a replica, and on
    #: SQLite's writing connection.
    writes: bool = False
    #: True for a look-up by key or a small limit on an index: under an event loop, SQLite may run it
    #: at once instead of in a thread.
    is_cheap: bool = False

    @property
    def table_name(self) -> str:
        """The table that the statement is about, for whoever chooses a database; "" where it does not say."""
        source = getattr(self, "source", None)
        return source.table.name if source is not None else ""

    def compile(self, dialect: Dialect) -> Compiled:
        """Give the text and the parameters for this dialect.

        Raises:
            UsageError: the dialect cannot do what the statement asks for.
        """
        raise UsageError(f"{type(self).__name__} says nothing of how it compiles; yield one of its kinds.")


class Shape:
    """A statement without its values, prepared once: `write` gives its text for a dialect.

    Two shapes are never the same, even if their texts are; prepare one and keep it.
    """

    __slots__ = ("is_cheap", "table_name", "write", "writes")

    def __init__(
        self,
        write: Callable[[Dialect], Template],
        *,
        writes: bool = False,
        is_cheap: bool = False,
        table_name: str = "",
    ) -> None:
        self.write = write
        self.table_name = table_name
        self.writes = writes
        self.is_cheap = is_cheap

    def bind(self, values: Sequence[Any], database: str = "default") -> Bound:
        """Give the statement of this shape with these values."""
        return Bound(self, values, database=database, writes=self.writes, is_cheap=self.is_cheap)

    def bind_many(self, rows: Sequence[Sequence[Any]], database: str = "default") -> Many:
        """Give the statement that runs this shape once for each row of values."""
        return Many(self, rows, database=database, writes=self.writes)

    def template(self, dialect: Dialect) -> Template:
        """Give the text for a dialect, written at the first call."""
        template = dialect.templates.get(self)
        return template or dialect.templates.keep(self, self.write(dialect))


class Bound(Statement, eq=False):
    """A prepared shape with its values."""

    shape: Shape
    values: Sequence[Any]

    @property
    def table_name(self) -> str:
        """The table of the shape."""
        return self.shape.table_name

    def compile(self, dialect: Dialect) -> Compiled:
        """Give the text and the parameters for this dialect."""
        # The look-up stands here too because a call costs a tenth of the whole.
        template = dialect.templates.get(self.shape)
        if template is None:
            template = self.shape.template(dialect)
        return template.bind(self.values)


class Many(Statement, eq=False):
    """A prepared shape with many rows of values, for executemany.

    It compiles to a text and a list of parameter rows; they run in the order given,
    all or none. Its result is the number of rows affected.
    """

    shape: Shape
    rows: Sequence[Sequence[Any]]

    @property
    def table_name(self) -> str:
        """The table of the shape."""
        return self.shape.table_name

    def compile(self, dialect: Dialect) -> Compiled:
        """Give the text, and a list of parameter rows instead of parameters."""
        template = self.shape.template(dialect)
        plain = template.order is None and not template.encoders
        rows = self.rows if plain else [template.parameters(row) for row in self.rows]
        return Compiled(template.text, rows, "count", None)
