"""Functions of SQL, aggregates, parts of moments, paths into JSON, and choices between values.

Functions are named from a fixed list; a name from outside finds nothing here. What
a dialect spells differently is asked of the dialect.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Literal

from asok_engine.errors import UsageError
from asok_engine.sql import types
from asok_engine.sql.expressions import Condition, Expression
from asok_engine.sql.types import ColumnType
from asok_engine.sql.writer import Writer

__all__ = [
    "AGGREGATES",
    "DATE_PARTS",
    "Aggregate",
    "Case",
    "Cast",
    "Certain",
    "DatePart",
    "Function",
    "JsonPath",
]

AggregateName = Literal["count", "sum", "avg", "min", "max"]
AGGREGATES: tuple[AggregateName, ...] = ("count", "sum", "avg", "min", "max")

#: The functions that can be called, and the type of what they give: None is that of the first argument.
_FUNCTIONS: dict[str, ColumnType | None] = {
    "lower": types.text(),
    "upper": types.text(),
    "trim": types.text(),
    "length": types.integer(),
    "coalesce": None,
    "nullif": None,
    "abs": None,
    "round": None,
    "replace": types.text(),
    "substr": types.text(),
    "random": types.float_(),
}

DatePartName = Literal[
    "year", "quarter", "month", "week", "day", "week_day", "year_day", "hour", "minute", "second"
]
DATE_PARTS: tuple[DatePartName, ...] = DatePartName.__args__  # type: ignore[attr-defined]


class Function(Expression, eq=False):
    """A function of the list above, with arguments."""

    name: str
    arguments: tuple[Expression, ...] = ()

    def __post_init__(self) -> None:
        if self.name not in _FUNCTIONS:
            raise UsageError(f"There is no function {self.name!r}.", fix=f"Known: {', '.join(_FUNCTIONS)}.")

    @property
    def type(self) -> ColumnType | None:
        """The type of the result."""
        return _FUNCTIONS[self.name] or (self.arguments[0].type if self.arguments else None)

    def shape(self, values: list[Any]) -> Hashable:
        """The name and the arguments."""
        return (self.name, *[argument.shape(values) for argument in self.arguments])

    def write(self, writer: Writer) -> Any:
        """A call."""
        name = writer.dialect.function_names.get(self.name, self.name)
        return getattr(writer.sa.func, name)(*[argument.write(writer) for argument in self.arguments])


class Aggregate(Expression, eq=False):
    """One value for a group of rows; count without an argument counts rows."""

    name: AggregateName
    argument: Expression | None = None
    is_distinct: bool = False
    #: Only rows that meet it count.
    only: Condition | None = None

    @property
    def type(self) -> ColumnType | None:
        """A whole number for a count, a float for an average, else the type of the argument."""
        if self.name == "count":
            return types.bigint()
        argument = self.argument.type if self.argument is not None else None
        if self.name == "avg" and (argument is None or argument.kind != "decimal"):
            return types.float_()
        return argument

    def shape(self, values: list[Any]) -> Hashable:
        """The name, the argument and the condition."""
        only = None if self.only is None else self.only.shape(values)
        argument = None if self.argument is None else self.argument.shape(values)
        return (self.name, self.is_distinct, only, argument)

    def write(self, writer: Writer) -> Any:
        """A call; a condition stands in a CASE, which every dialect knows."""
        sa = writer.sa
        only = None if self.only is None else self.only.write(writer)
        if self.argument is None:
            element = sa.literal_column("1" if only is not None else "*")
        else:
            element = self.argument.write(writer)
        if only is not None:
            element = sa.case((only, element))
        if self.is_distinct:
            element = sa.distinct(element)
        made = getattr(sa.func, self.name)(element)
        type_ = self.type
        if self.name in ("sum", "avg") and type_ is not None and type_.kind != "decimal":
            return writer.dialect.plain_number(sa, made, "int" in type_.kind)
        return made


class DatePart(Expression, eq=False):
    """A part of a moment or a day as a whole number; `zone` names the time zone that a moment is seen in.

    A week is that of ISO 8601; `week_day` is 1 on Sunday to 7 on Saturday.
    """

    part: DatePartName
    moment: Expression
    zone: str = "UTC"

    @property
    def type(self) -> ColumnType | None:
        """A whole number."""
        return types.integer()

    def shape(self, values: list[Any]) -> Hashable:
        """The part, the zone and the moment."""
        return ("part", self.part, self.zone, self.moment.shape(values))

    def write(self, writer: Writer) -> Any:
        """The dialect's own way."""
        type_ = self.moment.type
        is_moment = type_ is None or type_.kind == "datetime"
        return writer.dialect.date_part(writer.sa, self.part, self.moment.write(writer), self.zone, is_moment)


class JsonPath(Expression, eq=False):
    """A value inside a JSON document: keys, and positions in lists as whole numbers.

    It is text ("true" and "false" for truth, JSON for lists and objects), or a number
    with `as_number`, where everything else is NULL.
    """

    document: Expression
    path: tuple[str | int, ...]
    as_number: bool = False

    @property
    def type(self) -> ColumnType | None:
        """Text, or a float."""
        return types.float_() if self.as_number else types.text()

    def shape(self, values: list[Any]) -> Hashable:
        """The document; the path goes to the values."""
        document = self.document.shape(values)
        values.append(self.path)
        return ("json", document, self.as_number)

    def write(self, writer: Writer) -> Any:
        """The dialect's own way; the path is a parameter, never a part of the text."""
        document = self.document.write(writer)
        path = writer.parameter(None, encode=writer.dialect.json_path)
        return writer.dialect.json_value(writer.sa, document, path, self.as_number)


class Cast(Expression, eq=False):
    """A value as another type."""

    expression: Expression
    to: ColumnType

    @property
    def type(self) -> ColumnType | None:
        """That type."""
        return self.to

    def shape(self, values: list[Any]) -> Hashable:
        """The type and the value."""
        return ("cast", self.to, self.expression.shape(values))

    def write(self, writer: Writer) -> Any:
        """CAST."""
        return writer.sa.cast(self.expression.write(writer), writer.sqlalchemy_type(self.to))


class Case(Expression, eq=False):
    """The value of the first condition that holds, or `otherwise`."""

    cases: tuple[tuple[Condition, Expression], ...]
    otherwise: Expression | None = None

    @property
    def type(self) -> ColumnType | None:
        """The type of the first value."""
        return self.cases[0][1].type

    def shape(self, values: list[Any]) -> Hashable:
        """The conditions and values."""
        cases = tuple([(condition.shape(values), value.shape(values)) for condition, value in self.cases])
        return ("case", cases, None if self.otherwise is None else self.otherwise.shape(values))

    def write(self, writer: Writer) -> Any:
        """CASE."""
        cases = [(condition.write(writer), value.write(writer)) for condition, value in self.cases]
        otherwise = None if self.otherwise is None else self.otherwise.write(writer)
        return writer.sa.case(*cases, else_=otherwise)


class Certain(Condition, eq=False):
    """A condition that is false, and not unknown, where a value is missing.

    NOT of it is then true: excluding `views > 10` keeps rows without views.
    """

    part: Condition

    def shape(self, values: list[Any]) -> Hashable:
        """The part."""
        return ("certain", self.part.shape(values))

    def write(self, writer: Writer) -> Any:
        """CASE WHEN the condition holds THEN 1 ELSE 0 END = 1."""
        sa = writer.sa
        case = sa.case((self.part.write(writer), sa.literal_column("1")), else_=sa.literal_column("0"))
        return case == sa.literal_column("1")
