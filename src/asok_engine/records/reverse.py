"""The way back of a relation that names one: `related_name` on a foreign key or a many-to-many.

The target may not exist yet when the relation is declared; the way back is added
when both do. A name that the target has already is left to it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import ref

from asok_engine.errors import SetupError
from asok_engine.records.fields.reference import ForeignKey
from asok_engine.records.registry import full_name, registry
from asok_engine.records.relations.has import HasMany, HasOne
from asok_engine.records.relations.many_to_many import ManyToMany
from asok_engine.records.relations.relation import Relation, resolve_target

if TYPE_CHECKING:
    from asok_engine.records.record import Record

__all__ = ["add_ways_back"]


def add_ways_back(model: type[Record]) -> None:
    """Give the targets of a model's relations the relations that lead back to it."""
    description = model.__description__
    if description.is_abstract:
        return
    for field in description.fields.values():
        if isinstance(field, ForeignKey) and field.related_name not in ("", "+"):
            make = partial(_back_of_key, name=field.name)
            _when_known(model, field.target_given, field.related_name, make)
    for relation in description.relations.values():
        if isinstance(relation, ManyToMany) and relation.related_name not in ("", "+"):
            make = partial(_back_of_pivot, name=relation.name)
            _when_known(model, relation.target_given, relation.related_name, make)


def _back_of_key(model: type[Record], name: str) -> Relation[Any]:
    description = model.__description__
    field = description.fields[name]
    assert isinstance(field, ForeignKey)
    is_alone = field.unique or description.key == (name,)
    kind: Any = HasOne if is_alone else HasMany
    back: Relation[Any] = kind(model, name, field.to_field)
    return back


def _back_of_pivot(model: type[Record], name: str) -> Relation[Any]:
    relation = model.__description__.relations[name]
    assert isinstance(relation, ManyToMany)
    return relation.turned()


def _when_known(
    model: type[Record], target: Any, name: str, make: Callable[[type[Record]], Relation[Any]]
) -> None:
    # Held weakly: a model that nobody uses waits for no other.
    held = ref(model)

    def settle() -> bool:
        asking = held()
        if asking is None:
            return True
        if isinstance(target, str) and target != "self":
            found = registry.lookup(target, asking)
            if found is None:
                return False
        else:
            found = resolve_target(target, asking)
        _attach(asking, found, name.replace("%(class)s", asking.__name__.lower()), make(asking))
        return True

    registry.when_known(settle)


def _attach(model: type[Record], target: type[Record], name: str, back: Relation[Any]) -> None:
    description = target.__description__
    there = description.relations.get(name)
    # A module that is loaded again brings its models anew; the way back leads to the latest ones.
    is_again = (
        there is not None
        and there.is_way_back
        and there.target.model is not model
        and full_name(there.target.model) == full_name(model)
    )
    if name in description.fields or (there is not None and there.is_way_back and not is_again):
        raise SetupError(
            f"Two relations want to lead back from {target.__name__} as {name!r}.",
            fix=f"Give the one of {model.__name__} another related_name.",
        )
    if there is not None and not is_again:
        return
    back.__set_name__(target, name)
    back.is_way_back = True
    setattr(target, name, back)
    description.relations[name] = back.bound_to(target)
