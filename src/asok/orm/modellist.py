"""The list in which records of a model come: a list, that can say how many it has and what was asked.

Results of queries and relations to many are such lists. It is filled; nothing in it
asks the database again, except the question how the statement would look now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from asok_engine.errors import UsageError
from asok_engine.records.rows import Records

if TYPE_CHECKING:
    from asok.orm.query import Query

__all__ = ["ModelList"]

Item = TypeVar("Item")


class ModelList(Records[Item]):
    """Records of one result, in order."""

    __slots__ = ("query",)

    #: The query that gave the list; absent on lists of relations.
    query: Query[Any]

    def count(self, *value: Any) -> int:
        """Give the number of records; with a value, how often it is in the list."""
        return super().count(*value) if value else len(self)

    def to_sql(self) -> tuple[str, list[Any]]:
        """Give the statement that the list came from, and its parameters apart."""
        return self._asked().to_sql()

    def raw_sql(self) -> str:
        """Give the statement with its parameters written into it, to read it; never run this text."""
        return self._asked().raw_sql()

    def _asked(self) -> Query[Any]:
        query = getattr(self, "query", None)
        if query is None:
            raise UsageError(
                "This list did not come from a query; it is what a relation loaded.",
                fix='Ask the relation as a query: post.related("comments").to_sql().',
            )
        found: Query[Any] = query
        return found
