"""Full-text search and distances between vectors, as expressions.

What is searched for is a parameter; the dialect takes the words out of it. How each
database keeps its index is in `fulltext.py`.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Literal

from asok_engine.sql import types
from asok_engine.sql.expressions import Condition, Expression
from asok_engine.sql.sources import Source
from asok_engine.sql.tables import FullText
from asok_engine.sql.types import ColumnType
from asok_engine.sql.writer import Writer

__all__ = ["Distance", "Match", "MatchRank", "Metric"]

Metric = Literal["cosine", "euclidean", "inner"]


class Match(Condition, eq=False):
    """A row of a source that has all words of a term, or words that begin with them."""

    source: Source
    search: FullText
    term: str

    def shape(self, values: list[Any]) -> Hashable:
        """The source and the index; the term goes to the values."""
        values.append(self.term)
        return ("match", self.source.key, self.search.name)

    def write(self, writer: Writer) -> Any:
        """The dialect's own way."""
        dialect = writer.dialect
        term = writer.parameter(None, encode=dialect.search_text)
        return dialect.match(writer.sa, writer.table(self.source), self.search, term)


class MatchRank(Expression, eq=False):
    """How well a row fits a term; the greatest fits best."""

    source: Source
    search: FullText
    term: str

    @property
    def type(self) -> ColumnType | None:
        """A number."""
        return types.float_()

    def shape(self, values: list[Any]) -> Hashable:
        """The source and the index; the term goes to the values."""
        values.append(self.term)
        return ("rank", self.source.key, self.search.name)

    def write(self, writer: Writer) -> Any:
        """The dialect's own way."""
        dialect = writer.dialect
        term = writer.parameter(None, encode=dialect.search_text)
        return dialect.match_rank(writer.sa, writer.table(self.source), self.search, term)


class Distance(Expression, eq=False):
    """The distance between a vector column and a vector, where the database computes it."""

    column: Expression
    vector: Sequence[float]
    metric: Metric = "cosine"

    @property
    def type(self) -> ColumnType | None:
        """A number."""
        return types.float_()

    def shape(self, values: list[Any]) -> Hashable:
        """The column and the metric; the vector goes to the values."""
        column = self.column.shape(values)
        values.append(self.vector)
        return ("distance", self.metric, column)

    def write(self, writer: Writer) -> Any:
        """The dialect's own operator."""
        column = self.column.write(writer)
        vector = writer.parameter(self.column.type)
        return writer.dialect.distance(writer.sa, column, vector, self.metric)
