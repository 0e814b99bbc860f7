"""Records of a SELECT that was written by hand.

The statement stands as a subquery, of which the columns of the model are read by
name; so their order in it does not matter, and one that is missing is told by the
database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from asok_engine.records.description import Description
from asok_engine.records.steps import AskDialect, Plan
from asok_engine.sql.raw import Raw

__all__ = ["handwritten"]


def handwritten(
    description: Description, text: str, values: Sequence[Any] | Mapping[str, Any] = (), database: str = ""
) -> Plan[Any]:
    """Give the records that a SELECT finds; `?` or `:name` in it stand for the values.

    Raises:
        QueryError: the database does not understand it, or it lacks a column of the model.
    """
    alias = database or description.database
    dialect = yield AskDialect(alias)
    fields = list(description.fields.values())
    columns = ", ".join(f"rows_of.{dialect.quoted(field.column)}" for field in fields)
    decode = description.reader().decode(dialect, [field.column_type for field in fields])
    written = text.strip().rstrip(";")
    # Why no injection: the names are the model's, quoted; the text is the caller's own, its values apart.
    whole = f"SELECT {columns} FROM ({written}) AS rows_of"  # noqa: S608
    records = yield Raw(whole, values, decode=decode, database=alias)
    records.origin.database = alias
    return records
