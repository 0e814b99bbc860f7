"""Rendered pieces of a page that are kept for a time: `{% cache "key" seconds %}`.

A fragment is stored under its template's name and the value of its key, as plain
text, in any cache that can get and set. Without one, a process keeps its own.
A fragment whose body fails is not stored. What is read back and is not text counts
as missing. A body that printed what belongs to one visitor is refused: it would be
given to all.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Protocol

from asok_engine.errors import UsageError
from asok_engine.templates.markup import Markup

__all__ = ["Fragment", "FragmentCache", "Fragments", "ProcessFragments"]


class FragmentCache(Protocol):
    """Where fragments are kept; `ttl` is in seconds, None for as long as the cache likes."""

    def get(self, key: str, default: Any = None) -> Any:
        """Give the value of `key`, or `default`."""

    def set(self, key: str, value: Any, ttl: float | None = None) -> None:
        """Keep `value` under `key`."""


class ProcessFragments:
    """A cache inside this process: the `most` fragments that were used last."""

    def __init__(self, most: int = 1000, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float | None, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str, default: Any = None) -> Any:
        """Give the value of `key` while its time has not passed."""
        with self._lock:
            entry = self._kept.get(key)
            if entry is None:
                return default
            until, value = entry
            if until is not None and self._clock() >= until:
                del self._kept[key]
                return default
            self._kept.move_to_end(key)
            return value

    def set(self, key: str, value: Any, ttl: float | None = None) -> None:
        """Keep `value`; zero or fewer seconds forget it at once."""
        with self._lock:
            self._kept.pop(key, None)
            if ttl is not None and ttl <= 0:
                return
            self._kept[key] = (None if ttl is None else self._clock() + ttl, value)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)


class Fragment:
    """One fragment while its page is rendered: found, or to be kept once its body is there."""

    __slots__ = ("_before", "_cache", "_key", "_personal", "_ttl", "missing", "text")

    def __init__(
        self, cache: FragmentCache, key: str, ttl: float | None, personal: Callable[[], int]
    ) -> None:
        self._cache = cache
        self._key = key
        self._ttl = ttl
        self._personal = personal
        self._before = personal()
        found = cache.get(key)
        self.missing = not isinstance(found, str)
        self.text = Markup("" if self.missing else found)

    def keep(self, text: str) -> Markup:
        """Store the body and give it back.

        Raises:
            UsageError: the body called a function that gives what belongs to one visitor.
        """
        if self._personal() != self._before:
            raise UsageError(
                "Inside {% cache %} something was printed that belongs to one visitor, such as a form token.",
                fix="Move it out of the cached part, also where an include or a macro prints it.",
            )
        self._cache.set(self._key, str(text), self._ttl)
        return Markup(text)


class Fragments:
    """Makes the fragments of templates; this is what the tag calls.

    `personal` counts, in the calling thread, what has been printed for one visitor.
    """

    def __init__(self, cache: FragmentCache | None, personal: Callable[[], int] = lambda: 0) -> None:
        self._personal = personal
        self._cache: FragmentCache = cache if cache is not None else ProcessFragments()

    def __call__(self, template: str, key: object, ttl: object = None) -> Fragment:
        """Look a fragment up.

        Raises:
            UsageError: `ttl` is not a number of seconds.
        """
        if ttl is not None and (isinstance(ttl, bool) or not isinstance(ttl, (int, float))):
            raise UsageError(
                f"The time of {{% cache {key!r} %}} is {ttl!r}; expected a number of seconds.",
                fix='Write {% cache "name" 60 %}.',
            )
        return Fragment(self._cache, f"fragment:{template}:{key}", ttl, self._personal)
