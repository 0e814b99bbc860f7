"""Messages for the next page: "Saved.", after a redirect.

They wait in the visitor's session, each under a key of its own, so that two requests
that leave one at the same time lose none. Reading takes them away.
"""

from __future__ import annotations

import secrets
import time
from typing import NamedTuple

from asok_engine.backends.sessions.session import Session

__all__ = ["CATEGORIES", "Flashed", "leave", "take"]

#: Words that are a category whichever way round a message and its category are given.
CATEGORIES = frozenset(
    {"danger", "debug", "error", "info", "message", "notice", "primary", "secondary", "success", "warning"}
)
DEFAULT_CATEGORY = "message"
PREFIX = "flash:"


class Flashed(NamedTuple):
    """One message: unpacks as category and message."""

    category: str
    message: str


def leave(session: Session, first: str, second: str | None = None) -> None:
    """Leave a message: `(message)`, `(category, message)`, or the two the other way round."""
    if second is None:
        category, message = DEFAULT_CATEGORY, first
    elif second in CATEGORIES and first not in CATEGORIES:
        category, message = second, first
    else:
        category, message = first, second
    # Sorted by name they are in the order in which they were left.
    name = f"{PREFIX}{time.time_ns():020}{secrets.token_hex(2)}"
    session.own[name] = [str(category), str(message)]


def take(session: Session) -> list[Flashed]:
    """Give the messages that wait, the first one first, and take them out of the session."""
    names = sorted(name for name in session.own if name.startswith(PREFIX))
    found = [session.own.pop(name) for name in names]
    return [Flashed(*map(str, item)) for item in found if isinstance(item, list) and len(item) == 2]
