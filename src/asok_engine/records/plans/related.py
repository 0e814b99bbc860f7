"""The records of a relation to many, changed from the side of the one: added, taken away, replaced, made.

Through a pivot they are joined and parted; otherwise the foreign key of each record is
written. Each deed is one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from asok_engine.errors import UsageError
from asok_engine.records.changes import mark_stored
from asok_engine.records.paths import key_of
from asok_engine.records.plans.change import update_all
from asok_engine.records.plans.load import query_of
from asok_engine.records.plans.pivot import attach, attached_keys, detach, refuse_strangers, sync
from asok_engine.records.plans.save import save
from asok_engine.records.plans.values import pluck
from asok_engine.records.query import Query
from asok_engine.records.relations.has import HasMany
from asok_engine.records.relations.many_to_many import ManyToMany
from asok_engine.records.steps import Atomic, Plan

if TYPE_CHECKING:
    from asok_engine.records.record import Record

__all__ = [
    "add_related",
    "clear_related",
    "create_related",
    "find_or_create_related",
    "related_keys",
    "remove_related",
    "set_related",
]


def add_related(
    record: Record, name: str, targets: Iterable[Any], values: Mapping[str, Any] | None = None
) -> Plan[None]:
    """Let records, or keys, belong to a relation; a record that was never saved is saved.

    `values` fill other columns of a pivot.
    """
    targets = list(targets)
    relation, alias = _relation(record, name)
    if isinstance(relation, ManyToMany):
        yield Atomic(_attach(record, name, targets, values, alias), alias)
    else:
        yield Atomic(_point(record, relation, targets, alias), alias)
    record.__dict__.pop(name, None)


def remove_related(record: Record, name: str, targets: Iterable[Any]) -> Plan[int]:
    """Take records, or keys, out of a relation; give how many were in it.

    Raises:
        UsageError: a record cannot be without the one that it belongs to.
    """
    targets = list(targets)
    relation, alias = _relation(record, name)
    if isinstance(relation, ManyToMany):
        return (yield from detach(record, name, targets))
    return (yield from _unpoint(record, relation, targets, alias))


def clear_related(record: Record, name: str) -> Plan[int]:
    """Take all records out of a relation; give their number."""
    relation, alias = _relation(record, name)
    if isinstance(relation, ManyToMany):
        return (yield from detach(record, name))
    return (yield from _unpoint(record, relation, None, alias))


def set_related(
    record: Record, name: str, targets: Iterable[Any], values: Mapping[str, Any] | None = None
) -> Plan[None]:
    """Let exactly these records, or keys, belong to a relation."""
    targets = list(targets)
    relation, alias = _relation(record, name)
    if isinstance(relation, ManyToMany):
        yield from sync(record, name, targets, values)
        return

    def deed() -> Plan[None]:
        refuse_strangers(relation, targets)
        key = relation.target.fields[relation.target.key_name]
        wanted = {key.clean(key_of(each)) for each in targets if key_of(each) is not None}
        have = yield from related_keys(record, name)
        surplus = [each for each in have if each not in wanted]
        if surplus:
            yield from _unpoint(record, relation, surplus, alias)
        known = set(have)
        added = [each for each in targets if key_of(each) is None or key.clean(key_of(each)) not in known]
        yield from _point(record, relation, added, alias)

    yield Atomic(deed(), alias)
    record.__dict__.pop(name, None)


def create_related(record: Record, name: str, values: Mapping[str, Any]) -> Plan[Any]:
    """Make a record that belongs to a relation; give it."""
    relation, alias = _relation(record, name)
    if not isinstance(relation, ManyToMany):
        own = {relation.remote_name: _own_value(record, relation)}
        made = relation.target.model(**{**values, **own})
        yield from save(made, alias)
        record.__dict__.pop(name, None)
        return made
    made = relation.target.model(**values)

    def deed() -> Plan[None]:
        yield from save(made, alias)
        yield from attach(record, name, [made])

    yield Atomic(deed(), alias)
    return made


def find_or_create_related(
    record: Record,
    name: str,
    deed: Callable[[Query, Mapping[str, Any], Mapping[str, Any]], Plan[tuple[Any, bool]]],
    values: Mapping[str, Any],
    changes: Mapping[str, Any],
) -> Plan[tuple[Any, bool]]:
    """Find a record of a relation, or make one that belongs to it, by `get_or_create` or `update_or_create`.

    Through a pivot it is looked for among all records of the target, and joined where it was not.
    """
    relation, alias = _relation(record, name)
    if not isinstance(relation, ManyToMany):
        own = {relation.remote_name: _own_value(record, relation)}
        record.__dict__.pop(name, None)
        return (yield from deed(query_of(record, name), values, {**changes, **own}))

    def both() -> Plan[tuple[Any, bool]]:
        found, is_made = yield from deed(Query(relation.target, database_alias=alias), values, changes)
        yield from attach(record, name, [found])
        return found, is_made

    made: tuple[Any, bool] = yield Atomic(both(), alias)
    return made


def related_keys(record: Record, name: str) -> Plan[list[Any]]:
    """Give the keys of the records of a relation."""
    relation, _ = _relation(record, name)
    if isinstance(relation, ManyToMany):
        return (yield from attached_keys(record, name))
    return (yield from pluck(query_of(record, name), relation.target.key_name))


def _attach(
    record: Record, name: str, targets: list[Any], values: Mapping[str, Any] | None, alias: str
) -> Plan[None]:
    refuse_strangers(record.__description__.relations[name], targets)
    for each in targets:
        if hasattr(each, "__description__") and not each.is_stored:
            yield from save(each, alias)
    yield from attach(record, name, targets, values)


def _point(record: Record, relation: HasMany[Any], targets: list[Any], alias: str) -> Plan[None]:
    remote, own = relation.remote_name, _own_value(record, relation)
    refuse_strangers(relation, targets)
    keys = []
    for each in targets:
        if not hasattr(each, "__description__"):
            keys.append(each)
            continue
        each.__dict__[remote] = own
        yield from save(each, alias)
    if keys:
        query = Query(relation.target, database_alias=alias).where(pk__in=keys)
        yield from update_all(query, {remote: own})


def _unpoint(record: Record, relation: HasMany[Any], targets: list[Any] | None, alias: str) -> Plan[int]:
    remote = relation.remote_name
    if not relation.target.fields[remote].nullable:
        raise UsageError(
            f"A {relation.target.name} cannot be without its {record.__description__.name}: "
            f"{remote!r} is not nullable.",
            fix="Delete it, give it to another record, or make the foreign key nullable.",
        )
    query = query_of(record, relation.name)
    if targets is not None:
        refuse_strangers(relation, targets)
        query = query.where(pk__in=[key_of(each) for each in targets])
    count = yield from update_all(query, {remote: None})
    for each in targets or ():
        if hasattr(each, "__description__") and each.is_stored:
            each.__dict__[remote] = None
            mark_stored(each, alias, (remote,))
    record.__dict__.pop(relation.name, None)
    return count


def _own_value(record: Record, relation: HasMany[Any]) -> Any:
    value = relation.own_value(record)
    if value is None:
        raise UsageError(
            f"{record!r} has no {relation.own_name}, by which a {relation.target.name} could belong to it.",
            fix=f"Give it a {relation.own_name} and save it first.",
        )
    return value


def _relation(record: Record, name: str) -> tuple[Any, str]:
    """Give a relation to many, and the database that its records are in."""
    # Also for its refusals: a name that the model does not have, a record that was never saved.
    query = query_of(record, name)
    relation = record.__description__.relations[name]
    if not relation.is_to_many or not isinstance(relation, HasMany | ManyToMany):
        raise UsageError(f"{relation!r} leads to one record.", fix="Set it.")
    return relation, query.database
