"""A relation to one record whose key stands in a field of the own model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from asok_engine.errors import UsageError
from asok_engine.records.fields.field import UNSET
from asok_engine.records.loading import beside, load_by
from asok_engine.records.query import Query
from asok_engine.records.relations.relation import Hop, Relation, Target
from asok_engine.sql.sources import Source

if TYPE_CHECKING:
    from asok_engine.records.record import Record
    from asok_engine.records.steps import Plan

__all__ = ["BelongsTo"]

Value = TypeVar("Value")


class BelongsTo(Relation[Value]):
    """One record of the target, by the own field `local` and the target's `remote`, its key by default."""

    holds_key = True

    def __init__(self, target: Target, local: str = "", remote: str = "") -> None:
        super().__init__(target)
        self._local = local
        self._remote = remote

    @property
    def local_name(self) -> str:  # type: ignore[override]
        """The own field with the key."""
        return self._local or f"{self.name}_id"

    @property
    def remote_name(self) -> str:
        """The target's field that has it."""
        return self._remote or self.target.key_name

    @property
    def is_optional(self) -> bool:  # type: ignore[override]
        """A record may be without a target."""
        return self.owner.field(self.local_name).nullable

    def hop(self, source: Source, alias: str) -> Hop:
        """Link by the key."""
        target = self.target.source.aliased(alias)
        remote = self.target.field(self.remote_name).ref(target)
        return Hop(target, remote == self.owner.field(self.local_name).ref(source))

    def load(self, records: Sequence[Record], narrow: Query | None = None) -> Plan[list[Record]]:
        """Read each target once, whoever has it."""
        local, remote, name = self.local_name, self.remote_name, self.name
        wanted = {self._key(record): None for record in records}
        wanted.pop(None, None)
        found: dict[Any, Record] = {}
        if wanted:
            targets = yield from load_by(self._base(records, narrow), remote, list(wanted))
            found = {target.__dict__[remote]: target for target in targets}
        for record in records:
            record.__dict__[name] = found.get(record.__dict__.get(local))
        return list(found.values())

    def _base(self, records: Sequence[Record], narrow: Query | None) -> Query:
        return beside(narrow if narrow is not None else Query(self.target).with_everything(), records)

    def _key(self, record: Record) -> Any:
        """Give the key of a record's target.

        Raises:
            NotLoaded: the record was read without it.
        """
        name = self.local_name
        if name in record.__dict__ or record._origin is None:
            return record.__dict__.get(name)
        return getattr(record, name)

    def query(self, record: Record) -> Query:
        """Give the query for the target."""
        value = self._key(record)
        query = self._base([record], None)
        return query.none() if value is None else query.where_equal(self.remote_name, value)

    def read(self, record: Record) -> Any:
        """Give the target; a loaded one only while the key is still its own."""
        values = record.__dict__
        key = values.get(self.local_name)
        loaded = values.get(self.name, UNSET)
        if loaded is not UNSET:
            if loaded is None and key is None:
                return None
            if loaded is not None and (
                loaded.__dict__.get(self.remote_name) == key or self.local_name not in values
            ):
                return loaded
        if key is None:
            return self._key(record)
        origin = record._origin
        if origin is not None and origin.owners is not None:
            owner = origin.owners.find(self.local_name, self.remote_name, key)
            if isinstance(owner, self.target.model):
                # Why not kept: it holds a list with this record, and both would wait for the collector.
                return owner
        return type(record).unloaded(record, self)

    def assign(self, record: Record, value: Any) -> None:
        """Point to a record, or to none; a key is accepted too."""
        if value is None:
            record.__dict__[self.local_name] = None
            record.__dict__[self.name] = None
            return
        if not hasattr(value, "__description__"):
            record.__dict__[self.local_name] = value
            record.__dict__.pop(self.name, None)
            return
        if not isinstance(value, self.target.model):
            raise UsageError(
                f"{type(record).__name__}.{self.name} was set to {value!r}; it leads to {self.target.name}."
            )
        record.__dict__[self.name] = value
        record.__dict__[self.local_name] = value.__dict__.get(self.remote_name)

    def settle(self, record: Record) -> None:
        """Take over the key of a target that was saved after it had been set.

        Raises:
            UsageError: it has not been saved.
        """
        values = record.__dict__
        loaded = values.get(self.name)
        if loaded is None or values.get(self.local_name) is not None:
            return
        key = loaded.__dict__.get(self.remote_name)
        if key is None:
            raise UsageError(
                f"{type(record).__name__}.{self.name} leads to a {self.target.name} that was not saved.",
                fix="Save it first.",
            )
        values[self.local_name] = key
