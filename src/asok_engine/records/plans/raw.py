"""Records from a statement that somebody wrote in SQL.

The columns are matched with the model's by their names, in whatever order they come.
What the statement reads beside them stands on the records under its own name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from asok_engine.errors import UsageError
from asok_engine.records.description import Description
from asok_engine.records.rows import RecordReader
from asok_engine.records.steps import AskDialect, Plan
from asok_engine.sql.raw import Raw

__all__ = ["raw"]


def raw(
    description: Description, text: str, values: Sequence[Any] | Mapping[str, Any] = (), database: str = ""
) -> Plan[Any]:
    """Give the records that a SELECT reads; `values` fill each `?` in order, or each `:name`.

    The text is run as it is: never put a value into it. Scopes do not hold. Columns of
    the model that it does not read are fields that were not loaded.

    Raises:
        UsageError: there are more or fewer values than places; or the key is not among the columns.
        QueryError: the database does not understand the text.
    """
    alias = database or description.database
    dialect = yield AskDialect(alias)
    names, *rows = yield Raw(text, values, "named", database=alias)
    if not rows:
        return description.empty()
    places = {name: place for place, name in enumerate(names)}
    fields = [field for column, field in description.column_fields.items() if column in places]
    missing = [name for name in description.key if description.fields[name] not in fields]
    if missing:
        raise UsageError(
            f"The statement for {description.name} reads {', '.join(names)} and not the key {missing[0]!r}.",
            fix="Add it, or write SELECT *.",
        )
    others = [name for name in places if name not in description.column_fields]
    reader = description.kept_reader(
        ("raw", tuple(field.name for field in fields), tuple(others)),
        lambda: RecordReader(description.model, fields, (), others),
    )
    types = [*(field.column_type for field in fields), *[None] * len(others)]
    order = [*(places[field.column] for field in fields), *(places[name] for name in others)]
    records = reader.decode(dialect, types)([tuple([row[place] for place in order]) for row in rows])
    records.read_from(alias)
    return records
