"""Signals of models: functions that hear of saves and deletions, as `@post_save(Post)`.

A receiver is plain or async and gets `sender`, `instance` and, for saves, `created`. It
runs inside the transaction of the deed, and what it raises stops the deed. A `Signal`
of one's own is sent with `await published.send(Post, instance=post)`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from asok_engine.database.running import run_async
from asok_engine.records import signals

__all__ = ["Signal", "post_delete", "post_save", "pre_delete", "pre_save"]

Receiver = TypeVar("Receiver", bound=Callable[..., Any])


class Signal:
    """Something that functions may want to hear of; usable as a decorator: `@post_save(Post)`."""

    def __init__(self, name: str, event: signals.Signal | None = None) -> None:
        self.name = name
        self._event = signals.Signal(name) if event is None else event

    def __call__(self, *senders: type) -> Callable[[Receiver], Receiver]:
        """Connect the decorated function for these models, for all without any."""
        return self._event(*senders)

    def connect(self, receiver: Receiver, sender: type | None = None) -> Receiver:
        """Call a function for a model and its subclasses, or for all; a bound method is held weakly."""
        return self._event.connect(receiver, sender)

    def disconnect(self, receiver: Callable[..., Any], sender: type | None = None) -> bool:
        """Stop calling a function for this sender; tell whether it was connected."""
        return self._event.disconnect(receiver, sender)

    def receivers(self, sender: type) -> list[Callable[..., Any]]:
        """Give the functions that want to hear of this model."""
        return self._event.receivers(sender)

    async def send(self, sender: type, **arguments: Any) -> None:
        """Call every receiver for this sender, one after the other; what one raises goes on to the caller."""
        await run_async(self._event.send(sender, **arguments))

    def __repr__(self) -> str:
        return repr(self._event)


pre_save = Signal("pre_save", signals.pre_save)
post_save = Signal("post_save", signals.post_save)
pre_delete = Signal("pre_delete", signals.pre_delete)
post_delete = Signal("post_delete", signals.post_delete)
