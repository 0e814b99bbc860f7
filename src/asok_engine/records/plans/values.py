"""Values instead of records: dicts, tuples, one column, in groups where aggregates ask for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from asok_engine.errors import UsageError
from asok_engine.records.fields.field import FieldRef
from asok_engine.records.paths import joins_of
from asok_engine.records.query import Query
from asok_engine.records.steps import Plan
from asok_engine.sql.compiler import Decode
from asok_engine.sql.dialects.contract import Dialect
from asok_engine.sql.expressions import Expression, all_of
from asok_engine.sql.functions import Aggregate
from asok_engine.sql.select import CountRows, Output, Select
from asok_engine.sql.types import ColumnType

__all__ = ["count_values", "is_aggregate", "pluck", "values", "values_list", "values_select"]


def values(query: Query, *names: Any) -> Plan[list[dict[str, Any]]]:
    """Give a dict for each row: the fields, paths, annotations of these names, or all that are not hidden."""
    select, keys = values_select(query, names)
    if query.is_empty:
        return []
    rows = yield select
    return [dict(zip(keys, row, strict=True)) for row in rows]


def values_list(query: Query, *names: Any) -> Plan[list[tuple[Any, ...]]]:
    """Give a tuple for each row."""
    if query.is_empty:
        return []
    rows: list[tuple[Any, ...]] = yield values_select(query, names)[0]
    return rows


def pluck(query: Query, name: Any) -> Plan[list[Any]]:
    """Give the values of one field, path or annotation."""
    rows = yield from values_list(query, name)
    return [row[0] for row in rows]


def count_values(query: Query, *names: Any) -> Plan[int]:
    """Give the number of rows that `values` would give, in one statement."""
    if query.is_empty:
        return 0
    plain = (
        replace(query, orders=(), is_ordered=True) if query.limited is None and not query.skipped else query
    )
    return (yield CountRows(values_select(plain, names)[0], database=query.database)) or 0


def values_select(query: Query, names: Sequence[Any]) -> tuple[Select, list[str]]:
    """Give the statement that reads values, and their names.

    Where an annotation is an aggregate over the rows themselves, the other names group
    the rows, and conditions on it choose among the groups.

    Raises:
        UsageError: the query is joined with others, which read whole records.
    """
    if query.members:
        raise UsageError(
            "A union, intersection or difference reads whole records, not some of their values.",
            fix="Read the records, or put the union into a condition: filter(pk__in=union).",
        )
    annotations = dict(query.annotations)
    # Why not the hidden ones: they come where they are named and nowhere else (CWE-200).
    shown = query.names or [name for name, field in query.description.fields.items() if not field.hidden]
    wanted = list(names) if names else [*shown, *annotations]
    if names:
        wanted += [name for name, each in annotations.items() if is_aggregate(each) and name not in names]
    expressions = [query.expression(name) for name in wanted]
    joins = {join.source.key: join for join in query.joins}
    for expression in expressions:
        joins |= joins_of(expression)
    scoped = query.scoped()
    of_groups = [each for each in scoped.conditions if is_aggregate(each)]
    if of_groups:
        rest = tuple(each for each in scoped.conditions if not is_aggregate(each))
        scoped = replace(scoped, conditions=rest).having(all_of(of_groups))
    if any(is_aggregate(each) for each in expressions) and not query.groups:
        scoped = replace(scoped, groups=tuple(each for each in expressions if not is_aggregate(each)))
    if scoped.groups and not query.is_ordered:
        scoped = replace(scoped, orders=(), is_ordered=True)
    outputs = tuple(Output(each, _label(name, each)) for name, each in zip(wanted, expressions, strict=True))
    reader = query.description.kept_reader(
        ("values", tuple(_field_key(each) for each in expressions)), lambda: ValuesReader(expressions)
    )
    joined = (
        *scoped.joins,
        *(join for key, join in joins.items() if key not in {j.source.key for j in scoped.joins}),
    )
    return scoped.statement(outputs, reader, joined), [
        str(name) if isinstance(name, str) else _named(name) for name in wanted
    ]


def is_aggregate(expression: Any) -> bool:
    """Tell whether an expression has one value for many rows; what stands in a subquery has not."""
    if isinstance(expression, Aggregate):
        return True
    if isinstance(expression, Select) or not isinstance(expression, Expression):
        return isinstance(expression, tuple) and any(is_aggregate(part) for part in expression)
    return any(is_aggregate(getattr(expression, name)) for name in expression.__struct_fields__)


class ValuesReader:
    """Reads rows as tuples, each value in the form that a record would have."""

    def __init__(self, expressions: Sequence[Expression]) -> None:
        self._converters = [
            each.field.from_column if isinstance(each, FieldRef) and each.field else None
            for each in expressions
        ]

    def decode(self, dialect: Dialect, types: Sequence[ColumnType | None]) -> Decode | None:
        """Decode each value by its column's type and then by its field."""
        steps = [
            _chain(dialect.decoder(type_) if type_ is not None else None, converter)
            for type_, converter in zip(types, self._converters, strict=True)
        ]
        if not any(steps):
            # Drivers give rows of their own kinds, in lists or tuples.
            return lambda rows: [tuple(row) for row in rows]

        def decode(rows: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
            return [
                tuple(
                    [
                        value if step is None or value is None else step(value)
                        for value, step in zip(row, steps, strict=True)
                    ]
                )
                for row in rows
            ]

        return decode


def _chain(first: Any, second: Any) -> Any:
    if first is None or second is None:
        return first or second
    return lambda value: second(first(value))


def _field_key(expression: Expression) -> Any:
    return expression.field if isinstance(expression, FieldRef) else None


def _label(name: Any, expression: Expression) -> str:
    return "" if isinstance(expression, FieldRef) else str(name) if isinstance(name, str) else ""


def _named(name: Any) -> str:
    if isinstance(name, FieldRef) and name.field is not None:
        return str(name.field.name)
    raise UsageError(f"{name!r} has no name of its own.", fix="Annotate it under a name, and ask for that.")
