"""Records from a statement that somebody wrote in SQL.

The statement stands inside of one that names the columns of the model, so its own
may come in any order; one that is missing is an error of the database. What it reads
beside them is left away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from asok_engine.records.description import Description
from asok_engine.records.query import Query
from asok_engine.records.steps import AskDialect, Plan
from asok_engine.sql.raw import Raw

__all__ = ["raw"]


def raw(
    description: Description, text: str, values: Sequence[Any] | Mapping[str, Any] = (), database: str = ""
) -> Plan[Any]:
    """Give the records that a SELECT reads; `values` fill each `?` in order, or each `:name`.

    The text is run as it is: never put a value into it. Scopes do not hold.

    Raises:
        UsageError: there are more or fewer values than places.
        QueryError: the database does not understand the text, or it lacks a column of the model.
    """
    alias = database or description.database
    dialect = yield AskDialect(alias)
    decode = Query(description).with_everything().select().compile(dialect).decode
    quote = dialect.quote
    # Why with the alias: SQLite takes a quoted name that it does not know for a string.
    inside = quote("_raw")
    columns = ", ".join(f"{inside}.{quote(field.column)}" for field in description.fields.values())
    inner = text.strip().rstrip(";")
    # The author of the statement writes it, and its values go apart; the names here are the model's own.
    whole = f"SELECT {columns} FROM (\n{inner}\n) AS {inside}"  # noqa: S608
    return (yield Raw(whole, values, "rows", decode, database=alias))
