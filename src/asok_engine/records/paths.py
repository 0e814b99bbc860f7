"""Names to expressions: fields, relations, and paths through several relations.

Every name that comes from outside ends here: it is found among the fields and
relations of a model, or it is an `UnknownName`. A path through relations to one
record becomes joins; through relations to many it becomes EXISTS, so that no row
comes twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from asok_engine.errors import UsageError
from asok_engine.records.description import Description
from asok_engine.records.errors import UnknownName, unknown_name
from asok_engine.records.fields.field import FieldRef
from asok_engine.records.relations.relation import JoinedSource, Relation, alias_for
from asok_engine.sql.expressions import Condition, Constant, Expression, all_of
from asok_engine.sql.select import Exists, Join, Output, Select, Subquery
from asok_engine.sql.sources import Source

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "Place",
    "RelationPath",
    "condition_at",
    "joins_of",
    "linked_exists",
    "no_single_value",
    "place_of",
    "split_path",
    "to_many_part",
]

#: A path longer than this is a mistake, or an attempt to make the server work.
MAX_STEPS = 8

Build = Callable[[FieldRef, "Place"], Condition]
#: Makes a condition at a place, and gives it with the joins that it needs.
MakeCondition = Callable[["Place"], tuple[Condition, tuple[Join, ...]]]


class Place:
    """Where a path stands: a model's description, the source of its rows, and the joins that led there."""

    __slots__ = ("description", "joins", "source")

    def __init__(self, description: Description, source: Source, joins: tuple[Join, ...] = ()) -> None:
        self.description = description
        self.source = source
        self.joins = joins

    def ref(self, name: str) -> FieldRef:
        """Give the expression of a field here."""
        if self.source is self.description.source:
            return self.description.ref(name)
        return self.description.field(name).ref(self.source)

    def through(self, relation: Relation[Any]) -> Place:
        """Go through a relation to one record, by a join."""
        hop = relation.hop(self.source, alias_for(self.source, relation.name))
        is_outer = relation.is_optional or any(join.is_outer for join in self.joins)
        source = JoinedSource(hop.target.table, hop.target.alias, hop.target.root)
        source.joins = (*self.joins, Join(source, hop.condition, is_outer))
        return Place(relation.target, source, source.joins)


def split_path(path: str, separator: str = ".") -> list[str]:
    """Split a path into names; both `author.name` and `author__name` are paths.

    Raises:
        UnknownName: it is longer than any sensible path.
    """
    parts = path.split(separator) if separator in path else path.split("__")
    if len(parts) > MAX_STEPS + 4:
        raise unknown_name(path, "The model", [], "path")
    return parts


def place_of(start: Place, parts: Sequence[str]) -> tuple[Place, int]:
    """Follow relations to one record as far as they go; give the place and how many parts led there."""
    place, used = start, 0
    for name in parts:
        relation = place.description.relations.get(name)
        if relation is None or relation.is_to_many or used >= MAX_STEPS:
            break
        place, used = place.through(relation), used + 1
    return place, used


def condition_at(start: Place, parts: Sequence[str], build: Build) -> tuple[Condition, tuple[Join, ...]]:
    """Make a condition on the field at the end of a path; give it with the joins that it needs.

    `build` gets the field's expression and its place, where the rest of the parts is
    known to it. A path that ends at a relation means the key that it leads to.

    Raises:
        UnknownName: a part of the path is nothing that the model has.
    """
    place, used = place_of(start, parts)
    rest = parts[used:]
    if not rest:
        # `author=user` compares the foreign key itself and needs no join for the last step.
        before, _ = place_of(start, parts[: used - 1])
        local = before.description.relations[parts[used - 1]].local_name
        if local:
            return build(before.ref(local), before), before.joins
        return build(place.ref(place.description.key_name), place), place.joins
    name = rest[0]
    relation = place.description.relations.get(name)
    if relation is not None and relation.is_to_many:
        inner = rest[1:] or ["pk"]
        return linked_exists(place, relation, lambda there: condition_at(there, inner, build)), place.joins
    if len(rest) > 1:
        raise no_single_value(place, rest)
    if used and name in ("pk", place.description.key[0]) and len(place.description.key) == 1:
        before, _ = place_of(start, parts[: used - 1])
        local = before.description.relations[parts[used - 1]].local_name
        if local:
            return build(before.ref(local), before), before.joins
    return build(place.ref(place.description.field(name).name), place), place.joins


def no_single_value(place: Place, rest: Sequence[str], annotations: Iterable[str] = ()) -> UnknownName:
    """Say why the rest of a path, from a place on, is no field."""
    name, owner = rest[0], place.description
    relation = owner.relations.get(name)
    if relation is not None and relation.is_to_many:
        return UnknownName(
            f"The path {'.'.join(rest)!r} of {owner.name} leads to many records and has no single value.",
            fix="Use an aggregate, such as Max.",
        )
    if len(rest) > 1 and owner.has_field(name):
        return UnknownName(
            f"The field {name!r} of {owner.name} has no part {rest[1]!r}.",
            fix=f"Give a field, or a path through relations that ends at one: {name!r}.",
        )
    return unknown_name(name, owner.name, [*owner.fields, *owner.relations, *annotations])


def to_many_part(description: Description, parts: Sequence[str]) -> list[str]:
    """Give the parts of a path up to its first relation to many, none where it has none."""
    for place, name in enumerate(parts[:MAX_STEPS]):
        relation = description.relations.get(name)
        if relation is None or not relation.has_one_target:
            return []
        if relation.is_to_many:
            return list(parts[: place + 1])
        description = relation.target
    return []


def linked_exists(place: Place, relation: Relation[Any], make: MakeCondition | None) -> Condition:
    """Make EXISTS of the relation's rows; `make` says what one of them must meet, from its place."""
    hop = relation.hop(place.source, alias_for(place.source, relation.name))
    inner = Place(relation.target, hop.target, ())
    condition: Condition = Constant(True)
    joins: tuple[Join, ...] = ()
    if make is not None:
        condition, joins = make(inner)
    key = relation.target.field(relation.target.key[0]).ref(hop.target)
    scope = relation.target.scope_conditions(inner)
    where = all_of([hop.condition, *scope, *([] if isinstance(condition, Constant) else [condition])])
    return Exists(
        Select(hop.target, (Output(key),), joins=(*hop.pivots, *joins), where=where, outer=(place.source,))
    )


def joins_of(expression: Any) -> dict[Any, Join]:
    """Find the joins that an expression needs, by the keys of their sources, in order."""
    found: dict[Any, Join] = {}
    _collect(expression, found)
    return found


def _collect(node: Any, found: dict[Any, Join]) -> None:
    if isinstance(node, FieldRef):
        source = node.source
        if isinstance(source, JoinedSource):
            for join in source.joins:
                found.setdefault(join.source.key, join)
    elif isinstance(node, Subquery):
        for join in node.outer_joins:
            found.setdefault(join.source.key, join)
    elif isinstance(node, Expression):
        for name in node.__struct_fields__:
            _collect(getattr(node, name), found)
    elif isinstance(node, tuple):
        for part in node:
            _collect(part, found)


class RelationPath:
    """A relation on the class of a model: `Post.author == user`, `Post.author.name == "Ada"`.

    Its attributes are the fields and relations of the target. A condition at the end
    of a path through a relation to many holds when one of its records meets it.
    """

    def __init__(self, description: Description, parts: tuple[str, ...], relation: Relation[Any]) -> None:
        self._description = description
        self._parts = parts
        self._relation = relation

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        target = self._relation.target
        inner = target.relations.get(name)
        if inner is not None:
            return RelationPath(self._description, (*self._parts, name), inner)
        target.field(name)
        return PathField(self._description, (*self._parts, name))

    def __eq__(self, other: object) -> Condition:  # type: ignore[override]
        return self._condition(lambda ref, _: ref == key_of(other))

    def __ne__(self, other: object) -> Condition:  # type: ignore[override]
        return self._condition(lambda ref, _: ref != key_of(other))

    __hash__ = object.__hash__

    def in_(self, values: Iterable[Any]) -> Condition:
        """Lead to one of these records."""
        keys = [key_of(value) for value in values]
        return self._condition(lambda ref, _: ref.in_(keys))

    def is_null(self) -> Condition:
        """Lead to no record."""
        return ~self.exists() if self._relation.is_to_many else self._condition(lambda ref, _: ref.is_null())

    def is_not_null(self) -> Condition:
        """Lead to a record."""
        return (
            self.exists() if self._relation.is_to_many else self._condition(lambda ref, _: ref.is_not_null())
        )

    def exists(self) -> Condition:
        """Lead to one record at least."""
        return self._condition(lambda ref, _: ref.is_not_null())

    def _condition(self, build: Build) -> Condition:
        description = self._description
        return condition_at(Place(description, description.source), self._parts, build)[0]

    def __repr__(self) -> str:
        return f"<path {self._description.name}.{'.'.join(self._parts)}>"


class PathField:
    """A field at the end of a path, with the operators of a field."""

    def __init__(self, description: Description, parts: tuple[str, ...]) -> None:
        self._description = description
        self._parts = parts

    def expression(self) -> FieldRef:
        """Give the field's expression, for an order or an annotation.

        Raises:
            UsageError: the path leads to many records, of which no one value is meant.
        """
        start = Place(self._description, self._description.source)
        place, used = place_of(start, self._parts[:-1])
        if used != len(self._parts) - 1:
            raise UsageError(
                f"The path {'.'.join(self._parts)} leads to many records and has no single value.",
                fix="Use an aggregate, such as Max.",
            )
        return place.ref(self._parts[-1])

    def condition(self, build: Callable[[FieldRef], Condition]) -> Condition:
        """Give the condition that `build` makes of the field, as it is said of the path's beginning."""
        start = Place(self._description, self._description.source)
        return condition_at(start, self._parts, lambda ref, _: build(ref))[0]

    def __eq__(self, other: object) -> Condition:  # type: ignore[override]
        return self.condition(lambda ref: ref == other)

    def __ne__(self, other: object) -> Condition:  # type: ignore[override]
        return self.condition(lambda ref: ref != other)

    __hash__ = object.__hash__

    def __lt__(self, other: Any) -> Condition:
        return self.condition(lambda ref: ref < other)

    def __le__(self, other: Any) -> Condition:
        return self.condition(lambda ref: ref <= other)

    def __gt__(self, other: Any) -> Condition:
        return self.condition(lambda ref: ref > other)

    def __ge__(self, other: Any) -> Condition:
        return self.condition(lambda ref: ref >= other)

    def __getattr__(self, name: str) -> Any:
        """Give a method of a field that makes a condition: in_, like, contains, between and the others."""
        if name.startswith("__") or not hasattr(FieldRef, name):
            raise AttributeError(name)
        if name in ("asc", "desc"):
            return getattr(self.expression(), name)
        return lambda *args, **named: self.condition(lambda ref: getattr(ref, name)(*args, **named))


def key_of(value: Any) -> Any:
    """Give the key of a record, or the value itself."""
    description = getattr(value, "__description__", None)
    return value.pk if description is not None and not isinstance(value, type) else value
