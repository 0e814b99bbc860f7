"""Finding records by words, and by what is near to a vector.

Where the database has an index for it, the database does the work. Without a
full-text index the words are looked for in the fields of text; without a vector type
every vector of the query is read, packed, and compared here: exact, and fit for some
ten thousand rows.
"""

from __future__ import annotations

import math
import operator
from array import array
from collections.abc import Sequence
from heapq import nsmallest
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from asok_engine.errors import UsageError
from asok_engine.records.errors import FieldProblem, unknown_name
from asok_engine.records.loading import load_by
from asok_engine.records.query import Query
from asok_engine.records.steps import AskDialect, Compute, Plan
from asok_engine.sql.dialects.contract import search_words
from asok_engine.sql.expressions import Condition, IsNull, Like, Order, all_of, any_of
from asok_engine.sql.search import Distance, Match, MatchRank, Metric
from asok_engine.sql.select import Output

__all__ = ["Nearest", "nearest", "nearest_query", "search"]


def search(query: Query, term: str, fields: Sequence[str] = ()) -> Query:
    """Narrow a query to records that have all words of a term, those that fit best first.

    `fields` are looked into in place of the full-text index. A term without a word
    finds nothing.
    """
    description = query.description
    words = search_words(str(term))
    if not words:
        return query.none()
    indexes = description.table.full_texts
    if indexes and not fields:
        found = query.where_condition(Match(description.source, indexes[0], str(term)))
        if query.is_ordered:
            return found
        return found.order_by(Order(MatchRank(description.source, indexes[0], str(term)), True))
    wanted = [description.field(name) for name in fields] or [
        field
        for field in description.fields.values()
        if field.column_type.kind in ("string", "text") and field.is_comparable and not field.hidden
    ]
    if not wanted:
        raise UsageError(f"{description.name} has no field of text to search in.")
    each: list[Condition] = [
        any_of([Like(description.ref(field.name), word, "contains", True) for field in wanted])
        for word in words
    ]
    return query.where_condition(all_of(each))


class Nearest(Struct, frozen=True):
    """The reading of the records that are nearest to a vector, for a query that others still narrow."""

    name: str
    vector: Sequence[float]
    limit: int
    metric: Metric

    def fetch(self, query: Query) -> Plan[Any]:
        """Give the nearest of a query's records, at most as many as it takes itself."""
        skipped = query.skipped or 0
        limit = self.limit if query.limited is None else min(self.limit, skipped + query.limited)
        whole = replace(query, limited=None, skipped=None)
        records = yield from nearest(whole, self.name, self.vector, limit=limit, metric=self.metric)
        del records[:skipped]
        return records


def nearest_query(
    query: Query, name: str, vector: Sequence[float], *, limit: int = 10, metric: Metric = "cosine"
) -> Query:
    """Give a query for the nearest of a query's records, which may be narrowed before and after.

    Raises:
        UnknownName: there is no such field or metric.
        FieldProblem: the vector does not fit the field.
    """
    field = query.description.field(name)
    if metric not in _DISTANCES:
        raise unknown_name(metric, "A vector", _DISTANCES, "metric")
    if field.column_type.kind != "vector":
        raise FieldProblem("vector", f"{name} holds no vectors")
    return replace(query, reading=Nearest(field.name, field.clean(vector), limit, metric))


def nearest(
    query: Query, name: str, vector: Sequence[float], *, limit: int = 10, metric: Metric = "cosine"
) -> Plan[Any]:
    """Give the records of a query whose vectors are nearest, nearest first, each with its `distance`.

    Raises:
        UnknownName: the metric is none of cosine, euclidean, inner.
        FieldProblem: the vector has the wrong number of dimensions.
    """
    description = query.description
    field = description.field(name)
    if metric not in _DISTANCES:
        raise unknown_name(metric, "A vector", _DISTANCES, "metric")
    if field.column_type.kind != "vector":
        raise FieldProblem("vector", f"{name} holds no vectors")
    wanted = field.clean(vector)
    dialect = yield AskDialect(query.database)
    ref = description.ref(field.name)
    known = query.where_condition(IsNull(ref, True))
    if dialect.supports_vectors:
        distance = Distance(ref, wanted, metric)
        ordered = known.annotate(distance=distance).reorder(Order(distance)).limit(limit)
        return (yield from ordered.fetch())
    scoped = replace(known.scoped(), orders=(), is_ordered=True, included=(), joined=())
    key = description.ref(description.key_name)
    select = scoped.statement((Output(key), Output(ref)), _PACKED, scoped.joins)
    rows = yield select
    found = yield Compute(nearest_of, (rows, wanted, limit, metric))
    all_of_them = replace(query, orders=(), is_ordered=True, limited=None, skipped=None)
    records = yield from load_by(all_of_them, description.key_name, [key for _, key in found])
    distances = {key: distance for distance, key in found}
    for record in records:
        record.__dict__["distance"] = distances[record.pk]
    records.sort(key=lambda record: distances[record.pk])
    return records


def nearest_of(
    rows: Sequence[tuple[Any, bytes | Sequence[float]]], wanted: Sequence[float], limit: int, metric: str
) -> list[tuple[float, Any]]:
    """Give the keys of the nearest vectors with their distances, nearest first."""
    measure = _DISTANCES[metric](wanted)
    distances = ((measure(_floats(vector)), key) for key, vector in rows)
    return nsmallest(limit, distances, key=operator.itemgetter(0))


def _floats(vector: bytes | Sequence[float]) -> Sequence[float]:
    if not isinstance(vector, bytes):
        return vector
    made = array("f")
    made.frombytes(vector)
    return made


def _cosine(wanted: Sequence[float]) -> Any:
    length = math.sqrt(sum(map(operator.mul, wanted, wanted)))

    def measure(vector: Sequence[float]) -> float:
        own = math.sqrt(sum(map(operator.mul, vector, vector)))
        if not own or not length:
            return 1.0
        product: float = sum(map(operator.mul, vector, wanted))
        return 1.0 - product / (own * length)

    return measure


def _euclidean(wanted: Sequence[float]) -> Any:
    return lambda vector: math.dist(vector, wanted)


def _inner(wanted: Sequence[float]) -> Any:
    return lambda vector: -sum(map(operator.mul, vector, wanted))


_DISTANCES: dict[str, Any] = {"cosine": _cosine, "euclidean": _euclidean, "inner": _inner}


class _Packed:
    """Rows as the driver gives them: vectors stay packed until they are compared."""

    def decode(self, dialect: Any, types: Any) -> Any:
        """Decode the key alone."""
        decoder = dialect.decoder(types[0])
        if decoder is None:
            return None
        return lambda rows: [(decoder(row[0]), row[1]) for row in rows]


_PACKED = _Packed()
