"""The models of this process by name, as a mapping that follows what is declared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from asok_engine.errors import SetupError
from asok_engine.records.record import Record
from asok_engine.records.registry import registry

__all__ = ["MODELS_REGISTRY"]


class _Models(Mapping[str, type[Record]]):
    """Name to model; of several models with one name, a look-up tells that it is ambiguous."""

    def __getitem__(self, name: str) -> type[Record]:
        """Give a model by its short or its full name.

        Raises:
            KeyError: there is none, or there are several.
        """
        try:
            return registry.get(name)
        except SetupError as error:
            raise KeyError(error.message) from error

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(model.__name__ for model in registry.models()))

    def __len__(self) -> int:
        return len(set(self))

    def __repr__(self) -> str:
        return f"<models: {', '.join(sorted(self))}>"


#: All models that have a table.
MODELS_REGISTRY: Final[Mapping[str, type[Record]]] = _Models()
