"""The applications of this process, so that what belongs to one can find it by itself.

Most projects have exactly one application. Things that are made beside it, such as a
WebSocket server, belong to that one without being told; where there are several they
have to be told.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from asok_engine.errors import UsageError

if TYPE_CHECKING:
    from asok.app import Asok

__all__ = ["Belongings", "FirstUse", "the_application"]

_applications: weakref.WeakSet[Asok] = weakref.WeakSet()


def register(app: Asok) -> None:
    """Make an application findable, as long as it lives."""
    _applications.add(app)


def the_application(wanted_by: str) -> Asok | None:
    """Give the one application of this process; None when there is none yet.

    Raises UsageError when there are several.
    """
    found = list(_applications)
    if len(found) > 1:
        raise UsageError(
            f"{wanted_by} does not know which of {len(found)} applications it belongs to.",
            fix="Say it: app=app.",
        )
    return found[0] if found else None


class Belongings:
    """Things that were made before the application that they belong to."""

    def __init__(self) -> None:
        self._waiting: list[Any] = []

    def wait(self, thing: Any) -> None:
        """Keep a thing until an application asks for it."""
        self._waiting.append(thing)

    def take(self) -> list[Any]:
        """Give everything that waits, once."""
        taken, self._waiting = self._waiting, []
        return taken


class FirstUse:
    """The moment from which on a process needs something that many never need."""

    def __init__(self) -> None:
        self._has_begun = False
        self._prepare: weakref.WeakMethod[Callable[[], None]] | None = None

    def prepare_with(self, method: Callable[[], None]) -> None:
        """Call a bound method at the first use, or now where that is over; the last one given counts.

        The object of the method is not kept alive by this.
        """
        self._prepare = weakref.WeakMethod(method)
        if self._has_begun:
            self.begin()

    def begin(self) -> None:
        """Say that it is used now."""
        self._has_begun = True
        method = None if self._prepare is None else self._prepare()
        self._prepare = None
        if method is not None:
            method()


#: WebSocket servers that were made before their application.
waiting_sockets = Belongings()
#: Models: begins when `Model` is imported.
models_in_use = FirstUse()
