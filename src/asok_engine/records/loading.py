"""Reading what relations lead to: records by lists of values, and relations of relations by paths.

These are plans over a query, which says which of the records are meant and how each
list of them is read. A list that is too long for one statement is read in several.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from asok_engine.records.description import Description
from asok_engine.records.rows import Owners
from asok_engine.sql.expressions import Expression, In

if TYPE_CHECKING:
    from asok_engine.records.query import Query
    from asok_engine.records.record import Record
    from asok_engine.records.steps import Plan

__all__ = ["beside", "database_beside", "load_beside", "load_by", "load_grouped", "load_paths"]

#: An IN list longer than this is read in several statements.
LIST_LIMIT = 500


def database_beside(owner: Description, alias: str, target: Description) -> str:
    """Give the alias under which the records of a target are, for an owner's records from `alias`.

    Models of one database stay together, whichever one is asked; a model of another
    database has its own.
    """
    return alias if alias and owner.database == target.database else target.database


def beside(query: Query, records: Sequence[Record]) -> Query:
    """Give a query of what records lead to, where those are; one that says where stays as it is."""
    origin = records[0]._origin if records else None
    if origin is None or query.database_alias:
        return query
    database = database_beside(records[0].__description__, origin.database, query.description)
    return query if database == query.database else query.using(database)


def load_paths(
    records: Sequence[Any], description: Description, paths: Sequence[tuple[str, Query | None]]
) -> Plan[None]:
    """Load relations of records, and relations of those, each in few statements."""
    tree: dict[str, list[tuple[str, Query | None]]] = {}
    narrowed: dict[str, Query] = {}
    for path, query in paths:
        first, _, rest = path.partition(".")
        inner = tree.setdefault(first, [])
        if rest:
            inner.append((rest, query))
        elif query is not None:
            narrowed[first] = query
    for name, inner in tree.items():
        targets = yield from description.relations[name].load(records, narrowed.get(name))
        if inner:
            for model, group in _by_model(targets).items():
                yield from load_paths(group, model.__description__, inner)


def _by_model(records: Sequence[Any]) -> dict[Any, list[Any]]:
    groups: dict[Any, list[Any]] = {}
    for record in records:
        groups.setdefault(type(record), []).append(record)
    return groups


def load_by(query: Query, name: str, keys: Sequence[Any]) -> Plan[list[Record]]:
    """Give the records whose field has one of these values, in the query's order.

    The values are those of records, so they need no coercion.
    """
    convert = query.description.field(name).to_column
    if convert is not None:
        keys = [convert(key) for key in keys]
    found: list[Record] = yield from _load_in_lists(query, query.description.ref(name), keys)
    return found


def load_grouped(query: Query, name: str, owners: Owners) -> Plan[tuple[Any, dict[Any, Any]]]:
    """Give what `load_by` gives for the values of owners, and beside it the lists of records of each.

    The records then know their owners.
    """
    keys: list[Any] = list(owners.by_value)
    if query.is_empty or query.reading is not None or (query.names is not None and name not in query.names):
        found: Any = yield from load_by(query, name, keys)
        groups: dict[Any, Any] = {}
        for record in found:
            groups.setdefault(record.__dict__[name], query.description.new_list()).append(record)
        return found, groups
    field = query.description.field(name)
    if field.to_column is not None:
        keys = [field.to_column(key) for key in keys]
    ref = query.description.ref(name)
    both: tuple[Any, dict[Any, Any]] = yield from _load_in_lists(query, ref, keys, field.name, owners)
    return both


def load_beside(query: Query, ref: Expression, keys: Sequence[Any]) -> Plan[list[Record]]:
    """Give the records for which an expression has one of these values, with the value as `__beside`."""
    beside = replace(query, annotations=(*query.annotations, ("__beside", ref)))
    found: list[Record] = yield from _load_in_lists(beside, ref, keys)
    return found


def _load_in_lists(
    query: Query, ref: Expression, keys: Sequence[Any], grouped_by: str = "", owners: Owners | None = None
) -> Plan[Any]:
    found: Any = None
    groups: dict[Any, Any] = {}
    for start in range(0, len(keys), LIST_LIMIT):
        condition = In(ref, keys[start : start + LIST_LIMIT])
        part = yield from query.where_condition(condition).fetch(grouped_by)
        if grouped_by:
            part, more = part
            part.origin.owners = owners
            groups |= more
        if found is None:
            found = part
        else:
            # So that they are peers of those before.
            part.origin.result = found.origin.result
            found.extend(part)
    found = query.description.empty() if found is None else found
    return (found, groups) if grouped_by else found
