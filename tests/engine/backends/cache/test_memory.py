"""What only the cache in memory promises: its size, its order, its clock."""

from __future__ import annotations

import pytest

from asok_engine.backends.cache.memory import MemoryCache
from asok_engine.errors import SetupError


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_least_recently_used_entry_goes_first() -> None:
    """Reading and writing keep an entry; the one that nobody touched goes."""
    cache = MemoryCache(max_entries=3)
    for key in "abc":
        cache.set(key, key)
    cache.get("a")
    cache.set("b", "again")
    cache.set("d", "d")
    assert [cache.has(key) for key in "abcd"] == [True, True, False, True]


def test_the_number_of_entries_is_bounded() -> None:
    """Set and incr alike stay within `max_entries`."""
    cache = MemoryCache(max_entries=10)
    for n in range(100):
        cache.set(f"s{n}", n)
        cache.incr(f"i{n}")
    assert len(cache) == 10


def test_replacing_an_entry_of_a_full_cache_evicts_nothing() -> None:
    """A key that is there needs no room."""
    cache = MemoryCache(max_entries=2)
    cache.set("a", 1)
    cache.set("b", 1)
    cache.set("b", 2)
    cache.incr("b")
    assert (cache.get("a"), cache.get("b")) == (1, 3)


def test_an_entry_ends_exactly_at_its_time() -> None:
    """One moment before the end there is a value, at the end there is none."""
    clock = Clock()
    cache = MemoryCache(clock=clock)
    cache.set("k", "v", 10)
    clock.now += 9.999
    assert cache.get("k") == "v"
    assert cache.has("k")
    clock.now += 0.001
    assert not cache.has("k")
    assert cache.get("k") is None
    assert len(cache) == 0


def test_an_entry_without_time_does_not_end() -> None:
    """Without a ttl an entry stays until it is forgotten."""
    clock = Clock()
    cache = MemoryCache(clock=clock)
    cache.set("k", "v")
    clock.now += 1e9
    assert cache.get("k") == "v"


def test_text_is_kept_as_it_is() -> None:
    """Text cannot be changed, so the very object comes back and nothing is copied."""
    cache = MemoryCache()
    page = "<p>naïve</p>" * 100
    cache.set("k", page)
    assert cache.get("k") is page


def test_a_subclass_of_text_comes_back_as_plain_text() -> None:
    """Markup that says it is safe loses that on its way through the cache, as it would in Redis."""

    class Markup(str):
        pass

    cache = MemoryCache()
    cache.set("k", Markup("<b>"))
    assert type(cache.get("k")) is str


def test_room_for_nothing_is_refused() -> None:
    """A cache that can keep nothing is a mistake in the settings."""
    with pytest.raises(SetupError, match="max_entries=0"):
        MemoryCache(max_entries=0)
