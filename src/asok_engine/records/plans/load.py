"""Loading relations of records that are there already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from asok_engine.records.query import Query, load_paths
from asok_engine.records.relations.relation import Relation
from asok_engine.records.steps import Plan

if TYPE_CHECKING:
    from asok_engine.records.record import Record

__all__ = ["load_for_peers", "load_relations"]


def load_for_peers(record: Record, relation: Relation[Any]) -> Plan[Any]:
    """Load a relation for every record of the result that this one came in; give what it has for this one."""
    origin = record._origin
    peers = origin.peers(record) if origin is not None else [record]
    yield from relation.load([peer for peer in peers if relation.name not in peer.__dict__ or peer is record])
    return record.__dict__[relation.name]


def load_relations(
    records: Sequence[Any], *paths: str, narrowed: dict[str, Query] | None = None
) -> Plan[None]:
    """Load relations of records of one model, by paths such as `comments.author`."""
    if not records:
        return
    description = type(records[0]).__description__
    query = Query(description).include(*paths, narrowed=narrowed)
    yield from load_paths(records, description, query.included)
