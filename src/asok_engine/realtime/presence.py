"""Who is connected and in which rooms, in this process and in all others.

Each process says when the first connection of a visitor came to a place and the last
one left it, and now and then that it is alive; one that has fallen silent is forgotten
with everybody it had. Nothing is sent here: the methods give what is to be sent. A
visitor who is signed in is the key of their record, whole number or text; anybody
else is bytes: the same ones for the same session. The place "" is anywhere.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator

__all__ = ["ANYWHERE", "Person", "Presence", "Visitor"]

Person = int | str
Visitor = int | str | bytes
Stay = tuple[str, Visitor]

#: The place where everybody is who is connected.
ANYWHERE = ""


class Presence:
    """The visitors of this process, counted by place, and those of each other one."""

    def __init__(self, silence_seconds: float = 20.0) -> None:
        self._silence_seconds = silence_seconds
        self._lock = threading.Lock()
        self._here: dict[str, Counter[Visitor]] = {}
        self._elsewhere: dict[bytes, dict[str, set[Visitor]]] = {}
        self._heard_at: dict[bytes, float] = {}

    # --- this process -------------------------------------------------------------------------

    def came(self, visitor: Visitor, place: str = ANYWHERE) -> bool:
        """Count one connection of a visitor; True when it is their first one at a place here."""
        with self._lock:
            visitors = self._here.setdefault(place, Counter())
            visitors[visitor] += 1
            return visitors[visitor] == 1

    def went(self, visitor: Visitor, place: str = ANYWHERE) -> bool:
        """Take one connection of a visitor away; True when it was their last one at a place here."""
        with self._lock:
            visitors = self._here[place]
            visitors[visitor] -= 1
            if visitors[visitor] > 0:
                return False
            del visitors[visitor]
            if not visitors:
                del self._here[place]
            return True

    def here(self) -> list[Stay]:
        """Give who is where in this process."""
        with self._lock:
            return [(place, visitor) for place, visitors in self._here.items() for visitor in visitors]

    # --- other processes ------------------------------------------------------------------------

    def heard(self, node: bytes, now: float) -> bool:
        """Note that a process is alive; False when it is not known, so that it should be asked."""
        with self._lock:
            if node not in self._elsewhere:
                return False
            self._heard_at[node] = now
            return True

    def has(self, node: bytes, stays: Iterable[Stay], now: float) -> None:
        """Take what a process says about all of its visitors."""
        with self._lock:
            places = self._elsewhere[node] = {}
            for place, visitor in stays:
                places.setdefault(place, set()).add(visitor)
            self._heard_at[node] = now

    def changed(
        self, node: bytes, visitor: Visitor, place: str = ANYWHERE, *, is_there: bool, now: float
    ) -> bool:
        """Take what a process says about one visitor; False when the process is not known."""
        with self._lock:
            places = self._elsewhere.get(node)
            if places is None:
                return False
            self._heard_at[node] = now
            if is_there:
                places.setdefault(place, set()).add(visitor)
            elif place in places:
                places[place].discard(visitor)
                if not places[place]:
                    del places[place]
            return True

    def forget_silent(self, now: float) -> None:
        """Forget the processes that have not been heard for too long."""
        with self._lock:
            for node, at in list(self._heard_at.items()):
                if now - at > self._silence_seconds:
                    del self._heard_at[node], self._elsewhere[node]

    def forget(self, node: bytes) -> None:
        """Forget a process that has said goodbye."""
        with self._lock:
            self._heard_at.pop(node, None)
            self._elsewhere.pop(node, None)

    # --- everybody ------------------------------------------------------------------------------

    def online(self, place: str = ANYWHERE) -> list[Person]:
        """Give the people who are signed in and at a place in any process, each once, in a steady order."""
        with self._lock:
            visitors = set().union(*self._at(place))
        people: list[Person] = [each for each in visitors if not isinstance(each, bytes)]
        return sorted(people, key=lambda person: (isinstance(person, str), person))

    def count(self, place: str = ANYWHERE) -> int:
        """Give how many visitors are at a place in any process, signed in or not, each once."""
        with self._lock:
            return len(set().union(*self._at(place)))

    def is_online(self, person: Person, place: str = ANYWHERE) -> bool:
        """Tell whether a person is connected anywhere, or in a room."""
        with self._lock:
            return any(person in visitors for visitors in self._at(place))

    def _at(self, place: str) -> Iterator[Iterable[Visitor]]:
        if place in self._here:
            yield self._here[place]
        for places in self._elsewhere.values():
            if place in places:
                yield places[place]
