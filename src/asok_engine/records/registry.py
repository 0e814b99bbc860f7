"""Every model that exists in this process, by its full name and by short ones.

The full name of a model is its module and its qualified name. A short name is
enough where it means one model: one beside the asking model, one in its module, or
the only one of that name. Models are held weakly, so a model that nobody uses goes.
"""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary, ref

from asok_engine.errors import SetupError

if TYPE_CHECKING:
    from asok_engine.records.record import Record

__all__ = ["Registry", "registry"]

Settle = Callable[[], bool]


class Registry:
    """Models by name; a process has one, `registry`."""

    def __init__(self) -> None:
        self._models: WeakValueDictionary[str, type[Record]] = WeakValueDictionary()
        self._waiting: list[Settle] = []
        #: Counts the models; what was worked out from all of them holds while it stays.
        self.generation = 0
        #: What short names have meant since the last model was made.
        self._found: dict[tuple[str, str], ref[type[Record]]] = {}
        self._found_at = 0
        self._by_table: tuple[int, dict[str, ref[type[Record]]]] | None = None

    def add(self, model: type[Record]) -> None:
        """Enter a model; a later one of the same full name takes its place."""
        self._models[full_name(model)] = model
        self.generation += 1
        self.settle()

    def remove(self, model: type[Record]) -> None:
        """Forget a model whose module is no more; its class stays what it is for whoever holds it."""
        if self._models.get(full_name(model)) is model:
            del self._models[full_name(model)]
            self.generation += 1

    def models(self) -> list[type[Record]]:
        """Give every model that has a table, in the order in which they were made."""
        return [model for model in list(self._models.values()) if not model.__description__.is_abstract]

    def of_table(self, name: str) -> type[Record] | None:
        """Give the model whose records a table holds; None when it is no model's."""
        if self._by_table is None or self._by_table[0] != self.generation:
            found = {model.__description__.table_name: ref(model) for model in self.models()}
            self._by_table = (self.generation, found)
        held = self._by_table[1].get(name)
        return held() if held is not None else None

    def when_known(self, settle: Settle) -> None:
        """Call `settle` now and after each new model until it returns True."""
        if not settle():
            self._waiting.append(settle)

    def settle(self) -> None:
        """Ask everyone who waits for a model again."""
        waiting, self._waiting = self._waiting, []
        self._waiting += [settle for settle in waiting if not settle()]

    def lookup(self, name: str, asking: type[Any] | None = None) -> type[Record] | None:
        """Give the model of this short or full name; None when there is none yet.

        Raises:
            SetupError: several models have this name and none is nearer than the others.
        """
        if name in self._models:
            return self._models[name]
        asker = full_name(asking) if asking is not None else ""
        if self._found_at != self.generation:
            self._found.clear()
            self._found_at = self.generation
        held = self._found.get((name, asker))
        known = held() if held is not None else None
        if known is not None:
            return known
        found = self._search(name, asking)
        if found is not None:
            self._found[name, asker] = ref(found)
        return found

    def _search(self, name: str, asking: type[Any] | None) -> type[Record] | None:
        found = [model for model in list(self._models.values()) if full_name(model).endswith(f".{name}")]
        if asking is not None and len(found) > 1:
            found = _nearest(found, asking, name)
        if len(found) > 1:
            names = ", ".join(sorted(map(full_name, found)))
            raise SetupError(f"The model name {name!r} is ambiguous: {names}.", fix="Give the full name.")
        return found[0] if found else None

    def get(self, name: str, asking: type[Any] | None = None) -> type[Record]:
        """Give the model of this name.

        Raises:
            SetupError: there is none, or several.
        """
        model = self.lookup(name, asking)
        if model is None:
            known = sorted({model.__name__ for model in self.models()})
            asks = f", which {asking.__name__} names" if asking is not None else ""
            near = get_close_matches(name, known, n=1)
            holder = self.of_table(name)
            if holder is not None:
                fix = f"It is the table of {holder.__name__}; write the name of the model."
            elif near:
                fix = f"Did you mean {near[0]!r}?"
            else:
                fix = "Import the module that defines it, or correct the name."
            raise SetupError(
                f"There is no model {name!r}{asks}; known are {', '.join(known) or 'none'}.", fix=fix
            )
        return model


def _nearest(found: list[type[Record]], asking: type[Any], name: str) -> list[type[Record]]:
    """Keep the models beside the asking one or in its module, or beside a base that it inherits from."""
    for base in asking.__mro__:
        scope = full_name(base).rpartition(".")[0]
        near = [model for model in found if full_name(model) == f"{scope}.{name}"]
        near = near or [model for model in found if model.__module__ == base.__module__]
        if near:
            return near
    return found


def full_name(model: type[Any]) -> str:
    """Give the name of a model that no other has."""
    return f"{model.__module__}.{model.__qualname__}"


#: The models of this process.
registry = Registry()
