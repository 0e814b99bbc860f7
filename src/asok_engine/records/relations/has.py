"""Relations to records that have the own key in a field of theirs: many of them, or one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from asok_engine.errors import SetupError
from asok_engine.records.options import snake_case
from asok_engine.records.query import Query
from asok_engine.records.relations.relation import Hop, Relation, Target
from asok_engine.records.rows import Records
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
        new_list = self.target.new_list
        groups: dict[Any, Records[Record]] = {record.__dict__[own]: new_list() for record in records}
        base = narrow if narrow is not None else Query(self.target)
        found: list[Record] = []
        if groups:
            found = yield from base.load_by(remote, list(groups))
            for target in found:
                groups[target.__dict__[remote]].append(target)
        for record in records:
            record.__dict__[name] = self._one_or_all(groups[record.__dict__[own]])
        return found

    def _one_or_all(self, targets: Records[Record]) -> Any:
        return targets

    def query(self, record: Record) -> Query:
        """Give the query for the targets of one record."""
        return Query(self.target).where_equal(self.remote_name, record.__dict__.get(self.own_name))


class HasOne(HasMany[Value]):
    """The one record of the target whose field `remote` has the own key, or None."""

    is_to_many = False

    def _one_or_all(self, targets: Records[Record]) -> Any:
        return targets[0] if targets else None
