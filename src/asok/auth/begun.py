"""What a visitor has begun here and comes back to finish: kept in their session, good once, for some minutes.

A few of a kind wait beside each other, for the tabs of one visitor; the oldest gives way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from asok_engine.backends.sessions.session import Session
from asok_engine.security.keys import equal

__all__ = ["Begun"]

#: Tabs of one visitor that may be on their way at the same time.
MOST_WAITING: Final = 4


class Begun:
    """Things of one kind, kept in sessions under `name` for `seconds`.

    Each says what it is for and has a secret that whoever finishes it must bring.
    """

    __slots__ = ("_name", "_seconds")

    def __init__(self, name: str, seconds: float) -> None:
        self._name = name
        self._seconds = seconds

    def keep(self, session: Session, purpose: str, secret: str, rest: Sequence[Any], now: float) -> None:
        """Keep one, with values of JSON that its end will need."""
        waiting = [*self._waiting(session, now), [int(now), purpose, secret, *rest]]
        session.own[self._name] = waiting[-MOST_WAITING:]

    def take(self, session: Session, purpose: str, secret: str, now: float) -> list[Any] | None:
        """Take the one with this secret out of a session; give its values, None where there is none."""
        waiting = self._waiting(session, now)
        found = next((each for each in waiting if each[1] == purpose and equal(each[2], secret)), None)
        if found is None:
            return None
        session.own[self._name] = [each for each in waiting if each is not found]
        return found[3:]

    def _waiting(self, session: Session, now: float) -> list[list[Any]]:
        kept = session.own.get(self._name)
        oldest = now - self._seconds
        return [each for each in kept if each[0] >= oldest] if isinstance(kept, list) else []
