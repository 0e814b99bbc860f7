"""Relations to records that have the own key in a field of theirs: many of them, or one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import ref

from asok_engine.errors import SetupError
from asok_engine.records.loading import beside, load_grouped
from asok_engine.records.options import snake_case
from asok_engine.records.query import Query
from asok_engine.records.relations.relation import Hop, Relation, Target
from asok_engine.records.rows import Owners, Records
from asok_engine.sql.sources import Source

if TYPE_CHECKING:
    from asok_engine.records.record import Record
    from asok_engine.records.steps import Plan

__all__ = ["HasMany", "HasOne"]

Value = TypeVar("Value")


class HasMany(Relation[Value]):
    """The records of the target whose field `remote` has the own key.

    `remote` is, by default, the target's foreign key to this model, or `<model>_id`.
    `local` is the own field that it names, the key by default.
    """

    is_to_many = True

    def __init__(self, target: Target, remote: str = "", local: str = "") -> None:
        super().__init__(target)
        self._remote = remote
        self._local = local

    @property
    def own_name(self) -> str:
        """The own field whose value the targets have."""
        return self._local or self.owner.key_name

    @property
    def remote_name(self) -> str:
        """The field of the target.

        Raises:
            SetupError: the target has several foreign keys to this model, or no such field.
        """
        if self._remote:
            relation = self.target.relations.get(self._remote)
            return relation.local_name if relation is not None else self.target.field(self._remote).name
        target = self.target
        keys = [
            relation.local_name
            for relation in target.relations.values()
            if relation.local_name and not relation.is_to_many and relation.leads_to(self.model)
        ]
        if len(set(keys)) == 1:
            return keys[0]
        guess = f"{snake_case(self.model.__name__)}_id"
        if guess in target.fields:
            return guess
        raise SetupError(
            f"{self!r} does not say which field of {target.name} it goes by: there are {keys or 'none'}.",
            fix=f'Name it: remote="{guess}".',
        )

    def hop(self, source: Source, alias: str) -> Hop:
        """Link by the key."""
        target = self.target.source.aliased(alias)
        remote = self.target.field(self.remote_name).ref(target)
        return Hop(target, remote == self.owner.field(self.own_name).ref(source))

    def load(self, records: Sequence[Record], narrow: Query | None = None) -> Plan[list[Record]]:
        """Read the targets of all records and give each its own."""
        own, remote, name = self.own_name, self.remote_name, self.name
        try:
            owners: dict[Any, Callable[[], Record | None]] = {
                record.__dict__[own]: ref(record) for record in records
            }
        except KeyError:
            # Says of the record that was read without the value what to do.
            owners = {self.own_value(record): ref(record) for record in records}
        owners.pop(None, None)
        base = beside(narrow if narrow is not None else Query(self.target), records)
        groups: dict[Any, Records[Record]] = {}
        found: list[Record] = []
        if owners:
            found, groups = yield from load_grouped(base, remote, Owners(remote, own, owners))
            _hold(records, name, found, groups)
        new_list, is_to_many = self.target.new_list, self.is_to_many
        for record in records:
            values = record.__dict__
            group = groups.get(values[own])
            if is_to_many:
                values[name] = new_list() if group is None else group
            else:
                values[name] = group[0] if group else None
        return found

    def query(self, record: Record) -> Query:
        """Give the query for the targets of one record."""
        query, value = beside(Query(self.target), [record]), self.own_value(record)
        # A missing value is that of no record: those without an owner belong to nobody.
        return query.none() if value is None else query.where_equal(self.remote_name, value)

    def own_value(self, record: Record) -> Any:
        """Give the value that the targets of a record have.

        Raises:
            NotLoaded: the record was read without it.
        """
        name = self.own_name
        return record.__dict__.get(name) if record._origin is None else getattr(record, name)


def _hold(records: Sequence[Record], name: str, found: Any, groups: dict[Any, Records[Record]]) -> None:
    """Let targets know each other as long as the records that they were loaded for are held."""
    if len(groups) == 1:
        found.origin.result = ref(next(iter(groups.values())))
        return
    origin = records[0]._origin
    holder = origin.result() if origin is not None and origin.result is not None else None
    if holder is not None:
        holder.hold(name, found)


class HasOne(HasMany[Value]):
    """The one record of the target whose field `remote` has the own key, or None."""

    is_to_many = False
