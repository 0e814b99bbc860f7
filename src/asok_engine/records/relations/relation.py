"""What every relation is: a name on a model, its target, and how rows reach each other.

A relation knows three ways: `hop` joins its target to a source in a statement,
`load` is the plan that reads the targets of many records in few statements, and
`query` reads those of one record. What was loaded stands in the record's `__dict__`
under the relation's name; reading it is then a dict look-up.
"""

from __future__ import annotations

import copy
import functools
import hashlib
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, overload

from msgspec import Struct

from asok_engine.errors import SetupError
from asok_engine.records.registry import registry
from asok_engine.sql.expressions import Condition
from asok_engine.sql.select import Join
from asok_engine.sql.sources import Source
from asok_engine.sql.tables import Table

if TYPE_CHECKING:
    from asok_engine.records.description import Description
    from asok_engine.records.paths import RelationPath
    from asok_engine.records.query import Query
    from asok_engine.records.record import Record
    from asok_engine.records.steps import Plan

__all__ = ["Hop", "JoinedSource", "Relation", "Target", "alias_for", "resolve_target"]

Value = TypeVar("Value")
#: A model, its name, or a function that gives it.
Target = Any


class Hop(Struct, eq=False):
    """One step from a source to a relation's target."""

    target: Source
    #: What links the target, or the pivot before it, with the source.
    condition: Condition
    #: What is joined to the target besides: a pivot.
    pivots: tuple[Join, ...] = ()


class JoinedSource(Source):
    """A source that is reached by joins; a statement that uses it needs them, in this order."""

    __slots__ = ("joins",)

    joins: tuple[Join, ...]


class Relation(Generic[Value]):
    """A relation of one model to another; subclasses say of which kind."""

    #: The relation gives a list, not one record.
    is_to_many: bool = False
    #: The own field that holds the target's key, "" where the key stands elsewhere.
    local_name: str = ""
    #: The key of the target stands in the record itself, and is taken over from the target at save.
    holds_key: bool = False
    #: A record may be without a target.
    is_optional: bool = True
    #: The relation was added by one that leads here.
    is_way_back: bool = False
    #: It was made from a foreign key, and not declared.
    is_implied: bool = False
    #: Every target is of one model.
    has_one_target: bool = True

    def __init__(self, target: Target) -> None:
        self._target = target
        self.name = ""
        self.model: type[Record] = None  # type: ignore[assignment]

    @property
    def target_given(self) -> Target:
        """The target as it was declared: a model, a name or a function."""
        return self._target

    @property
    def target(self) -> Description:
        """The description of the model that the relation leads to.

        Raises:
            SetupError: it is unknown.
        """
        return resolve_target(self._target, self.model).__description__

    @property
    def owner(self) -> Description:
        """The description of the model that has the relation."""
        return self.model.__description__

    def leads_to(self, model: type[Record]) -> bool:
        """Tell whether the target is this model; False while it is not known."""
        if isinstance(self._target, str) and self._target != "self":
            return registry.lookup(self._target, self.model) is model
        return resolve_target(self._target, self.model) is model

    def bound_to(self, model: type[Record]) -> Relation[Value]:
        """Give this relation for a model; one that inherits it gets its own."""
        bound = copy.copy(self)
        for name in [name for name in bound.__dict__ if name in _worked_out(cast("Any", type(self)))]:
            del bound.__dict__[name]
        bound.model = model
        return bound

    @property
    def field_name(self) -> str:
        """The name of the field that the relation brings along in its own place, "" for none."""
        return ""

    def make_field(self) -> Any:
        """Make the field that the relation brings along."""
        raise SetupError(f"{self!r} brings no field along.")

    def own_fields(self) -> dict[str, Any]:
        """Give the fields that the relation adds to its model where they are not declared."""
        return {}

    def tables(self) -> Sequence[Table]:
        """Give the tables that the relation brings along, such as a pivot."""
        return ()

    def hop(self, source: Source, alias: str) -> Hop:
        """Say how the target, under this alias, is reached from a source of the owner."""
        raise SetupError(f"{self!r} cannot be joined.")

    def load(self, records: Sequence[Record], narrow: Query | None = None) -> Plan[list[Record]]:
        """Read the targets of these records and put them in place; give the targets."""
        raise SetupError(f"{self!r} cannot be loaded.")

    def query(self, record: Record) -> Query:
        """Give the query for the targets of one record."""
        raise SetupError(f"{self!r} has no query.")

    def settle(self, record: Record) -> None:
        """Take over the key of a target that was saved after it had been set."""

    def assign(self, record: Record, value: Any) -> None:
        """Set the relation on a record."""
        raise SetupError(f"{self!r} cannot be set.", fix="Change the records on the other side.")

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> RelationPath: ...

    @overload
    def __get__(self, instance: object, owner: type) -> Value: ...

    def __get__(self, instance: Any, owner: Any) -> Any:
        if instance is None:
            return owner.path_of(owner.__description__.relations[self.name])
        if self.is_to_many and owner.lists_are_plain:
            try:
                # What was loaded already, without the calls.
                return instance.__dict__[self.name]
            except KeyError:
                pass
        return owner.__description__.relations[self.name].read(instance)

    def __set__(self, instance: Any, value: Any) -> None:
        type(instance).__description__.relations[self.name].assign(instance, value)

    def read(self, record: Record) -> Any:
        """Give what the relation has for a record; what is not loaded is asked of the model."""
        if self.is_to_many:
            return type(record).records_of(record, self)
        if self.name in record.__dict__:
            return record.__dict__[self.name]
        return type(record).unloaded(record, self)

    def __repr__(self) -> str:
        owner = self.model.__name__ if self.model is not None else "?"
        return f"<{type(self).__name__} {owner}.{self.name}>"


@functools.cache
def _worked_out(kind: Any) -> frozenset[str]:
    """Give the names of what a kind of relation works out once for its model."""
    return frozenset(
        name
        for base in kind.__mro__
        for name, value in vars(base).items()
        if isinstance(value, cached_property)
    )


def resolve_target(target: Target, asking: type[Record]) -> type[Record]:
    """Give the model that is meant by a class, a name, "self", or a function that gives one of these.

    Raises:
        SetupError: there is no such model, or several.
    """
    if isinstance(target, str):
        return asking if target == "self" else registry.get(target, asking)
    if isinstance(target, type):
        return target
    if isinstance(target, Callable):  # type: ignore[arg-type]
        return resolve_target(target(), asking)
    raise SetupError(f"{target!r} is no model.", fix="Give the class, its name, or a function that gives it.")


def alias_for(source: Source, name: str) -> str:
    """Make the alias of a relation's target: readable, unlike any table, and short enough everywhere."""
    alias = f"{source.alias}__{name}" if source.alias else f"_{name}"
    if len(alias) <= 55:
        return alias
    return f"{alias[:40]}_{hashlib.blake2s(alias.encode(), digest_size=6).hexdigest()}"
