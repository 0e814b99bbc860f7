"""Tells whoever asked what has happened to the rows of a model, once it is committed.

The plans that write say so in one line each: `if model_events: yield from
model_events.tell(...)`. Nobody listening costs that look; nothing is read, made or
kept. An event has keys and names and no values: whoever passes it on reads the row
again, under the rights of whom it tells. What a statement of one's own or another
program writes is not told, and neither are the rows of a many-to-many relation.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from msgspec import Struct

from asok_engine.records.steps import AfterCommit, Plan

if TYPE_CHECKING:
    from asok_engine.records.description import Description
    from asok_engine.records.record import Record

__all__ = ["EventKind", "ModelEvent", "ModelEvents", "model_events"]

EventKind = Literal["created", "updated", "deleted"]
Listener = TypeVar("Listener", bound="Callable[[ModelEvent], None]")
_log = logging.getLogger("asok.events")


class ModelEvent(Struct, frozen=True):
    """What has happened to rows of one model, in one deed."""

    model: type[Record]
    kind: EventKind
    #: The keys of the rows; empty when it is not known which.
    keys: tuple[Any, ...]
    #: The fields that have changed, as far as that is known; empty for rows that came or went.
    names: tuple[str, ...] = ()
    database: str = "default"


class ModelEvents:
    """Who listens to which models; a process has one, `model_events`."""

    def __init__(self) -> None:
        # Replaced, never changed: a deed walks the tuple that it began with.
        self._listeners: tuple[tuple[type | str | None, Callable[[ModelEvent], None]], ...] = ()

    def listen(self, listener: Listener, *models: type | str) -> Listener:
        """Call a plain function for the events of these models and their subclasses, of all without any.

        The name of a class stands for every model that is called so.
        It is called after the commit, by whoever committed. What it raises is logged.
        """
        added = [(model, listener) for model in (models or (None,))]
        self._listeners = (*self._listeners, *(each for each in added if each not in self._listeners))
        return listener

    def unlisten(self, listener: Callable[[ModelEvent], None]) -> None:
        """Call a function no more, whatever it listened to."""
        self._listeners = tuple(each for each in self._listeners if each[1] != listener)

    def wants(self, model: type) -> bool:
        """Tell whether anybody listens to a model."""
        return any(_is_of(model, wanted) for wanted, _ in self._listeners)

    def tell(
        self,
        description: Description,
        kind: EventKind,
        keys: Iterable[Any],
        names: Iterable[str] = (),
        database: str = "",
    ) -> Plan[None]:
        """Have an event told when the open transaction has committed; at once where none is open."""
        model = description.model
        if self.wants(model):
            event = ModelEvent(model, kind, tuple(keys), tuple(names), database or description.database)
            yield AfterCommit(lambda: self.happened(event), event.database)

    def happened(self, event: ModelEvent) -> None:
        """Call everybody who listens."""
        told = [listener for wanted, listener in self._listeners if _is_of(event.model, wanted)]
        for listener in dict.fromkeys(told):
            try:
                listener(event)
            except Exception:
                # The deed is done and committed: nobody who only hears of it may make it fail.
                _log.exception("A listener to %s failed.", event.model.__name__)

    def __bool__(self) -> bool:
        return bool(self._listeners)


def _is_of(model: type, wanted: type | str | None) -> bool:
    if isinstance(wanted, str):
        return model.__name__ == wanted
    return wanted is None or issubclass(model, wanted)


#: The events of this process.
model_events = ModelEvents()
