"""One record of a query: the first, the last, the only one."""

from __future__ import annotations

from msgspec.structs import replace

from asok_engine.errors import UsageError
from asok_engine.records.errors import RecordNotFound
from asok_engine.records.query import Query
from asok_engine.records.steps import Plan
from asok_engine.sql.expressions import Order

__all__ = ["at", "first", "first_or_fail", "last", "not_found", "only_one", "reversed_query"]


def first(query: Query) -> Plan[object]:
    """Give the first record in the query's order, by key where it has none; None when there is none."""
    records = yield from _ordered(query).limit(_one(query)).fetch()
    return records[0] if records else None


def at(query: Query, place: int) -> Plan[object]:
    """Give the record at a place, counted from 0 in the query's order.

    Raises:
        IndexError: there are not so many records.
        UsageError: the place is counted from the end.
    """
    if place < 0:
        raise UsageError(
            f"A query has no place {place}: it is counted from the front.", fix="Ask for the last record."
        )
    records = yield from _ordered(query).slice(slice(place, place + 1)).fetch()
    if not records:
        raise IndexError(f"The query has no {query.description.name} at {place}.")
    return records[0]


def first_or_fail(query: Query) -> Plan[object]:
    """Give the first record.

    Raises:
        RecordNotFound: there is none.
    """
    record = yield from first(query)
    if record is None:
        raise not_found(query)
    return record


def last(query: Query) -> Plan[object]:
    """Give the last record in the query's order, by key where it has none; None when there is none."""
    if query.limited is not None or query.skipped:
        records = yield from query.fetch()
        return records[-1] if records else None
    return (yield from first(reversed_query(query)))


def only_one(query: Query) -> Plan[object]:
    """Give the one record of the query.

    Raises:
        RecordNotFound: there is none.
        SeveralRecords: there are several.
    """
    limit = 2 if query.limited is None else min(query.limited, 2)
    records = yield from query.limit(limit).fetch()
    if not records:
        raise not_found(query)
    if len(records) > 1:
        raise query.description.model.several_error(
            f"More than one {query.description.name} meets the condition.",
            fix="Narrow it, or ask for the first.",
        )
    return records[0]


def reversed_query(query: Query) -> Query:
    """Give the query in the opposite order."""
    ordered = _ordered(query)
    orders = ordered.orders or ordered.order_by(*query.description.options.ordering).orders
    turned = tuple(
        Order(each.expression, not each.is_descending, _OTHER_END[each.nulls])  # type: ignore[arg-type]
        for each in orders
    )
    return replace(ordered, orders=turned, is_ordered=True)


def not_found(query: Query) -> RecordNotFound:
    """Say that a query found nothing."""
    return query.description.model.not_found_error(
        f"There is no {query.description.name} for this condition."
    )


_OTHER_END = {"": "", "first": "last", "last": "first"}


def _one(query: Query) -> int:
    return 1 if query.limited is None else min(query.limited, 1)


def _ordered(query: Query) -> Query:
    if query.is_ordered or query.groups or query.members or query.description.options.ordering:
        return query
    return query.order_by(*query.description.key)
