"""A relation through other relations: the comments of all posts of an author."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from asok_engine.errors import UsageError
from asok_engine.records.errors import unknown_name
from asok_engine.records.loading import beside
from asok_engine.records.query import Query
from asok_engine.records.relations.relation import Hop, Relation, alias_for
from asok_engine.sql.expressions import Parameter
from asok_engine.sql.select import COLUMN, InSelect, Join, Output, Select
from asok_engine.sql.sources import Source

if TYPE_CHECKING:
    from asok_engine.records.description import Description
    from asok_engine.records.record import Record
    from asok_engine.records.steps import Plan

__all__ = ["Through"]

Value = TypeVar("Value")


class Through(Relation[Value]):
    """The records at the end of a path of relations, each once: `Through("posts.comments")`."""

    is_to_many = True

    def __init__(self, path: str) -> None:
        super().__init__(None)
        self.path = path

    def steps(self) -> list[Relation[Any]]:
        """Give the relations of the path.

        Raises:
            UnknownName: one of them is none.
        """
        made: list[Relation[Any]] = []
        description = self.owner
        for name in self.path.split("."):
            relation = description.relations.get(name)
            if relation is None:
                raise unknown_name(name, description.name, description.relations, "relation")
            made.append(relation)
            description = relation.target
        return made

    @property
    def target(self) -> Description:
        """The description of the model at the end of the path."""
        return self.steps()[-1].target

    def hop(self, source: Source, alias: str) -> Hop:
        """Link the end of the path with its beginning, by joins from the end."""
        hops = self._hops(source)
        joins: list[Join] = []
        for before, step in zip(reversed(hops[:-1]), reversed(hops[1:]), strict=True):
            joins += [*step.pivots, Join(before.target, step.condition)]
        joins += hops[0].pivots
        return Hop(hops[-1].target, hops[0].condition, tuple(joins))

    def _hops(self, source: Source) -> list[Hop]:
        hops: list[Hop] = []
        here = source
        for number, step in enumerate(self.steps()):
            made = step.hop(here, alias_for(source, f"{self.name}_{number}"))
            hops.append(made)
            here = made.target
        return hops

    def load(self, records: Sequence[Record], narrow: Query | None = None) -> Plan[list[Record]]:
        """Read the relations of the path, and gather what stands at its end."""
        if narrow is not None:
            raise UsageError(f"{self!r} goes through other relations.", fix="Narrow those, or ask its query.")
        steps = self.steps()
        here = list(records)
        for step in steps:
            # What was loaded already stays, with all that hangs on it.
            missing = [each for each in here if step.name not in each.__dict__]
            if missing:
                yield from step.load(missing)
            here = [end for each in here for end in _as_list(each.__dict__[step.name])]
        found: dict[Any, Record] = {}
        new_list = self.target.new_list
        for record in records:
            ends: list[Any] = [record]
            for step in steps:
                ends = [each for end in ends for each in _as_list(end.__dict__[step.name])]
            own = new_list()
            own.extend({end.pk: end for end in ends}.values())
            record.__dict__[self.name] = own
            found |= {end.pk: end for end in own}
        return list(found.values())

    def query(self, record: Record) -> Query:
        """Give the query for the targets of one record."""
        beginning = self.owner.source.aliased("_beginning")
        hop = self.hop(beginning, "")
        key = self.target.field(self.target.key_name).ref(hop.target)
        own = self.owner.field(self.owner.key_name).ref(beginning)
        select = Select(
            hop.target,
            (Output(key),),
            COLUMN,
            joins=(*hop.pivots, Join(beginning, hop.condition)),
            where=own == Parameter(record.pk, own.type),
        )
        targets = InSelect(self.target.ref(self.target.key_name), select)
        return beside(Query(self.target), [record]).where_condition(targets)


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
