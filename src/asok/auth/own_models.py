"""Finds the project's own model of what the framework keeps for people: passkeys, identities.

The framework brings an abstract model, the project a class that inherits from it in
`src/models`, so that its table is migrated like any other and may have more fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from asok_engine.errors import SetupError
from asok_engine.records.fields.reference import ForeignKey
from asok_engine.records.record import Record

__all__ = ["has_own_model", "models_about", "own_model"]

R = TypeVar("R", bound=Record)


def own_model(models: Mapping[str, type[Any]], base: type[R], people: type[Record]) -> type[R]:
    """Give the one model of an application that inherits from `base` and whose `user_id` names `people`.

    Raises:
        SetupError: there is none, there are several, or it belongs to another model.
    """
    name = base.__name__
    found = _inheriting(models, base)
    if not found:
        raise SetupError(
            f"This needs a model that inherits from asok.auth.{name}, and the application has none.",
            fix=f"Write in src/models/{name.lower()}.py: from asok import auth, then "
            f"class {name}(auth.{name}): pass. Then run: asok make migration, asok migrate",
        )
    if len(found) > 1:
        names = " and ".join(sorted(model.__name__ for model in found))
        raise SetupError(f"{names} inherit from asok.auth.{name}; an application has one.", fix="Keep one.")
    if not _is_about(found[0], people):
        raise SetupError(
            f"{found[0].__name__} does not belong to {people.__name__}, the model of AUTH_MODEL.",
            fix=f'Write in it: user_id = Field.ForeignKey("{people.__name__}")',
        )
    return found[0]


def has_own_model(models: Mapping[str, type[Any]], base: type[R]) -> bool:
    """Tell whether an application has a model that inherits from `base`."""
    return bool(_inheriting(models, base))


def models_about(models: Mapping[str, type[Any]], base: type[R], people: type[Record]) -> list[type[R]]:
    """Give the models of an application that inherit from `base` and whose `user_id` names `people`."""
    return [model for model in _inheriting(models, base) if _is_about(model, people)]


def _is_about(model: type[Record], people: type[Record]) -> bool:
    owner = model.__description__.fields["user_id"]
    return isinstance(owner, ForeignKey) and owner.target is people


def _inheriting(models: Mapping[str, type[Any]], base: type[R]) -> list[type[R]]:
    return [
        model
        for model in models.values()
        if issubclass(model, base) and not model.__description__.is_abstract
    ]
