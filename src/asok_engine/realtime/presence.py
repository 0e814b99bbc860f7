"""Who is connected, in this process and in all others.

Each process says when its first connection of a person came and its last one went,
and now and then that it is alive; one that has fallen silent is forgotten with
everybody it had. Nothing is sent here: the methods give what is to be sent. A person
is the value of the key of their record, whole number or text.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable

__all__ = ["Person", "Presence"]

Person = int | str


class Presence:
    """The people of this process, counted, and those of each other one."""

    def __init__(self, silence_seconds: float = 20.0) -> None:
        self._silence_seconds = silence_seconds
        self._lock = threading.Lock()
        self._here: Counter[Person] = Counter()
        self._elsewhere: dict[bytes, set[Person]] = {}
        self._heard_at: dict[bytes, float] = {}

    # --- this process -------------------------------------------------------------------------

    def came(self, person: Person) -> bool:
        """Count one connection of a person; True when it is their first one here."""
        with self._lock:
            self._here[person] += 1
            return self._here[person] == 1

    def went(self, person: Person) -> bool:
        """Take one connection of a person away; True when it was their last one here."""
        with self._lock:
            self._here[person] -= 1
            if self._here[person] > 0:
                return False
            del self._here[person]
            return True

    def here(self) -> list[Person]:
        """Give the people of this process."""
        with self._lock:
            return list(self._here)

    # --- other processes ------------------------------------------------------------------------

    def heard(self, node: bytes, now: float) -> bool:
        """Note that a process is alive; False when it is not known, so that it should be asked."""
        with self._lock:
            if node not in self._elsewhere:
                return False
            self._heard_at[node] = now
            return True

    def has(self, node: bytes, people: Iterable[Person], now: float) -> None:
        """Take what a process says about all of its people."""
        with self._lock:
            self._elsewhere[node] = set(people)
            self._heard_at[node] = now

    def changed(self, node: bytes, person: Person, *, is_there: bool, now: float) -> bool:
        """Take what a process says about one person; False when the process is not known."""
        with self._lock:
            people = self._elsewhere.get(node)
            if people is None:
                return False
            self._heard_at[node] = now
            if is_there:
                people.add(person)
            else:
                people.discard(person)
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

    def online(self) -> list[Person]:
        """Give everybody who is connected anywhere, each once, in a steady order."""
        with self._lock:
            people = set(self._here).union(*self._elsewhere.values())
        return sorted(people, key=lambda person: (isinstance(person, str), person))

    def is_online(self, person: Person) -> bool:
        """Tell whether a person is connected anywhere."""
        with self._lock:
            return person in self._here or any(person in people for people in self._elsewhere.values())
