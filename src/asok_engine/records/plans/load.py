"""Loading relations of records that are there already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from asok_engine.errors import UsageError
from asok_engine.records.errors import unknown_name
from asok_engine.records.loading import load_paths
from asok_engine.records.query import Query
from asok_engine.records.relations.relation import Relation
from asok_engine.records.steps import Plan

if TYPE_CHECKING:
    from asok_engine.records.record import Record

__all__ = ["load_for_peers", "load_relations", "query_of"]


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
    groups: dict[str, list[Any]] = {}
    for record in records:
        groups.setdefault("" if record._origin is None else record._origin.database, []).append(record)
    for group in groups.values():
        yield from load_paths(group, description, query.included)


def query_of(record: Record, name: str) -> Query:
    """Give the query for what a relation of a record has.

    Raises:
        UnknownName: the model has no such relation.
        UsageError: the record is not in the database.
    """
    description = record.__description__
    relation = description.relations.get(name)
    if relation is None:
        raise unknown_name(name, description.name, description.relations, "relation")
    if not record.is_stored:
        raise UsageError(f"{record!r} is not in the database; save it before asking for its {name}.")
    return relation.query(record)
