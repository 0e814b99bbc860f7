"""Columns as people write them: `title`, `author.name`, `COUNT(*) AS posts`, `SUM(comments.score) AS total`.

An aggregate over a relation to many counts or measures the records of each row.
Only these forms are read. Every name is resolved against the model and the function
is one of a list, so nothing of the text reaches a statement.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from asok_engine.records.aggregates import aggregate_at
from asok_engine.records.errors import UnknownName, unknown_name
from asok_engine.sql.expressions import Expression
from asok_engine.sql.functions import AGGREGATES, Aggregate, AggregateName

if TYPE_CHECKING:
    from asok_engine.records.query import Query

__all__ = ["read_column"]

_FUNCTIONS: Final[dict[str, AggregateName]] = {name: name for name in AGGREGATES}
_CALL: Final = re.compile(
    r"(?P<function>\w+)\s*\(\s*(?P<distinct>DISTINCT\s+)?(?P<column>\*|[\w.]+)\s*\)(?:\s+AS\s+(?P<name>\w+))?",
    re.IGNORECASE,
)


def read_column(query: Query, text: str) -> tuple[str, Expression | None]:
    """Give the name under which a column is read, and its expression; None for a field of the model.

    An aggregate without a name of its own is called `count`, `sum_views` and so on.

    Raises:
        UnknownName: a field, a path or a function that there is not, or none of the forms that are read.
    """
    text = text.strip()
    call = _CALL.fullmatch(text)
    if call is not None:
        function, column = _FUNCTIONS.get(call["function"].lower()), call["column"]
        if function is None:
            raise unknown_name(call["function"], "A column", _FUNCTIONS, "function")
        if column == "*":
            if function != "count" or call["distinct"]:
                raise UnknownName(f"{text[:80]!r} has no meaning; only COUNT(*) takes a star.")
            return call["name"] or "count", Aggregate("count")
        name = call["name"] or f"{function}_{column.replace('.', '_')}"
        is_distinct = bool(call["distinct"])
        if column in dict(query.annotations):
            return name, Aggregate(function, query.expression(column), is_distinct)
        return name, aggregate_at(query.description, function, column, distinct=is_distinct)
    column, _, name = (part.strip() for part in re.sub(r"\s+AS\s+", "\0", text, flags=re.I).partition("\0"))
    if not re.fullmatch(r"[\w.]+", column) or (name and not name.isidentifier()):
        # Why 400: the text may have come from outside.
        raise UnknownName(
            f"The column {text[:80]!r} is not understood.",
            fix='Write a field, a path or an aggregate: "title", "author.name AS author", "COUNT(*) AS n".',
        )
    if name or "." in column or "__" in column:
        return name or column.replace(".", "_"), query.expression(column)
    return query.description.field(column).name, None
