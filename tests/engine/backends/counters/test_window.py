"""The arithmetic of the sliding window."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asok_engine.backends.counters.memory import MemoryCounters
from asok_engine.backends.counters.window import bounded_key, refused


def test_a_full_previous_window_says_when_it_has_faded_enough() -> None:
    """With ten hits before and none now, the first place is free a tenth of a window after the border."""
    assert refused(10, 60.0, 0, 10, 1.0).retry_after_seconds == pytest.approx(6.0)


def test_a_full_current_window_has_to_end_and_fade() -> None:
    """With the limit used up at the start of a window, the wait is longer than the window."""
    assert refused(10, 60.0, 10, 0, 1.0).retry_after_seconds == pytest.approx(66.0)


def test_a_limit_of_one_waits_for_both_windows() -> None:
    """A single place is free again only when the hit has faded entirely."""
    assert refused(1, 60.0, 1, 0, 0.5).retry_after_seconds == pytest.approx(90.0)


@settings(max_examples=150, deadline=None)
@given(
    limit=st.integers(1, 50),
    window=st.sampled_from([1.0, 10.0, 60.0, 3600.0]),
    gaps=st.lists(st.floats(0, 0.6), min_size=1, max_size=120),
)
def test_a_refusal_never_names_a_time_that_is_too_early(limit: int, window: float, gaps: list[float]) -> None:
    """Who comes back at the named time is let in, whatever has happened before."""
    counters = MemoryCounters()
    now = 1_700_000_000.0
    for gap in gaps:
        now += gap * window
        verdict = counters.hit("k", limit, window, now)
        if verdict.allowed:
            assert 0 <= verdict.remaining < limit
        else:
            assert 0 <= verdict.retry_after_seconds <= 2 * window
            now += verdict.retry_after_seconds + window * 1e-5
            assert counters.hit("k", limit, window, now).allowed


def test_long_keys_are_shortened_and_stay_apart() -> None:
    """A key of any length becomes at most 200 characters; different keys differ."""
    assert bounded_key("short") == "short"
    long = [bounded_key("x" * n) for n in (201, 202, 100_000)]
    assert len(set(long)) == 3
    assert max(map(len, long)) <= 200
    assert bounded_key("\ud800" * 300) != bounded_key("\ud801" * 300)
