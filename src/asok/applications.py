"""The applications of this process, so that what belongs to one can find it by itself.

Most projects have exactly one application. Things that are made beside it, such as a
WebSocket server, belong to that one without being told; where there are several they
have to be told.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from asok_engine.errors import UsageError

if TYPE_CHECKING:
    from asok.app import Asok

__all__ = ["Belongings", "the_application"]

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


#: WebSocket servers that were made before their application.
waiting_sockets = Belongings()
