"""Expressions that name fields before it is known of which model: `F`, `Q` and aggregates of a face.

They are values with operators. A query resolves them against its own model when it
is given them, so a name that the model does not have is told there.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

from asok_engine.errors import UsageError
from asok_engine.records.aggregates import aggregate_at
from asok_engine.records.paths import Place, split_path, to_many_part
from asok_engine.records.query import Query
from asok_engine.sql.expressions import Condition, Expression, Order, all_of, any_of
from asok_engine.sql.functions import Certain
from asok_engine.sql.search import Distance, Metric
from asok_engine.sql.select import Join

__all__ = ["Deferred", "Group", "Measured", "Named", "NearTo", "narrowed", "resolved", "resolved_lookups"]


class Deferred:
    """A value that becomes an expression when a query resolves it."""

    def resolve(self, query: Query) -> Expression:
        """Give the expression for the model of a query."""
        raise UsageError(f"{type(self).__name__} says nothing that a query could resolve.")

    def asc(self, *, nulls_first: bool = False, nulls_last: bool = False) -> Ordered:
        """Order by it, the least first."""
        return Ordered(self, False, nulls_first, nulls_last)

    def desc(self, *, nulls_first: bool = False, nulls_last: bool = False) -> Ordered:
        """Order by it, the greatest first."""
        return Ordered(self, True, nulls_first, nulls_last)

    def __add__(self, other: Any) -> Combined:
        return Combined(operator.add, self, other)

    def __radd__(self, other: Any) -> Combined:
        return Combined(operator.add, other, self)

    def __sub__(self, other: Any) -> Combined:
        return Combined(operator.sub, self, other)

    def __rsub__(self, other: Any) -> Combined:
        return Combined(operator.sub, other, self)

    def __mul__(self, other: Any) -> Combined:
        return Combined(operator.mul, self, other)

    def __rmul__(self, other: Any) -> Combined:
        return Combined(operator.mul, other, self)

    def __truediv__(self, other: Any) -> Combined:
        return Combined(operator.truediv, self, other)

    def __rtruediv__(self, other: Any) -> Combined:
        return Combined(operator.truediv, other, self)

    def __mod__(self, other: Any) -> Combined:
        return Combined(operator.mod, self, other)

    def __neg__(self) -> Combined:
        return Combined(operator.sub, 0, self)


class Named(Deferred):
    """The value of a field, of a path to one, or of an annotation."""

    def __init__(self, name: str) -> None:
        self.name = name

    def resolve(self, query: Query) -> Expression:
        """Find what the name stands for."""
        return query.expression(self.name)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


class Combined(Deferred):
    """Arithmetic between two values, of which one at least is deferred."""

    def __init__(self, combine: Callable[[Any, Any], Any], left: Any, right: Any) -> None:
        self._combine, self._left, self._right = combine, left, right

    def resolve(self, query: Query) -> Expression:
        """Resolve both sides and combine them."""
        found: Expression = self._combine(resolved(self._left, query), resolved(self._right, query))
        return found


class Measured(Deferred):
    """An aggregate over a field, a path, an expression or the records of a relation.

    `filter` says which records count. Over a relation to many its lookups begin with that
    relation: `Count("posts", filter=Q(posts__live=True))`.
    """

    #: The name of the aggregate; a subclass says it.
    function = ""

    def __init__(self, source: Any = "*", *, distinct: bool = False, filter: Group | None = None) -> None:
        self.source = source
        self.distinct = distinct
        self.filter = filter

    def resolve(self, query: Query) -> Expression:
        """Give the aggregate; over a relation to many it is a subquery of its own."""
        source: Any = self.source
        many: list[str] = []
        if isinstance(source, Deferred):
            source = source.resolve(query)
        elif isinstance(source, str) and source != "*":
            words = split_path(source)
            many = to_many_part(query.description, words)
            if words[0] in dict(query.annotations):
                source = query.expression(source)
        only = None if self.filter is None else _only(self.filter, query, many)
        return aggregate_at(query.description, self.function, source, distinct=self.distinct, condition=only)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.source!r})"


def _only(group: Group, query: Query, many: Sequence[str]) -> Callable[[Place], Condition]:
    if not many:
        return lambda _: group.condition(query)
    inner = group.beneath(many, query)
    return lambda place: inner.condition(Query(place.description), None, place)


class NearTo(Deferred):
    """The distance of a vector field from a vector, where the database computes it."""

    metric: Metric = "cosine"

    def __init__(self, field: str, vector: Sequence[float]) -> None:
        self.field = field
        self.vector = vector

    def resolve(self, query: Query) -> Expression:
        """Check the vector by its field."""
        vector = query.description.field(self.field).clean(self.vector)
        return Distance(query.expression(self.field), vector, self.metric)


class Ordered:
    """A direction for a deferred value."""

    def __init__(self, value: Deferred, is_descending: bool, nulls_first: bool, nulls_last: bool) -> None:
        if nulls_first and nulls_last:
            raise UsageError("Missing values come first or last, not both.")
        self._value, self._is_descending = value, is_descending
        self._first, self._last = nulls_first, nulls_last

    def order(self, query: Query) -> Order:
        """Give the order for the model of a query."""
        nulls = "first" if self._first else "last" if self._last else ""
        return Order(self._value.resolve(query), self._is_descending, nulls)  # type: ignore[arg-type]


class Group:
    """Conditions held together: all of them, one of them, or not.

    Parts are other groups, conditions and lookups. `~` is true for a record that does
    not meet the group, also where a value is missing.
    """

    def __init__(self, *parts: Group | Condition, **lookups: Any) -> None:
        self.parts: tuple[Any, ...] = (*parts, lookups) if lookups else parts
        self.is_any = False
        self.is_negated = False

    def __and__(self, other: Group) -> Self:
        return self._with(other, is_any=False)

    def __or__(self, other: Group) -> Self:
        return self._with(other, is_any=True)

    def __invert__(self) -> Self:
        made = type(self)(self)
        made.is_negated = True
        return made

    def __bool__(self) -> bool:
        return bool(self.parts)

    def _with(self, other: Group, is_any: bool) -> Self:
        if not isinstance(other, Group):
            return NotImplemented
        made = type(self)(*[each for each in (self, other) if each.parts])
        made.is_any = is_any
        return made

    def condition(
        self, query: Query, joins: dict[Any, Join] | None = None, start: Place | None = None
    ) -> Condition:
        """Make the condition for the model of a query; the joins that it needs are added to `joins`.

        `start` is the place of its rows in a statement, where it is not the table itself.

        Raises:
            UnknownName: a name is nothing that the model has.
        """
        made: list[Condition] = []
        for part in self.parts:
            if isinstance(part, Group):
                made.append(part.condition(query, joins, start))
            elif isinstance(part, Mapping):
                made.append(query.condition_of(resolved_lookups(part, query), joins, start))
            elif isinstance(part, Condition):
                made.append(part)
            else:
                raise UsageError(f"{part!r} is no condition.", fix="Write it as a lookup: views__gt=10.")
        both = any_of(made) if self.is_any else all_of(made)
        return ~Certain(both) if self.is_negated else both

    def beneath(self, many: Sequence[str], query: Query) -> Group:
        """Give the group with lookups as they are said from the records of a relation of the query's model.

        Raises:
            UsageError: a lookup is about something else.
        """
        made = Group(*[each.beneath(many, query) if isinstance(each, Group) else each for each in self.parts])
        made.is_any, made.is_negated = self.is_any, self.is_negated
        made.parts = tuple(
            _beneath(each, many, query) if isinstance(each, Mapping) else each for each in made.parts
        )
        return made

    def __repr__(self) -> str:
        joined = (" | " if self.is_any else " & ").join(map(repr, self.parts))
        return f"{'~' if self.is_negated else ''}{type(self).__name__}({joined})"


def _beneath(lookups: Mapping[str, Any], many: Sequence[str], query: Query) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in lookups.items():
        words = split_path(name)
        if words[: len(many)] != list(many) or len(words) == len(many):
            path = "__".join(many)
            raise UsageError(
                f"The filter of an aggregate over {path!r} says something of {name!r}.",
                fix=f"Begin its lookups with {path}__.",
            )
        made["__".join(words[len(many) :])] = resolved(value, query)
    return made


def resolved(value: Any, query: Query) -> Any:
    """Give a value with everything deferred in it resolved for the model of a query."""
    if isinstance(value, Deferred):
        return value.resolve(query)
    if isinstance(value, Ordered):
        return value.order(query)
    if isinstance(value, list | tuple) and any(isinstance(each, Deferred) for each in value):
        return [resolved(each, query) for each in value]
    return value


def resolved_lookups(lookups: Mapping[str, Any], query: Query) -> dict[str, Any]:
    """Give lookups with their values resolved."""
    return {name: resolved(value, query) for name, value in lookups.items()}


def narrowed(query: Query, group: Group) -> Query:
    """Keep the records of a query that meet a group."""
    if not group:
        return query
    joins: dict[Any, Join] = {}
    query = query.where(group.condition(query, joins))
    for join in joins.values():
        query = query.with_join(join)
    return query
