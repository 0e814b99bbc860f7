"""The names of expressions mean what the engine resolves."""

from __future__ import annotations

import pytest

from aksara.expressions import Avg, CosineDistance, Count, EuclideanDistance, F, Max, Min, Q, Sum
from asok_engine.records.deferred import resolved
from asok_engine.records.query import Query
from asok_engine.sql.functions import Aggregate
from tests.aksara.library import Writing


@pytest.mark.parametrize("kind", [Avg, Count, Max, Min, Sum])
def test_aggregate_has_the_function_of_its_name(kind: type[Sum]) -> None:
    """Over a field of the model itself."""
    made = resolved(kind("views"), Query(Writing.__description__))
    assert isinstance(made, Aggregate)
    assert made.name == kind.__name__.lower()


def test_expressions_read_well_when_they_are_shown() -> None:
    """A failed test or a log line tells what was asked."""
    assert repr(F("views")) == "F('views')"
    assert repr(Count("posts")) == "Count('posts')"
    assert repr(~Q(views=1) | Q(live=True)) == "Q(~Q(Q({'views': 1})) | Q({'live': True}))"


def test_distances_have_their_metric() -> None:
    """The two that databases know by these names."""
    assert (CosineDistance.metric, EuclideanDistance.metric) == ("cosine", "euclidean")
