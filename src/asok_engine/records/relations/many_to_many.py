"""A relation to many records through a pivot: a table with the keys of both sides."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from asok_engine.records.loading import beside, load_beside
from asok_engine.records.options import snake_case
from asok_engine.records.query import Query
from asok_engine.records.relations.relation import Hop, Relation, Target, alias_for, resolve_target
from asok_engine.records.rows import Records
from asok_engine.sql.expressions import Parameter
from asok_engine.sql.select import Join
from asok_engine.sql.sources import Source
from asok_engine.sql.tables import Column, ForeignKey, Index, Table

if TYPE_CHECKING:
    from asok_engine.records.description import Description
    from asok_engine.records.record import Record
    from asok_engine.records.steps import Plan

__all__ = ["ManyToMany"]

Value = TypeVar("Value")


class ManyToMany(Relation[Value]):
    """The records of the target that a pivot joins with the own ones.

    The pivot's table is `table`, or that of the model `through`; by default it is named
    after both models in alphabetical order. `own_column` and `other_column` are its
    columns; by default `<model>_id` of each side.
    """

    is_to_many = True
    #: The relation was declared on the other side.
    is_turned = False

    def __init__(
        self,
        target: Target,
        table: str = "",
        own_column: str = "",
        other_column: str = "",
        through: Target = None,
        related_name: str = "",
    ) -> None:
        super().__init__(target)
        self.related_name = related_name
        self._table = table
        self._own_column = own_column
        self._other_column = other_column
        self._through = through

    @cached_property
    def is_to_self(self) -> bool:
        """The relation leads to its own model."""
        return self.target.model is self.model

    @cached_property
    def own_column(self) -> str:
        """The pivot's column with the own key."""
        name = snake_case(self.model.__name__)
        return self._own_column or (f"from_{name}_id" if self.is_to_self else f"{name}_id")

    @cached_property
    def other_column(self) -> str:
        """The pivot's column with the target's key."""
        name = snake_case(self.target.model.__name__)
        return self._other_column or (f"to_{name}_id" if self.is_to_self else f"{name}_id")

    @cached_property
    def through(self) -> type[Record] | None:
        """The model of the pivot, None where the pivot has none."""
        if self._through is None:
            return None
        return resolve_target(self._through, self.model)

    @cached_property
    def pivot(self) -> Source:
        """The pivot as a source."""
        if self.through is not None:
            return self.through.__description__.source
        own, other = self.owner, self.target
        # In one order, so that both sides describe the same table.
        sides = sorted(((self.own_column, own), (self.other_column, other)), key=lambda side: side[0])
        names = sorted((snake_case(own.name), snake_case(other.name)))
        return Source(
            Table(
                self._table or "_".join(names),
                tuple(Column(column, side.fields[side.key_name].column_type) for column, side in sides),
                primary_key=tuple(column for column, _ in sides),
                foreign_keys=tuple(_cascading_key(column, side) for column, side in sides),
                indexes=(Index((sides[1][0],)),),
                database=own.database,
                schema=own.options.schema,
            )
        )

    def turned(self) -> ManyToMany[Any]:
        """Give the same relation seen from its target."""
        return _Turned(self)

    def tables(self) -> Sequence[Table]:
        """Give the pivot where it belongs to no model."""
        return () if self.through is not None else (self.pivot.table,)

    def hop(self, source: Source, alias: str) -> Hop:
        """Link the pivot with the own key and the target with the pivot."""
        target = self.target.source.aliased(alias)
        pivot = self.pivot.aliased(alias_for(target, "pivot"))
        other = self.target.field(self.target.key_name).ref(target)
        own = self.owner.field(self.owner.key_name).ref(source)
        join = Join(pivot, pivot.ref(self.other_column) == other)
        return Hop(target, pivot.ref(self.own_column) == own, (join,))

    def load(self, records: Sequence[Record], narrow: Query | None = None) -> Plan[list[Record]]:
        """Read the targets with the key that each belongs to."""
        key, name = self.owner.key_name, self.name
        new_list = self.target.new_list
        groups: dict[Any, Records[Record]] = {record.__dict__[key]: new_list() for record in records}
        base = beside(narrow if narrow is not None else Query(self.target), records)
        found: list[Record] = []
        if groups:
            pivot = self.pivot.aliased("_pivot")
            other = self.target.ref(self.target.key_name)
            joined = base.with_join(Join(pivot, pivot.ref(self.other_column) == other))
            found = yield from load_beside(joined, pivot.ref(self.own_column), list(groups))
            for target in found:
                groups[target.__dict__.pop("__beside")].append(target)
        for record in records:
            record.__dict__[name] = groups[record.__dict__[key]]
        return found

    def query(self, record: Record) -> Query:
        """Give the query for the targets of one record."""
        pivot = self.pivot.aliased("_pivot")
        own = pivot.ref(self.own_column)
        joined = beside(Query(self.target), [record]).with_join(
            Join(pivot, pivot.ref(self.other_column) == self.target.ref(self.target.key_name))
        )
        return joined.where(own == Parameter(record.pk, own.type))


class _Turned(ManyToMany[Any]):
    """A many-to-many as its other side has it: same pivot, columns the other way round."""

    is_turned = True

    def __init__(self, origin: ManyToMany[Any]) -> None:
        super().__init__(origin.model)
        self._origin = origin

    @cached_property
    def own_column(self) -> str:
        """The pivot's column with the own key."""
        return self._origin.other_column

    @cached_property
    def other_column(self) -> str:
        """The pivot's column with the target's key."""
        return self._origin.own_column

    @cached_property
    def through(self) -> type[Record] | None:
        """The model of the pivot."""
        return self._origin.through

    @cached_property
    def pivot(self) -> Source:
        """The pivot as a source."""
        return self._origin.pivot


def _cascading_key(column: str, side: Description) -> ForeignKey:
    schema = side.options.schema
    return ForeignKey((column,), side.table_name, side.columns_of(side.key), "cascade", target_schema=schema)
