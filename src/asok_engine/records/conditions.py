"""Conditions of names and values: `author__name="Ada"`, or a field, an operator and a value.

Names are found from a place on, among its fields, relations and annotations; one that
is nothing there is an `UnknownName`, and a value that a field cannot have is told with
the name as it was asked for. A query knows no more of this than the result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from asok_engine.records.description import Description
from asok_engine.records.errors import FieldProblem, RefusedValue, unknown_name
from asok_engine.records.fields.field import FieldRef
from asok_engine.records.lookups import apply_lookups, by_operator, is_true
from asok_engine.records.paths import (
    PathField,
    Place,
    condition_at,
    joins_of,
    linked_exists,
    place_of,
    split_path,
    to_many_part,
)
from asok_engine.sql.expressions import Condition, Expression, all_of
from asok_engine.sql.select import Join

__all__ = ["comparison", "condition_of"]


def condition_of(
    start: Place,
    annotations: Mapping[str, Expression],
    lookups: Mapping[str, Any],
    joins: dict[Any, Join] | None = None,
) -> Condition:
    """Make a condition of lookups about the records of a place; the joins that it needs are added to `joins`.

    Lookups about one relation to many, given together, must be met by one of its records.
    """
    parts: list[Condition] = []
    shared: dict[tuple[str, ...], list[tuple[list[str], Any]]] = {}
    for name, value in lookups.items():
        words = split_path(name)
        if words[0] in annotations:
            parts.append(_annotated(annotations[words[0]], words, value))
            continue
        many = to_many_part(start.description, words)
        if words[len(many) :] == ["isnull"]:
            many = []
        shared.setdefault(tuple(many), []).append((words, value))
    for many_words, members in shared.items():
        if many_words and len(members) > 1:
            made = [_of_one_record(start, many_words, members)]
        else:
            made = [_lookup(start, words, value) for words, value in members]
        for condition, needed in made:
            parts.append(condition)
            if joins is not None:
                joins |= {join.source.key: join for join in needed}
    return all_of(parts)


def _annotated(expression: Expression, words: Sequence[str], value: Any) -> Condition:
    lookup = words[1] if len(words) > 1 else "exact"
    from_names = {"exact": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "in": "IN", "ne": "!="}
    if len(words) > 2 or lookup not in from_names:
        raise unknown_name(words[-1], f"The annotation {words[0]!r}", from_names, "lookup")
    return by_operator(expression, from_names[lookup], value)


def comparison(
    start: Place, annotations: Mapping[str, Expression], name: Any, operator: str, value: Any
) -> tuple[Condition, dict[Any, Join]]:
    """Make the condition that a field compares so, with the joins that it needs.

    `name` is a field, a path, an annotation or an expression.
    """
    if isinstance(name, PathField):
        found = _told(repr(name), lambda: name.condition(lambda ref: by_operator(ref, operator, value)))
        return found, joins_of(found)
    if isinstance(name, Expression):
        found = _told(str(getattr(name, "name", name)), lambda: by_operator(name, operator, value))
        return found, joins_of(found)
    annotation = annotations.get(name)
    if annotation is not None:
        return by_operator(annotation, operator, value), {}
    words = split_path(name)

    def build(ref: FieldRef, _: Place) -> Condition:
        return _told(name, lambda: by_operator(ref, operator, value))

    condition, joins = condition_at(start, words, build)
    return condition, {join.source.key: join for join in joins}


def _lookup(start: Place, words: Sequence[str], value: Any) -> tuple[Condition, tuple[Join, ...]]:
    """Make a condition of the words of one lookup; those behind the field's name are lookups."""
    path = _relation_part(start.description, words)
    rest = words[len(path) :]
    description = start.description
    for name in path:
        description = description.relations[name].target
    field = [rest[0]] if rest and description.has_field(rest[0]) else []
    lookups = rest[len(field) :]
    if not path and not field:
        raise unknown_name(words[0], description.name, [*description.fields, *description.relations])
    name = "__".join(words)
    if path and not field and lookups == ["isnull"] and _leads_to_many(start.description, path):
        found, joins = condition_at(start, path, lambda ref, _: ref.is_not_null())
        return (~found if is_true(value) else found), joins

    def build(ref: FieldRef, _: Place) -> Condition:
        if path and not field and lookups and lookups[0] not in ("in", "isnull", "exact", "ne"):
            raise unknown_name(lookups[0], description.name, [*description.fields, *description.relations])
        return _told(name, lambda: apply_lookups(ref, lookups, value))

    return condition_at(start, [*path, *field], build)


def _of_one_record(
    start: Place, many: Sequence[str], members: Sequence[tuple[Sequence[str], Any]]
) -> tuple[Condition, tuple[Join, ...]]:
    """Make the condition that one record of a relation to many meets all these lookups."""
    place, used = place_of(start, many)
    relation = place.description.relations[many[used]]

    def make(there: Place) -> tuple[Condition, tuple[Join, ...]]:
        parts: list[Condition] = []
        joins: dict[Any, Join] = {}
        for words, value in members:
            rest = words[len(many) :]
            if not rest or not (
                there.description.has_field(rest[0]) or rest[0] in there.description.relations
            ):
                rest = ["pk", *rest]
            condition, needed = _lookup(there, rest, value)
            parts.append(condition)
            joins |= {join.source.key: join for join in needed}
        return all_of(parts), tuple(joins.values())

    return linked_exists(place, relation, make), place.joins


def _leads_to_many(description: Description, path: Sequence[str]) -> bool:
    for name in path:
        relation = description.relations[name]
        if relation.is_to_many:
            return True
        description = relation.target
    return False


def _relation_part(description: Description, words: Sequence[str]) -> list[str]:
    path: list[str] = []
    for word in words:
        relation = description.relations.get(word)
        if relation is None:
            break
        path.append(word)
        description = relation.target
    return path


def _told(name: str, make: Callable[[], Condition]) -> Condition:
    """Make a condition; a value that the field cannot have is the client's fault, and told with the name."""
    try:
        return make()
    except FieldProblem as problem:
        raise RefusedValue(name, problem) from problem
    except RefusedValue as refused:
        # The name as it was asked for: a path, where the field knows only its own.
        raise RefusedValue(name, refused.problem) from refused.problem
