"""The rows that a foreign key of a form may name: those that their model's policy shows to a visitor.

What is offered is also all that is accepted, so nobody puts something into a row that
they may not see. Rows of a model without a policy are offered to nobody, and more rows
than somebody can choose from are not offered either.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from asok_engine.records.fields.reference import ForeignKey
from asok_engine.records.policy import Principal, policy_of, visible
from asok_engine.records.query import Query
from asok_engine.records.record import Record
from asok_engine.records.steps import Plan

__all__ = ["MOST_ROWS", "row_choices"]

#: More choices than this are no help to anybody.
MOST_ROWS = 500
#: Which field names a row where the model has no `__str__`.
NAMING = ("name", "title", "label", "email")


def row_choices(
    model: type[Record], names: Container[str], principal: Principal
) -> Plan[dict[str, list[tuple[Any, str]]]]:
    """Give values and labels, in the order of the labels, for each of these fields that has some to offer."""
    found: dict[str, list[tuple[Any, str]]] = {}
    for name, field in model.__description__.fields.items():
        if name not in names or not isinstance(field, ForeignKey) or field.choices:
            continue
        target = field.target
        if getattr(target, "__policy__", None) is None:
            continue
        rows = yield from visible(Query(target.__description__), principal).limit(MOST_ROWS + 1).fetch()
        if len(rows) <= MOST_ROWS:
            readable = policy_of(target).readable(principal)
            key = field.target_field.name
            pairs = [(getattr(row, key), _label(row, readable)) for row in rows]
            found[name] = sorted(pairs, key=lambda pair: pair[1].casefold())
    return found


def _label(row: Record, readable: Container[str]) -> str:
    if type(row).__str__ is not object.__str__:
        return str(row)
    values = (row.__dict__.get(name) for name in NAMING if name in readable)
    return next((str(value) for value in values if value), str(row.pk))
