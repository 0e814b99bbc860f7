"""SELECT as a value: what is read from where, joined, filtered, grouped, ordered and cut.

One walk gives the shape and the values; the text is written at the first statement
of a shape. What becomes of the rows is said by a `Reader`, which takes part in the
shape by its identity: make one and keep it.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Literal, Protocol

from msgspec import Struct

from asok_engine.errors import UsageError
from asok_engine.sql.compiler import Compiled, Decode, Template
from asok_engine.sql.dialects.contract import Dialect
from asok_engine.sql.expressions import Condition, Expression, Order
from asok_engine.sql.sources import Source
from asok_engine.sql.statements import Statement
from asok_engine.sql.types import ColumnType, integer
from asok_engine.sql.writer import Writer

__all__ = [
    "COLUMN",
    "SCALAR",
    "TUPLES",
    "Compound",
    "CountRows",
    "Exists",
    "InSelect",
    "Join",
    "Lock",
    "Output",
    "Reader",
    "Select",
    "Subquery",
]


class Reader(Protocol):
    """Says what the rows of a SELECT become."""

    def decode(self, dialect: Dialect, types: Sequence[ColumnType | None]) -> Decode | None:
        """Give the function that turns a list of rows into the result; `types` are those of the outputs."""


class _Tuples:
    """Rows as tuples of Python values."""

    def decode(self, dialect: Dialect, types: Sequence[ColumnType | None]) -> Decode | None:
        """Decode each value by its type."""
        decoders = [dialect.decoder(type_) if type_ is not None else None for type_ in types]
        if not any(decoders):
            return None

        def decode(rows: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
            return [
                tuple(
                    value if decoder is None or value is None else decoder(value)
                    for value, decoder in zip(row, decoders, strict=True)
                )
                for row in rows
            ]

        return decode


#: The reader of rows as tuples.
TUPLES: Reader = _Tuples()


class _Scalar:
    """The first value of the first row, None where there is no row."""

    def decode(self, dialect: Dialect, types: Sequence[ColumnType | None]) -> Decode | None:
        """Decode that value by its type."""
        decoder = dialect.decoder(types[0]) if types[0] is not None else None

        def decode(rows: Sequence[Sequence[Any]]) -> Any:
            value = rows[0][0] if rows else None
            return value if decoder is None or value is None else decoder(value)

        return decode


class _Column:
    """The first value of each row, as a list."""

    def decode(self, dialect: Dialect, types: Sequence[ColumnType | None]) -> Decode | None:
        """Decode the values by their type."""
        decoder = dialect.decoder(types[0]) if types[0] is not None else None
        if decoder is None:
            return lambda rows: [row[0] for row in rows]
        return lambda rows: [None if row[0] is None else decoder(row[0]) for row in rows]


#: The reader of one value.
SCALAR: Reader = _Scalar()
#: The reader of one column as a list.
COLUMN: Reader = _Column()


class Output(Struct, eq=False):
    """An expression that is read; `name` is given to it where it has one."""

    expression: Expression
    name: str = ""


class Join(Struct, eq=False):
    """A source that is joined; outer means that rows without a partner stay."""

    source: Source
    on: Condition
    is_outer: bool = False


class Lock(Struct, frozen=True):
    """Lock the rows that are read until the transaction ends.

    A dialect without row locks reads them as usual: SQLite's writers are alone anyway.
    """

    is_shared: bool = False
    skip_locked: bool = False
    nowait: bool = False
    #: Lock only the rows of the statement's own source, not of joined ones.
    own_only: bool = False


class Compound(Struct, eq=False):
    """Another SELECT whose rows are added, kept where in both, or taken away."""

    kind: Literal["union", "union all", "intersect", "except"]
    select: Select


class Select(Statement, eq=False):
    """Rows of a source."""

    source: Source
    outputs: tuple[Output, ...]
    reader: Reader = TUPLES
    joins: tuple[Join, ...] = ()
    where: Condition | None = None
    group_by: tuple[Expression, ...] = ()
    having: Condition | None = None
    order_by: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int | None = None
    #: True for distinct rows; expressions for the first row of each of their values.
    distinct: bool | tuple[Expression, ...] = False
    lock: Lock | None = None
    compounds: tuple[Compound, ...] = ()
    #: Inside another statement: the sources of that one which this one's conditions speak of.
    outer: tuple[Source, ...] = ()

    def shape(self, values: list[Any]) -> Hashable:
        """Give what decides the text, and append the values to `values`."""
        return (
            "select",
            self.reader,
            self.source.key,
            tuple([(output.expression.shape(values), output.name) for output in self.outputs]),
            tuple([(join.source.key, join.is_outer, join.on.shape(values)) for join in self.joins]),
            None if self.where is None else self.where.shape(values),
            tuple([self._group(expression) or expression.shape(values) for expression in self.group_by]),
            None if self.having is None else self.having.shape(values),
            self.distinct
            if isinstance(self.distinct, bool)
            else tuple([expression.shape(values) for expression in self.distinct]),
            tuple([(each.kind, each.select.shape(values)) for each in self.compounds]),
            tuple([self._place_of(order) or order.shape(values) for order in self.order_by]),
            self._shape_of_cut(values),
            self.lock,
        )

    def _shape_of_cut(self, values: list[Any]) -> Hashable:
        if self.limit is not None:
            values.append(self.limit)
        if self.offset:
            values.append(self.offset)
        return (self.limit is not None, bool(self.offset))

    def write(self, writer: Writer) -> Any:
        """Make SQLAlchemy's element, in the order of `shape`."""
        sa = writer.sa
        outputs = [self._written(output, writer) for output in self.outputs]
        target = writer.table(self.source)
        for join in self.joins:
            target = sa.join(target, writer.table(join.source), join.on.write(writer), isouter=join.is_outer)
        made = sa.select(*outputs).select_from(target)
        if self.where is not None:
            made = made.where(self.where.write(writer))
        if self.group_by:
            groups = [(self._group(expression), expression) for expression in self.group_by]
            made = made.group_by(
                *[sa.literal_column(str(place)) if place else each.write(writer) for place, each in groups]
            )
        if self.having is not None:
            made = made.having(self.having.write(writer))
        if self.distinct is True:
            made = made.distinct()
        elif self.distinct:
            if not writer.dialect.supports_distinct_on:
                raise UsageError(
                    f"{writer.dialect.name} has no DISTINCT ON.", fix="Ask for distinct rows without fields."
                )
            from sqlalchemy.dialects.postgresql import distinct_on

            made = made.ext(distinct_on(*[expression.write(writer) for expression in self.distinct]))
        for each in self.compounds:
            made = _combined(sa, each.kind, made, each.select.write(writer))
        if self.order_by:
            orders = [self._place_of(order) or order.write(writer) for order in self.order_by]
            made = made.order_by(*[_ordered(sa, order) for order in orders])
        made = self._cut(made, writer)
        return self._locked(made, writer)

    def nested(self, writer: Writer) -> Any:
        """Make SQLAlchemy's element for a place inside another statement."""
        made = self.write(writer)
        if self.compounds:
            return made
        # Why said each time: SQLAlchemy would guess, and take away what both statements read from.
        outer = [writer.table(source) for source in self.outer]
        return made.correlate(*outer) if outer else made.correlate(None)

    def _group(self, expression: Expression) -> int:
        """Give the place among the outputs of an expression with values; 0 for a column or what is not read.

        Why by place: PostgreSQL takes the same value in two parameters for two expressions.
        """
        values: list[Any] = []
        shape = expression.shape(values)
        if not values:
            return 0
        for place, output in enumerate(self.outputs, 1):
            own: list[Any] = []
            if output.expression.shape(own) == shape and own == values:
                return place
        return 0

    def _place_of(self, order: Order) -> tuple[int, bool] | None:
        """Give the place among the outputs of what a compound is ordered by; None outside of compounds."""
        if not self.compounds:
            return None
        for place, output in enumerate(self.outputs, 1):
            if output.expression.shape([]) == order.expression.shape([]):
                return place, order.is_descending
        raise UsageError(
            "A union is ordered by something that it does not read.", fix="Order by one of its columns."
        )

    def _written(self, output: Output, writer: Writer) -> Any:
        element = output.expression.write(writer)
        return element.label(output.name) if output.name else element

    def _cut(self, made: Any, writer: Writer) -> Any:
        if self.limit is not None:
            made = made.limit(writer.parameter(integer()))
        if self.offset:
            made = made.offset(writer.parameter(integer()))
        return made

    def _locked(self, made: Any, writer: Writer) -> Any:
        lock = self.lock
        if lock is None or not writer.dialect.supports_row_locks:
            return made
        if (lock.skip_locked or lock.nowait) and not writer.dialect.supports_skip_locked:
            raise UsageError(f"{writer.dialect!r} has neither SKIP LOCKED nor NOWAIT.")
        return made.with_for_update(
            read=lock.is_shared,
            skip_locked=lock.skip_locked,
            nowait=lock.nowait,
            of=writer.table(self.source) if lock.own_only and self.joins else None,
        )

    def template(self, dialect: Dialect) -> Template:
        """Write the text for this dialect; the values that fill it are those of `shape`, in their order."""
        writer = Writer(dialect)
        types = [output.expression.type for output in self.outputs]
        return writer.template(self.write(writer), "rows", self.reader.decode(dialect, types))

    def compile(self, dialect: Dialect) -> Compiled:
        """Give the text and the parameters for this dialect."""
        values: list[Any] = []
        shape = self.shape(values)
        template = dialect.templates.get(shape)
        if template is None:
            template = dialect.templates.keep(shape, self.template(dialect))
        return template.bind(values)


class CountRows(Statement, eq=False):
    """How many rows a SELECT gives, cut, distinct and combined as it is."""

    select: Select

    def compile(self, dialect: Dialect) -> Compiled:
        """Give the text and the parameters for this dialect."""
        values: list[Any] = []
        shape = ("count rows", self.select.shape(values))
        template = dialect.templates.get(shape)
        if template is None:
            writer = Writer(dialect)
            inner = self.select.write(writer).subquery()
            counting = writer.sa.select(writer.sa.func.count()).select_from(inner)
            written = writer.template(counting, "rows", SCALAR.decode(dialect, [None]))
            template = dialect.templates.keep(shape, written)
        return template.bind(values)


def _combined(sa: Any, kind: str, first: Any, second: Any) -> Any:
    make = {"union": sa.union, "union all": sa.union_all, "intersect": sa.intersect, "except": sa.except_}
    return make[kind](first, second)


def _ordered(sa: Any, order: Any) -> Any:
    if not isinstance(order, tuple):
        return order
    place, is_descending = order
    column = sa.literal_column(str(place))
    return column.desc() if is_descending else column


class Subquery(Expression, eq=False):
    """The one value that a SELECT gives."""

    select: Select
    #: The joins of the outer statement that the SELECT speaks of.
    outer_joins: tuple[Join, ...] = ()

    @property
    def type(self) -> ColumnType | None:
        """The type of what the SELECT reads."""
        return self.select.outputs[0].expression.type

    def shape(self, values: list[Any]) -> Hashable:
        """The shape of the SELECT."""
        return ("scalar", self.select.shape(values))

    def write(self, writer: Writer) -> Any:
        """The SELECT in brackets."""
        return self.select.nested(writer).scalar_subquery()


class Exists(Condition, eq=False):
    """A SELECT gives a row at least."""

    select: Select

    def shape(self, values: list[Any]) -> Hashable:
        """The shape of the SELECT."""
        return ("exists", self.select.shape(values))

    def write(self, writer: Writer) -> Any:
        """EXISTS."""
        return self.select.nested(writer).exists()


class InSelect(Condition, eq=False):
    """A value that is among those that a SELECT gives, or not among them."""

    left: Expression
    select: Select
    is_negated: bool = False

    def shape(self, values: list[Any]) -> Hashable:
        """The value, the direction and the shape of the SELECT."""
        return ("in select", self.is_negated, self.left.shape(values), self.select.shape(values))

    def write(self, writer: Writer) -> Any:
        """IN with the SELECT, once more in brackets where a table may not read itself."""
        left = self.left.write(writer)
        made = self.select.nested(writer)
        if not writer.dialect.supports_self_subquery:
            inner = made.subquery()
            made = writer.sa.select(*inner.c)
        return left.not_in(made) if self.is_negated else left.in_(made)
