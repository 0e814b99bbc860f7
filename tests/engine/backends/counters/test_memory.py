"""What only the counters in memory promise: bounded size and who has to go."""

from __future__ import annotations

import threading

import pytest

from asok_engine.backends.counters.memory import MemoryCounters
from asok_engine.errors import SetupError

NOW = 1_700_000_040.0


def test_the_number_of_keys_is_bounded() -> None:
    """Any number of fresh keys leaves at most `max_keys`."""
    counters = MemoryCounters(max_keys=100)
    for n in range(5000):
        counters.hit(str(n), 5, 60, NOW)
    assert len(counters) == 100


def test_a_flood_of_fresh_keys_does_not_free_a_refused_client() -> None:
    """A key at its limit outlives keys with a single hit."""
    counters = MemoryCounters(max_keys=100)
    for _ in range(5):
        counters.hit("attacker", 5, 60, NOW)
    for n in range(5000):
        counters.hit(str(n), 5, 60, NOW)
    assert not counters.hit("attacker", 5, 60, NOW).allowed


def test_what_has_run_out_goes_before_what_counts() -> None:
    """A full table drops the keys of past windows first, however many hits they had."""
    counters = MemoryCounters(max_keys=10)
    for n in range(9):
        for _ in range(5):
            counters.hit(f"old{n}", 5, 60, NOW)
    counters.hit("live", 1, 60, NOW + 600)
    counters.hit("new", 1, 60, NOW + 600)
    assert len(counters) == 2
    assert not counters.hit("live", 1, 60, NOW + 600).allowed


def test_counting_starts_no_thread() -> None:
    """Nothing runs in the background, however many keys there are."""
    before = threading.active_count()
    counters = MemoryCounters()
    for n in range(500):
        counters.hit(str(n), 5, 0.01, NOW + n)
    assert threading.active_count() == before


def test_closing_forgets_the_counts() -> None:
    """A closed counter starts anew."""
    counters = MemoryCounters()
    counters.hit("k", 1, 60, NOW)
    counters.close()
    assert len(counters) == 0
    assert counters.hit("k", 1, 60, NOW).allowed


def test_room_for_no_key_is_refused() -> None:
    """A table without room would let everything through."""
    with pytest.raises(SetupError, match="max_keys=0"):
        MemoryCounters(max_keys=0)
