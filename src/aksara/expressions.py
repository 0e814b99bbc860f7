"""Expressions for queries: conditions in groups, values of fields, aggregates, distances of vectors.

    Post.objects.filter(Q(views__gt=100) | ~Q(author__name="Ada"))
    Post.objects.update(views=F("views") + 1)
    User.objects.annotate(posts_read=Sum("posts__views"))

They name fields as text; the query that gets them finds out of which model.
"""

from __future__ import annotations

from asok_engine.records.deferred import Group, Measured, Named, NearTo

__all__ = ["Avg", "CosineDistance", "Count", "EuclideanDistance", "F", "Max", "Min", "Q", "Sum"]


class Q(Group):
    """Conditions that hold together; `&`, `|` and `~` make others of them."""


class F(Named):
    """The value that a field has in the row itself, also by a path or of an annotation."""


class Count(Measured):
    """How many rows, values or records of a relation there are."""

    function = "count"


class Sum(Measured):
    """The sum of a field; None without rows."""

    function = "sum"


class Avg(Measured):
    """The mean of a field; None without rows."""

    function = "avg"


class Min(Measured):
    """The least value of a field; None without rows."""

    function = "min"


class Max(Measured):
    """The greatest value of a field; None without rows."""

    function = "max"


class CosineDistance(NearTo):
    """The cosine distance of a vector field, where the database knows vectors."""

    metric = "cosine"


class EuclideanDistance(NearTo):
    """The straight distance of a vector field, where the database knows vectors."""

    metric = "euclidean"
