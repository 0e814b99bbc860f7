"""How many records a query has, whether it has any, and aggregates over them."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from asok_engine.records.aggregates import measurable
from asok_engine.records.errors import checked_alias
from asok_engine.records.paths import joins_of
from asok_engine.records.query import Query
from asok_engine.records.steps import Plan
from asok_engine.sql.expressions import Expression
from asok_engine.sql.functions import Aggregate
from asok_engine.sql.select import COLUMN, SCALAR, TUPLES, CountRows, InSelect, Output

__all__ = ["aggregate", "aggregate_one", "count", "exists"]

_ALL_ROWS = (Output(Aggregate("count")),)


def count(query: Query) -> Plan[int]:
    """Give the number of records, in one statement."""
    if query.is_empty:
        return 0
    plain = replace(query.scoped(), orders=(), is_ordered=True, included=(), joined=(), locking=None)
    if _is_cut(query) or query.groups or query.distinct_rows or query.members:
        keys = (
            plain
            if query.distinct_rows or query.groups or query.members
            else plain.only(*query.description.key)
        )
        return (yield CountRows(replace(keys, is_ordered=True).select(), database=query.database)) or 0
    return (yield plain.statement(_ALL_ROWS, SCALAR, plain.joins)) or 0


def exists(query: Query) -> Plan[bool]:
    """Tell whether there is a record; reads one key at most."""
    if query.is_empty or query.limited == 0:
        return False
    plain = replace(query.scoped(), orders=(), is_ordered=True, locking=None)
    if query.members:
        return (yield from count(query)) > 0
    key = (Output(query.description.ref(query.description.key[0])),)
    found = yield replace(plain, limited=1).statement(key, COLUMN, plain.joins)
    return bool(found)


def aggregate(query: Query, **aggregates: Expression) -> Plan[dict[str, Any]]:
    """Give aggregates over all records of a query, by name: `total=Aggregate("sum", Post.views)`."""
    if query.is_empty:
        return {name: 0 if _is_count(each) else None for name, each in aggregates.items()}
    for name in aggregates:
        checked_alias(name)
    plain = _over_all(query)
    joins = {join.source.key: join for join in plain.joins}
    for expression in aggregates.values():
        joins |= joins_of(expression)
    outputs = tuple(Output(expression, name) for name, expression in aggregates.items())
    rows = yield plain.statement(outputs, TUPLES, tuple(joins.values()))
    return dict(zip(aggregates, rows[0], strict=True))


def aggregate_one(query: Query, name: Any, field: Any) -> Plan[Any]:
    """Give one aggregate of a field or an expression: sum, avg, min, max, count."""
    found = yield from aggregate(query, value=Aggregate(name, measurable(name, query.expression(field))))
    return found["value"]


def _over_all(query: Query) -> Query:
    """Give the query without order; a cut or distinct one becomes a condition on its keys."""
    if _is_cut(query) or query.distinct_rows or query.members:
        key = query.description.ref(query.description.key_name)
        inside = replace(query, included=(), joined=(), locking=None)
        whole = Query(query.description, database_alias=query.database_alias).with_everything()
        return replace(whole, conditions=(InSelect(key, inside.as_subquery()),), is_ordered=True)
    return replace(query.scoped(), orders=(), is_ordered=True, included=(), joined=(), locking=None)


def _is_cut(query: Query) -> bool:
    return query.limited is not None or bool(query.skipped)


def _is_count(expression: Expression) -> bool:
    return isinstance(expression, Aggregate) and expression.name == "count"
