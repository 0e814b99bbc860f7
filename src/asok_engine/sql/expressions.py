"""Expressions: columns, values, comparisons, and trees of them, as light nodes.

Each node does two things and keeps them side by side. `shape` gives what decides
the text, and appends the node's values to a list; `write` makes SQLAlchemy's element
and takes its parameters from the writer, in the same order. The first runs for each
statement, the second once per shape and dialect. A name reaches a node only as a
column of a table; text from outside is always a value, never a part of the SQL.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from asok_engine.errors import UsageError
from asok_engine.sql.types import ColumnType

if TYPE_CHECKING:
    from asok_engine.sql.sources import Source
    from asok_engine.sql.writer import Writer

__all__ = [
    "Arithmetic",
    "Between",
    "Comparison",
    "Condition",
    "Constant",
    "Expression",
    "In",
    "IsNull",
    "Junction",
    "Like",
    "Not",
    "Operator",
    "Order",
    "Parameter",
    "Ref",
    "Regexp",
    "all_of",
    "any_of",
    "bucket",
]

_LARGE_LIST, _LARGEST_LIST = 16_384, 32_000

Operator = Literal["=", "!=", "<", "<=", ">", ">="]
ArithmeticOperator = Literal["+", "-", "*", "/", "%"]
LikeKind = Literal["like", "contains", "startswith", "endswith", "equals"]


class Expression(Struct, eq=False):
    """Something that has a value in each row.

    Python's operators build comparisons, arithmetic and orders of it. `==` does too,
    so an expression equals nothing and cannot stand in an `if`.
    """

    @property
    def type(self) -> ColumnType | None:
        """The type of the value, None where it is not known."""
        return None

    def shape(self, values: list[Any]) -> Hashable:
        """Give what decides the text, and append the values to `values`."""
        raise UsageError(f"{type(self).__name__} has no shape; it cannot stand in a statement.")

    def write(self, writer: Writer) -> Any:
        """Make SQLAlchemy's element; parameters in the order of `shape`."""
        raise UsageError(f"{type(self).__name__} has no text; it cannot stand in a statement.")

    def operand(self, value: Any) -> Expression:
        """Make the other side of an operator of a value; a column converts it to its own type."""
        return value if isinstance(value, Expression) else Parameter(value, self.type)

    def __eq__(self, other: object) -> Condition:  # type: ignore[override]
        return IsNull(self) if other is None else Comparison("=", self, self.operand(other))

    def __ne__(self, other: object) -> Condition:  # type: ignore[override]
        return IsNull(self, True) if other is None else Comparison("!=", self, self.operand(other))

    __hash__ = object.__hash__

    def __lt__(self, other: Any) -> Condition:
        return Comparison("<", self, self.operand(other))

    def __le__(self, other: Any) -> Condition:
        return Comparison("<=", self, self.operand(other))

    def __gt__(self, other: Any) -> Condition:
        return Comparison(">", self, self.operand(other))

    def __ge__(self, other: Any) -> Condition:
        return Comparison(">=", self, self.operand(other))

    def __add__(self, other: Any) -> Arithmetic:
        return Arithmetic("+", self, self.operand(other))

    def __radd__(self, other: Any) -> Arithmetic:
        return Arithmetic("+", self.operand(other), self)

    def __sub__(self, other: Any) -> Arithmetic:
        return Arithmetic("-", self, self.operand(other))

    def __rsub__(self, other: Any) -> Arithmetic:
        return Arithmetic("-", self.operand(other), self)

    def __mul__(self, other: Any) -> Arithmetic:
        return Arithmetic("*", self, self.operand(other))

    def __rmul__(self, other: Any) -> Arithmetic:
        return Arithmetic("*", self.operand(other), self)

    def __truediv__(self, other: Any) -> Arithmetic:
        return Arithmetic("/", self, self.operand(other))

    def __rtruediv__(self, other: Any) -> Arithmetic:
        return Arithmetic("/", self.operand(other), self)

    def __mod__(self, other: Any) -> Arithmetic:
        return Arithmetic("%", self, self.operand(other))

    def __neg__(self) -> Arithmetic:
        return Arithmetic("-", Parameter(0, self.type), self)

    def __bool__(self) -> bool:
        raise UsageError(
            f"{type(self).__name__} is an expression of SQL and neither true nor false.",
            fix="Combine conditions with &, | and ~ instead of and, or and not.",
        )

    def in_(self, values: Iterable[Any]) -> Condition:
        """Be one of these values."""
        return self._among(values, False)

    def not_in(self, values: Iterable[Any]) -> Condition:
        """Be none of these values."""
        return self._among(values, True)

    def _among(self, values: Iterable[Any], is_negated: bool) -> Condition:
        options = [self.operand(value) for value in values]
        plain = [option.value for option in options if isinstance(option, Parameter)]
        found: Condition = In(self, plain, is_negated)
        if len(plain) == len(options):
            return found
        others = [Comparison("=", self, each) for each in options if not isinstance(each, Parameter)]
        return ~any_of(others) & found if is_negated else any_of([found, *others])

    def between(self, low: Any, high: Any) -> Condition:
        """Be at least `low` and at most `high`."""
        return Between(self, self.operand(low), self.operand(high))

    def is_null(self) -> Condition:
        """Have no value."""
        return IsNull(self)

    def is_not_null(self) -> Condition:
        """Have a value."""
        return IsNull(self, True)

    def like(self, pattern: str) -> Condition:
        """Match a pattern in which % stands for any text and _ for one character."""
        return Like(self, pattern, "like")

    def contains(self, text: str, ignore_case: bool = False) -> Condition:
        """Contain this text; % and _ are nothing special."""
        return Like(self, text, "contains", ignore_case)

    def startswith(self, text: str, ignore_case: bool = False) -> Condition:
        """Begin with this text."""
        return Like(self, text, "startswith", ignore_case)

    def endswith(self, text: str, ignore_case: bool = False) -> Condition:
        """End with this text."""
        return Like(self, text, "endswith", ignore_case)

    def asc(self) -> Order:
        """Order by this, smallest first."""
        return Order(self)

    def desc(self) -> Order:
        """Order by this, greatest first."""
        return Order(self, True)


class Ref(Expression, eq=False):
    """A column of a source."""

    source: Source
    column: str
    column_type: ColumnType
    key: Hashable = None

    def __post_init__(self) -> None:
        self.key = (self.source.key, self.column)

    @property
    def type(self) -> ColumnType | None:
        """The type of the column."""
        return self.column_type

    def shape(self, values: list[Any]) -> Hashable:
        """The source and the name."""
        return self.key

    def write(self, writer: Writer) -> Any:
        """The column of the source's table."""
        return writer.column(self.source, self.column)


class Parameter(Expression, eq=False):
    """A value.

    `is_free` says that nothing beside it tells the database its type, as in an
    argument of a function; the text then names the type.
    """

    value: Any
    value_type: ColumnType | None = None
    is_free: bool = False

    @property
    def type(self) -> ColumnType | None:
        """The type of the value."""
        return self.value_type

    def shape(self, values: list[Any]) -> Hashable:
        """The kind of the type, which decides the encoding; the value goes to the values."""
        values.append(self.value)
        kind = self.value_type
        if kind is None:
            return self.is_free
        # Why not the whole type: hashing it costs more than everything else here.
        return (kind if kind.item else kind.kind, self.is_free)

    def write(self, writer: Writer) -> Any:
        """A parameter."""
        return writer.parameter(self.value_type, self.is_free)


class Arithmetic(Expression, eq=False):
    """Two values added, subtracted, multiplied, divided, or the rest of a division."""

    operator: ArithmeticOperator
    left: Expression
    right: Expression

    @property
    def type(self) -> ColumnType | None:
        """The type of the left side, or of the right one where the left has none."""
        return self.left.type or self.right.type

    def shape(self, values: list[Any]) -> Hashable:
        """The operator and both sides."""
        return (self.operator, self.left.shape(values), self.right.shape(values))

    def write(self, writer: Writer) -> Any:
        """Both sides with the operator between them."""
        left, right = self.left.write(writer), self.right.write(writer)
        match self.operator:
            case "+":
                return left + right
            case "-":
                return left - right
            case "*":
                return left * right
            case "/":
                return left / right
        return left % right


class Condition(Expression, eq=False):
    """An expression that is true or false in each row; `&`, `|` and `~` combine them."""

    def __and__(self, other: Condition) -> Condition:
        return all_of((self, other))

    def __or__(self, other: Condition) -> Condition:
        return any_of((self, other))

    def __invert__(self) -> Condition:
        return Not(self)


class Constant(Condition, eq=False):
    """A condition that holds in every row, or in none."""

    is_true: bool

    def shape(self, values: list[Any]) -> Hashable:
        """The truth itself."""
        return ("constant", self.is_true)

    def write(self, writer: Writer) -> Any:
        """A comparison of numbers, which every dialect knows."""
        # Why no sa.false(): SQLAlchemy would drop what stands beside it, and its values with it.
        return writer.sa.literal_column("(1 = 1)" if self.is_true else "(1 = 0)")


class Comparison(Condition, eq=False):
    """One value compared with another."""

    operator: Operator
    left: Expression
    right: Expression

    def shape(self, values: list[Any]) -> Hashable:
        """The operator and both sides."""
        return (self.operator, self.left.shape(values), self.right.shape(values))

    def write(self, writer: Writer) -> Any:
        """Both sides with the operator between them."""
        left, right = self.left.write(writer), self.right.write(writer)
        match self.operator:
            case "=":
                return left == right
            case "!=":
                return left != right
            case "<":
                return left < right
            case "<=":
                return left <= right
            case ">":
                return left > right
        return left >= right


def bucket(count: int) -> int:
    """Give the next power of two, so that lists of many lengths share few texts."""
    if count > _LARGE_LIST:
        # Why no power of two: 32768 parameters are more than PostgreSQL and SQLite take.
        return max(count, _LARGEST_LIST)
    return 1 << (count - 1).bit_length() if count > 1 else count


class In(Condition, eq=False):
    """A value that is one of a list, or none of it; None in the list never matches.

    The values are of the left side's type, and in the form of its column already.
    """

    left: Expression
    options: Sequence[Any]
    is_negated: bool = False

    def shape(self, values: list[Any]) -> Hashable:
        """The length of the list, rounded up; the last value fills it."""
        left, options = self.left.shape(values), self.options
        count = len(options)
        size = bucket(count)
        values.extend(options)
        if size > count:
            values.extend([options[-1]] * (size - count))
        return ("in", left, self.is_negated, size)

    def write(self, writer: Writer) -> Any:
        """IN with one parameter each; an empty list is no row, or every row."""
        left, type_ = self.left.write(writer), self.left.type
        if not self.options:
            return Constant(self.is_negated).write(writer)
        options = [writer.parameter(type_) for _ in range(bucket(len(self.options)))]
        return left.not_in(options) if self.is_negated else left.in_(options)


class Between(Condition, eq=False):
    """A value in a range, with both ends."""

    left: Expression
    low: Expression
    high: Expression

    def shape(self, values: list[Any]) -> Hashable:
        """The value and both ends."""
        return ("between", self.left.shape(values), self.low.shape(values), self.high.shape(values))

    def write(self, writer: Writer) -> Any:
        """BETWEEN."""
        left = self.left.write(writer)
        return left.between(self.low.write(writer), self.high.write(writer))


class IsNull(Condition, eq=False):
    """No value, or any value."""

    operand_: Expression
    is_negated: bool = False

    def shape(self, values: list[Any]) -> Hashable:
        """The value and the direction."""
        return ("null", self.is_negated, self.operand_.shape(values))

    def write(self, writer: Writer) -> Any:
        """IS NULL or IS NOT NULL."""
        element = self.operand_.write(writer)
        return element.is_not(None) if self.is_negated else element.is_(None)


class Like(Condition, eq=False):
    """A text that matches a pattern, contains, begins with, ends with or equals another text.

    Upper and lower case differ on every dialect, unless `ignore_case`. In all kinds
    but "like" the characters % and _ of the text mean themselves.
    """

    left: Expression
    text: str
    kind: LikeKind
    ignore_case: bool = False

    def shape(self, values: list[Any]) -> Hashable:
        """The kind; the pattern goes to the values."""
        left = self.left.shape(values)
        values.append(self._pattern())
        return ("like", left, self.kind == "like", self.ignore_case)

    def _pattern(self) -> str:
        if self.kind == "like":
            return self.text
        escaped = self.text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
        front = "" if self.kind in ("startswith", "equals") else "%"
        back = "" if self.kind in ("endswith", "equals") else "%"
        return f"{front}{escaped}{back}"

    def write(self, writer: Writer) -> Any:
        """LIKE in the dialect's way."""
        left = self.left.write(writer)
        return writer.like(left, None if self.kind == "like" else "!", self.ignore_case)


class Regexp(Condition, eq=False):
    """A text in which a regular expression is found, in the dialect's own syntax."""

    left: Expression
    pattern: str
    ignore_case: bool = False

    def shape(self, values: list[Any]) -> Hashable:
        """The case; the pattern goes to the values."""
        left = self.left.shape(values)
        values.append(self.pattern)
        return ("regexp", left, self.ignore_case)

    def write(self, writer: Writer) -> Any:
        """The dialect's operator or function."""
        left = self.left.write(writer)
        return writer.regexp(left, self.ignore_case)


class Junction(Condition, eq=False):
    """Several conditions of which all, or any, must hold."""

    operator: Literal["and", "or"]
    parts: tuple[Condition, ...]

    def shape(self, values: list[Any]) -> Hashable:
        """The operator and the parts."""
        return (self.operator, *[part.shape(values) for part in self.parts])

    def write(self, writer: Writer) -> Any:
        """AND or OR, with brackets where they are needed."""
        parts = [part.write(writer) for part in self.parts]
        return writer.sa.and_(*parts) if self.operator == "and" else writer.sa.or_(*parts)


class Not(Condition, eq=False):
    """A condition that must not hold."""

    part: Condition

    def shape(self, values: list[Any]) -> Hashable:
        """The part."""
        return ("not", self.part.shape(values))

    def write(self, writer: Writer) -> Any:
        """NOT."""
        return writer.sa.not_(self.part.write(writer))


class Order(Struct, eq=False):
    """A direction of sorting."""

    expression: Expression
    is_descending: bool = False
    nulls: Literal["", "first", "last"] = ""

    def shape(self, values: list[Any]) -> Hashable:
        """The direction and the expression."""
        return (self.is_descending, self.nulls, self.expression.shape(values))

    def write(self, writer: Writer) -> Any:
        """The expression with DESC and NULLS where they are asked for."""
        return writer.order(self.expression.write(writer), self.is_descending, self.nulls)


def all_of(parts: Iterable[Condition]) -> Condition:
    """Join conditions that must all hold; of none, every row."""
    return _joined("and", parts)


def any_of(parts: Iterable[Condition]) -> Condition:
    """Join conditions of which one must hold; of none, no row."""
    return _joined("or", parts)


def _joined(operator: Literal["and", "or"], parts: Iterable[Condition]) -> Condition:
    flat: list[Condition] = []
    for part in parts:
        if not isinstance(part, Condition):
            raise UsageError(
                f"{part!r} is no condition.", fix="Compare a field with a value, such as Post.views > 10."
            )
        flat += part.parts if isinstance(part, Junction) and part.operator == operator else (part,)
    if not flat:
        return Constant(operator == "and")
    return flat[0] if len(flat) == 1 else Junction(operator, tuple(flat))
