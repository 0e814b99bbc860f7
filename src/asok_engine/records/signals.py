"""Signals of models: functions that want to hear of saves and deletions, for all models or one.

A receiver is called as `receiver(sender, instance=record, **more)`, plain or async;
inside the same transaction, in the order in which receivers were connected. What it
raises stops the deed. Nobody listening costs one look at an empty tuple. The hooks
that a model defines as methods come before its receivers.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any, TypeVar

from asok_engine.records.steps import Call, Plan

__all__ = ["Signal", "post_delete", "post_save", "pre_delete", "pre_save"]

Receiver = TypeVar("Receiver", bound=Callable[..., Any])


class Signal:
    """One event in the life of records; usable as a decorator: `@post_save.connect` or `@post_save(Post)`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._receivers: tuple[tuple[type | None, Callable[[], Callable[..., Any] | None]], ...] = ()

    def __call__(self, *senders: type) -> Callable[[Receiver], Receiver]:
        """Connect the decorated function for these models, for all without any."""

        def connect(receiver: Receiver) -> Receiver:
            for sender in senders or (None,):
                self.connect(receiver, sender)
            return receiver

        return connect

    def connect(self, receiver: Receiver, sender: type | None = None) -> Receiver:
        """Call a function for a model and its subclasses, or for all; a bound method is held weakly."""
        held: Callable[[], Callable[..., Any] | None]
        if hasattr(receiver, "__self__") and hasattr(receiver, "__func__"):
            held = weakref.WeakMethod(receiver)
        else:
            held = _Strong(receiver)
        self.disconnect(receiver, sender)
        self._receivers = (*self._receivers, (sender, held))
        return receiver

    def disconnect(self, receiver: Callable[..., Any], sender: type | None = None) -> bool:
        """Stop calling a function for this sender; tell whether it was connected."""
        kept = tuple(each for each in self._receivers if each[0] is not sender or each[1]() != receiver)
        was_connected = len(kept) != len(self._receivers)
        self._receivers = kept
        return was_connected

    def receivers(self, sender: type) -> list[Callable[..., Any]]:
        """Give the functions that want to hear of this model."""
        found = []
        for wanted, held in self._receivers:
            if wanted is None or issubclass(sender, wanted):
                receiver = held()
                if receiver is not None:
                    found.append(receiver)
        return found

    def send(self, sender: type, **arguments: Any) -> Plan[None]:
        """Call every receiver of this model, in order."""
        for receiver in self.receivers(sender):
            yield Call(_Bound(receiver, sender, arguments))

    def __bool__(self) -> bool:
        return bool(self._receivers)

    def __repr__(self) -> str:
        return f"<Signal {self.name}, {len(self._receivers)} receivers>"


class _Strong:
    """Holds a function as a weak reference would, and for ever."""

    __slots__ = ("receiver",)

    def __init__(self, receiver: Callable[..., Any]) -> None:
        self.receiver = receiver

    def __call__(self) -> Callable[..., Any]:
        return self.receiver


class _Bound:
    """A receiver with its arguments; a step takes none by name."""

    __slots__ = ("arguments", "receiver", "sender")

    def __init__(self, receiver: Callable[..., Any], sender: type, arguments: dict[str, Any]) -> None:
        self.receiver, self.sender, self.arguments = receiver, sender, arguments

    def __call__(self) -> Any:
        return self.receiver(self.sender, **self.arguments)


pre_save = Signal("pre_save")
post_save = Signal("post_save")
pre_delete = Signal("pre_delete")
post_delete = Signal("post_delete")
