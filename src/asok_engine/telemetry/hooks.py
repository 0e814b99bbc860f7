"""Every named hook of the framework; there are no others.

A hook tells whoever listens that something has happened. Receivers are plain
functions, called in the order in which they were connected, in the thread or task
of the sender. What a receiver raises is logged and stops neither the sender nor
the receivers after it. A hook that nobody listens to costs one truth test:
`if request_started: request_started.send(app, request=request)`.
"""

from __future__ import annotations

import inspect
import logging
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from asok_engine.errors import UsageError

__all__ = [
    "HOOKS",
    "Hook",
    "app_shutdown",
    "app_startup",
    "error_caught",
    "request_finished",
    "request_started",
    "statement_finished",
    "statements_counted",
]

Receiver = TypeVar("Receiver", bound=Callable[..., object])

_log = logging.getLogger("asok.hooks")
_lock = threading.Lock()


class Hook:
    """A named event that functions can listen to.

    `arguments` are the names that each `send` passes besides the sender; `meaning`
    is the sentence of the reference.
    """

    __slots__ = ("_receivers", "arguments", "meaning", "name")

    def __init__(self, name: str, arguments: tuple[str, ...], meaning: str) -> None:
        self.name = name
        self.arguments = arguments
        self.meaning = meaning
        # Replaced, never changed: a send walks the tuple that it began with.
        self._receivers: tuple[Callable[..., object], ...] = ()

    def connect(self, receiver: Receiver) -> Receiver:
        """Call `receiver(sender, **arguments)` at each send; usable as a decorator.

        Connecting a function twice calls it once.

        Raises:
            UsageError: the receiver is a coroutine function; nobody would await it.
        """
        if inspect.iscoroutinefunction(receiver):
            raise UsageError(
                f"The receiver {_named(receiver)} of hook {self.name} is async. "
                "Receivers are plain functions; start a task from a plain function instead."
            )
        with _lock:
            if receiver not in self._receivers:
                self._receivers = (*self._receivers, receiver)
        return receiver

    def disconnect(self, receiver: Callable[..., object]) -> bool:
        """Stop calling `receiver`; tell whether it was connected."""
        with _lock:
            kept = tuple(r for r in self._receivers if r != receiver)
            was_connected = len(kept) != len(self._receivers)
            self._receivers = kept
        return was_connected

    def send(self, sender: object, **arguments: Any) -> None:
        """Call every receiver; log what one raises and go on."""
        for receiver in self._receivers:
            try:
                receiver(sender, **arguments)
            except Exception:
                _log.exception("Receiver %s of hook %s failed.", _named(receiver), self.name)

    def __bool__(self) -> bool:
        return bool(self._receivers)

    def __repr__(self) -> str:
        return f"<Hook {self.name}({', '.join(self.arguments)}), {len(self._receivers)} receivers>"


def _named(receiver: Callable[..., object]) -> str:
    module = getattr(receiver, "__module__", "")
    name = getattr(receiver, "__qualname__", None) or repr(receiver)
    return f"{module}.{name}" if module else name


app_startup = Hook("app_startup", (), "The application has started in this process and will get requests.")
app_shutdown = Hook("app_shutdown", (), "The application gets no more requests in this process.")
request_started = Hook("request_started", ("request",), "A request came in; nothing has handled it yet.")
request_finished = Hook(
    "request_finished",
    ("request", "response", "seconds"),
    "A request was answered; `seconds` is the time that took.",
)
error_caught = Hook(
    "error_caught",
    ("error", "request", "error_id"),
    "An error that no one expected was logged under `error_id`; `request` is None outside of requests.",
)

statement_finished = Hook(
    "statement_finished",
    ("database", "text", "seconds", "error"),
    "A database has answered a statement, or refused it with `error`; `text` has no values in it.",
)

statements_counted = Hook(
    "statements_counted",
    ("request", "count", "seconds", "repeated"),
    "A request that ran statements was answered; `repeated` has (text, times) of rows loaded one by one.",
)

HOOKS = (
    app_startup,
    app_shutdown,
    request_started,
    request_finished,
    error_caught,
    statement_finished,
    statements_counted,
)
