"""`events`: functions that hear by name of what happens in this process, records' changes among it.

`events.on("model:Ticket:created")` hears of records once they are committed, whoever
made them in this process. Clients of all processes are the business of
`ws.announce` and `conn.follow`, which ask the policy; functions here are trusted code.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from typing import Any, TypeVar, overload

from asok_engine.errors import UsageError
from asok_engine.records.events import ModelEvent, model_events

__all__ = ["Events", "events"]

H = TypeVar("H", bound=Callable[..., Any])
KINDS = ("created", "updated", "deleted", "saved")
_log = logging.getLogger("asok.events")


class Events:
    """Functions by the name of what they want to hear of; a process has one, `events`.

    Names of models' events are `model:created`, `model:Ticket:created` and
    `model:Ticket:7:created`, with created, updated or deleted, or saved for created and updated.
    Their functions get a `ModelEvent`. Any other name is your own, for `emit`.
    """

    def __init__(self) -> None:
        self._functions: dict[str, tuple[Callable[..., Any], ...]] = {}

    @overload
    def on(self, name: str) -> Callable[[H], H]: ...

    @overload
    def on(self, name: str, function: H) -> H: ...

    def on(self, name: str, function: H | None = None) -> H | Callable[[H], H]:
        """Call a plain function at each event of a name; usable as a decorator.

        Raises:
            UsageError: the function is async, or the name is none of a model's event.
        """
        if function is None:
            return lambda decorated: self.on(name, decorated)
        if inspect.iscoroutinefunction(function):
            raise UsageError(
                f"events.on({name!r}) got the async function {function.__qualname__}; nothing awaits it.",
                fix="Write a plain function that starts what takes long.",
            )
        listened = _listened(name)
        self._functions[name] = (*self._functions.get(name, ()), function)
        if listened is not None:
            model_events.listen(self._happened, *listened)
        return function

    def off(self, name: str, function: Callable[..., Any] | None = None) -> None:
        """Call a function no more, or none of the name's without one."""
        kept = tuple(
            each for each in self._functions.get(name, ()) if function is not None and each != function
        )
        self._functions.pop(name, None)
        if kept:
            self._functions[name] = kept
        model_events.unlisten(self._happened)
        for other in self._functions:
            listened = _listened(other)
            if listened is not None:
                model_events.listen(self._happened, *listened)

    def emit(self, name: str, *arguments: Any, **named: Any) -> None:
        """Call every function of a name, in order; what one raises is logged and stops nobody."""
        for function in self._functions.get(name, ()):
            try:
                function(*arguments, **named)
            except Exception:
                _log.exception("%r failed at the event %s.", function, name)

    def _happened(self, event: ModelEvent) -> None:
        kinds = (event.kind,) if event.kind == "deleted" else (event.kind, "saved")
        model = event.model.__name__
        for kind in kinds:
            self.emit(f"model:{kind}", event)
            self.emit(f"model:{model}:{kind}", event)
            for key in event.keys:
                self.emit(f"model:{model}:{key}:{kind}", event)


def _listened(name: str) -> tuple[str, ...] | None:
    """Give the models that a name is about: none given for all of them, None for a name of one's own."""
    words = name.split(":")
    if words[0] != "model":
        return None
    if len(words) not in (2, 3, 4) or words[-1] not in KINDS or "" in words:
        raise UsageError(
            f"There is no event {name!r} of a model.",
            fix=f"Write model:Ticket:created, with one of {', '.join(KINDS)}.",
        )
    return (words[1],) if len(words) > 2 else ()


#: The events of this process.
events = Events()
