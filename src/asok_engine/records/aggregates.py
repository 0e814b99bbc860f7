"""Aggregates by name and path: over the rows themselves, or over the records of a relation.

Over a relation to many an aggregate is a subquery of its own, so that two of them in
one query do not multiply each other's rows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asok_engine.errors import UsageError
from asok_engine.records.description import Description
from asok_engine.records.errors import UnknownName, unknown_name
from asok_engine.records.fields.field import FieldRef
from asok_engine.records.paths import Place, joins_of, place_of, split_path
from asok_engine.records.relations.relation import alias_for
from asok_engine.sql.expressions import Condition, Expression, all_of
from asok_engine.sql.functions import AGGREGATES, Aggregate
from asok_engine.sql.select import Join, Output, Select, Subquery

__all__ = ["aggregate_at", "measurable"]

#: What has a sum and an average.
_NUMBERS = frozenset({"bigint", "boolean", "decimal", "duration", "float", "integer", "smallint"})
#: What has neither a greatest nor a least value.
_WITHOUT_ORDER = frozenset({"array", "json", "vector"})


def measurable(name: str, expression: Expression) -> Expression:
    """Give an expression back that an aggregate can measure.

    Raises:
        UnknownName: it is a field without such a measure, such as the sum of days or the greatest password.
    """
    if not isinstance(expression, FieldRef) or expression.field is None:
        return expression
    field, kind = expression.field, expression.column_type.kind
    is_wrong = (
        (name in ("sum", "avg") and kind not in _NUMBERS)
        or (name in ("min", "max") and kind in _WITHOUT_ORDER)
        or (name != "count" and not field.is_comparable)
    )
    if is_wrong:
        # Why 400: the name may have come from outside.
        raise UnknownName(
            f"The field {field.name!r} has no {name}: it holds {kind} values"
            f"{'' if field.is_comparable else ' that are sealed'}.",
            fix="Take a field of numbers, or count.",
        )
    return expression


def aggregate_at(
    description: Description,
    name: str,
    path: Any = "*",
    *,
    distinct: bool = False,
    condition: Callable[[Place], Condition] | None = None,
) -> Expression:
    """Give an aggregate over a field, a path or an expression; "*" counts rows.

    A path that ends at a relation counts, or measures, its keys. `condition` gets the
    place of the records that are measured and says which of them count.

    Raises:
        UnknownName: the aggregate or a part of the path is unknown.
    """
    if name not in AGGREGATES:
        raise unknown_name(name, "SQL", AGGREGATES, "aggregate")
    start = Place(description, description.source)
    if isinstance(path, Expression):
        only = None if condition is None else condition(start)
        return Aggregate(name, measurable(name, path), distinct, only)
    if path == "*":
        if name != "count":
            raise UsageError(f"{name} needs a field.", fix="Only count goes without one.")
        return Aggregate("count", None, False, None if condition is None else condition(start))
    parts = split_path(path)
    place, used = place_of(start, parts)
    rest = parts[used:]
    if rest and rest[0] in place.description.relations:
        return _over_relation(place, rest, name, distinct, condition)
    if len(rest) > 1:
        raise unknown_name(rest[1], f"The field {rest[0]!r} of {place.description.name}", [], "part")
    field = place.description.field(rest[0] if rest else "pk")
    only = None if condition is None else condition(place)
    return Aggregate(name, measurable(name, place.ref(field.name)), distinct, only)


def _over_relation(
    place: Place, parts: list[str], name: str, distinct: bool, condition: Callable[[Place], Condition] | None
) -> Subquery:
    """Make the subquery over the rows that a relation to many leads to from a place."""
    relation = place.description.relations[parts[0]]
    hop = relation.hop(place.source, alias_for(place.source, relation.name))
    here = Place(relation.target, hop.target)
    joins = list(hop.pivots)
    where = [hop.condition, *relation.target.scope_conditions(here)]
    rest = parts[1:]
    while rest and rest[0] in here.description.relations:
        inner = here.description.relations[rest[0]]
        step = inner.hop(here.source, alias_for(here.source, inner.name))
        # A pivot is linked with the place before it, and the target with the pivot.
        links = [Join(pivot.source, step.condition) for pivot in step.pivots]
        joins += [*links, Join(step.target, step.pivots[0].on if step.pivots else step.condition)]
        here = Place(inner.target, step.target)
        where += inner.target.scope_conditions(here)
        rest = rest[1:]
    if len(rest) > 1:
        raise unknown_name(rest[1], f"The field {rest[0]!r} of {here.description.name}", [], "part")
    measured: Expression | None = None
    if rest or name != "count" or distinct:
        field = here.description.field(rest[0] if rest else here.description.key[0])
        measured = measurable(name, here.ref(field.name))
    if condition is not None:
        only = condition(here)
        where.append(only)
        known = {join.source.key for join in joins}
        joins += [join for key, join in joins_of(only).items() if key not in known]
    value = Aggregate(name, measured, distinct)  # type: ignore[arg-type]
    select = Select(
        hop.target, (Output(value),), joins=tuple(joins), where=all_of(where), outer=(place.source,)
    )
    return Subquery(select, place.joins)
