"""Fixtures: rows of models out as JSON or YAML, and in again; for tests, demonstrations and copies.

The form is that of `aksara db dump` and `aksara db load`, and the engine does the work
for all of them: keys and values stay exactly what they are, on and between all databases.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aksara.expressions import Q
from asok_engine.database.running import run_async
from asok_engine.errors import UsageError
from asok_engine.records.deferred import Group, narrowed
from asok_engine.records.errors import BadFixture
from asok_engine.records.fixtures.dump import dump_rows
from asok_engine.records.fixtures.extracts import Extract, extracts_of, tables_of
from asok_engine.records.fixtures.formats import Format, RowWriter, read_rows
from asok_engine.records.fixtures.load import in_reference_order, load_rows
from asok_engine.records.query import Query
from asok_engine.records.record import Record
from asok_engine.records.registry import registry

__all__ = ["BadFixture", "dump_data", "dump_database", "load_data"]


async def dump_data(
    model: type[Record],
    filters: Mapping[str, Any] | Group | None = None,
    fields: Sequence[str] | None = None,
    format: Format = "json",
    *,
    hidden: bool = False,
    database: str = "",
) -> str:
    """Give the rows of a model as text, with the pivots of its many-to-many relations.

    `filters` are lookups, `{"views__gt": 10}`, or a `Q`; without them it is every row, those
    that were deleted softly among them. `fields` names what is written beside the key:
    fields, and relations through a pivot. Without names it is everything but hidden
    fields, and those as well with `hidden`; a password goes as its hash, encrypted text
    as it is kept.

    Raises:
        UnknownName: a name is nothing that the model has.
        SetupError: YAML needs a package that is not installed.
    """
    group = filters if isinstance(filters, Group) else Q(**(filters or {}))
    query = narrowed(Query(model.__description__, database_alias=database).with_everything(), group)
    if isinstance(fields, str):
        raise UsageError(f"fields is {fields!r}; it takes a list of names.", fix=f"Write [{fields!r}].")
    return await _dumped(extracts_of(query, fields or (), hidden=hidden), format, query.database)


async def dump_database(
    models: Iterable[type[Record]] | None = None,
    format: Format = "json",
    *,
    hidden: bool = False,
    database: str = "default",
) -> str:
    """Give every row of these models as text, of all models of a database without any, as of one moment."""
    chosen = _models_of(database) if models is None else list(models)
    found: dict[str, Extract] = {}
    for model in chosen:
        query = Query(model.__description__, database_alias=database).with_everything()
        for extract in extracts_of(query, hidden=hidden):
            found.setdefault(extract.table.full_name, extract)
    return await _dumped(list(found.values()), format, database)


async def load_data(
    data: str | bytes,
    models: Iterable[type[Record]] | None = None,
    format: Format = "json",
    strict: bool = False,
    *,
    database: str = "",
) -> int:
    """Write the rows of a text into the database, all or none, and give how many there were.

    Only the tables of `models` and their pivots may be filled, those of all models without
    any. A row whose key is there is updated; with `strict` it is refused. Rows may come in
    any order.

    Raises:
        BadFixture: a row does not fit; the message names its place, its field and what was expected.
        SetupError: YAML needs a package that is not installed.
    """
    if not isinstance(data, str | bytes):
        raise UsageError(
            f"load_data takes the text of a fixture, not {type(data).__name__}.",
            fix="Read a file first: load_data(path.read_text()).",
        )
    chosen = _models_of(database or "default") if models is None else list(models)
    aliases = {model.__description__.database for model in chosen}
    if not database and len(aliases) > 1:
        raise UsageError(
            f"The models are of several databases: {', '.join(sorted(aliases))}.",
            fix="Load those of each database by themselves, or say database=.",
        )
    alias = database or next(iter(aliases), "default")
    tables = tables_of(chosen)
    rows = in_reference_order(read_rows(data, format), tables)
    return await run_async(load_rows(rows, tables, models=chosen, database=alias, strict=strict))


def _models_of(database: str) -> list[type[Record]]:
    return [model for model in registry.models() if model.__description__.database == database]


async def _dumped(extracts: list[Extract], format: Format, database: str) -> str:
    output = io.StringIO()
    writer = RowWriter(output, format)
    await run_async(dump_rows(extracts, writer.write, database=database))
    writer.close()
    return output.getvalue()
