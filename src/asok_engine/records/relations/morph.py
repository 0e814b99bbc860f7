"""Relations to records of several models: two fields hold the model's name and the key.

`MorphTo` leads to the one record that the fields name; `MorphMany` and `MorphOne`
lead back. No database constraint can hold such a relation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from asok_engine.records.fields.field import UNSET
from asok_engine.records.fields.number import BigInteger
from asok_engine.records.fields.text import String
from asok_engine.records.loading import beside, load_by
from asok_engine.records.query import Query
from asok_engine.records.registry import registry
from asok_engine.records.relations.has import HasMany
from asok_engine.records.relations.relation import Hop, Relation, Target
from asok_engine.sql.expressions import Condition
from asok_engine.sql.sources import Source

if TYPE_CHECKING:
    from asok_engine.records.description import Description
    from asok_engine.records.fields.field import Field
    from asok_engine.records.record import Record
    from asok_engine.records.steps import Plan

__all__ = ["MorphMany", "MorphOne", "MorphTo", "morph_name"]

Value = TypeVar("Value")


def morph_name(description: Description) -> str:
    """Give the name that stands for a model in such fields: `Meta.morph_name`, or its own name."""
    return str(description.options.morph_name or description.name)


class MorphTo(Relation[Value]):
    """One record of whatever model the own fields name: `<name>_type` and `<name>_id`.

    Fields that the model does not declare are added: a short text, and a number.
    """

    holds_key = True
    has_one_target = False

    def __init__(self, type_field: str = "", id_field: str = "") -> None:
        super().__init__(None)
        self._type_field = type_field
        self._id_field = id_field

    @property
    def type_name(self) -> str:
        """The own field with the model's name."""
        return self._type_field or f"{self.name}_type"

    @property
    def id_name(self) -> str:
        """The own field with the key."""
        return self._id_field or f"{self.name}_id"

    def own_fields(self) -> dict[str, Field[Any]]:
        """Give the fields that the relation needs."""
        return {
            self.type_name: String(100, nullable=True, index=True),
            self.id_name: BigInteger(nullable=True, index=True),
        }

    def load(self, records: Sequence[Record], narrow: Query | None = None) -> Plan[list[Record]]:
        """Read the targets model by model."""
        wanted: dict[str, dict[Any, None]] = {}
        for record in records:
            kind, key = self._pair(record)
            if kind is not None and key is not None:
                wanted.setdefault(kind, {})[key] = None
        found: dict[tuple[Any, Any], Record] = {}
        for kind, keys in wanted.items():
            target = self._model(kind).__description__
            key_field = target.fields[target.key_name]
            query = beside(Query(target).with_everything(), records)
            # The keys come from a field of this model; the target's own field makes them its type.
            cleaned = {key_field.coerce(key): key for key in keys}
            for each in (yield from load_by(query, target.key_name, list(cleaned))):
                found[kind, cleaned[each.pk]] = each
        for record in records:
            record.__dict__[self.name] = found.get(self._pair(record))
        return list(found.values())

    def read(self, record: Record) -> Any:
        """Give the target; a loaded one only while the fields still name it."""
        kind, key = self._pair(record)
        if kind is None or key is None:
            return None
        loaded = record.__dict__.get(self.name, UNSET)
        if loaded is None:
            return None
        if loaded is not UNSET:
            description = loaded.__description__
            if morph_name(description) == kind and str(loaded.pk) == str(key):
                return loaded
        return type(record).unloaded(record, self)

    def assign(self, record: Record, value: Any) -> None:
        """Point to a record, or to none."""
        values = record.__dict__
        values[self.name] = value
        if value is None:
            values[self.type_name] = values[self.id_name] = None
        else:
            values[self.type_name], values[self.id_name] = morph_name(value.__description__), value.pk

    def settle(self, record: Record) -> None:
        """Take over the key of a target that was saved after it had been set."""
        loaded = record.__dict__.get(self.name)
        if loaded is not None and record.__dict__.get(self.id_name) is None:
            record.__dict__[self.id_name] = loaded.pk

    def _pair(self, record: Record) -> tuple[Any, Any]:
        return record.__dict__.get(self.type_name), record.__dict__.get(self.id_name)

    def _model(self, kind: str) -> type[Record]:
        for model in registry.models():
            if model.__description__.options.morph_name == kind:
                return model
        return registry.get(kind, self.model)


class MorphMany(HasMany[Value]):
    """The records of the target whose `MorphTo` of this name leads here."""

    def __init__(self, target: Target, name: str, type_field: str = "", id_field: str = "") -> None:
        super().__init__(target, id_field or f"{name}_id")
        self._type_field = type_field or f"{name}_type"

    @property
    def remote_name(self) -> str:
        """The field of the target with the key."""
        return self.target.field(self._remote).name

    def hop(self, source: Source, alias: str) -> Hop:
        """Link by the key and the model's name."""
        hop = super().hop(source, alias)
        kind = self.target.field(self._type_field).ref(hop.target)
        return Hop(hop.target, hop.condition & (kind == morph_name(self.owner)))

    def load(self, records: Sequence[Record], narrow: Query | None = None) -> Plan[list[Record]]:
        """Read the targets of all records and give each its own."""
        base = narrow if narrow is not None else Query(self.target)
        return (yield from super().load(records, base.where_condition(self._of_this_model())))

    def query(self, record: Record) -> Query:
        """Give the query for the targets of one record."""
        return super().query(record).where_condition(self._of_this_model())

    def _of_this_model(self) -> Condition:
        return self.target.ref(self._type_field) == morph_name(self.owner)


class MorphOne(MorphMany[Value]):
    """The one record of the target whose `MorphTo` of this name leads here, or None."""

    is_to_many = False
