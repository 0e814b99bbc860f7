"""Tries are counted in one way: refused in time, told, and taken back where they were right or never made."""

from __future__ import annotations

import asyncio
import logging

import pytest

from asok.auth.tries import Throttle, Tries
from asok_engine.backends.counters.memory import MemoryCounters
from asok_engine.database.running import run, run_async
from asok_engine.errors import TooManyRequests
from asok_engine.records.steps import Plan

NOW = 1000.0


def made(counters: MemoryCounters, now: float = NOW, *, is_async: bool = False) -> Tries:
    """Give what counts in these counters."""
    hit, take_back = counters.hit, counters.take_back
    if is_async:
        return Tries(
            counters.hit_async, counters.take_back_async, "203.0.113.5", now, Throttle(window_seconds=30)
        )
    return Tries(hit, take_back, "203.0.113.5", now, Throttle(window_seconds=30))


def count(tries: Tries, *limits: tuple[str, int], counted: tuple[str, ...] = ()) -> Plan[list[str]]:
    """Count one try."""
    return tries.count(*limits, refusal="Wait for {minutes}.", logged="Refused.", counted=counted)


@pytest.mark.parametrize("is_async", [False, True])
def test_a_try_over_a_limit_is_refused_told_and_not_counted(
    is_async: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """What another key has counted for it already is taken back, what was counted before it too."""
    caplog.set_level(logging.WARNING, "asok.security")
    counters = MemoryCounters()
    tries = made(counters, is_async=is_async)

    def perform(plan: Plan[list[str]]) -> list[str]:
        return asyncio.run(run_async(plan)) if is_async else run(plan)

    assert perform(count(tries, ("wide", 2), ("narrow", 1))) == ["wide", "narrow"]
    counters.hit("before", 1, 30, NOW)
    with pytest.raises(TooManyRequests, match=r"^Wait for 1 minute\.") as refused:
        perform(count(tries, ("wide", 2), ("narrow", 1), counted=("before",)))
    assert 0 < int(dict(refused.value.headers)["Retry-After"]) <= 61
    assert [record.getMessage() for record in caplog.records] == ["Refused."]
    assert counters.hit("wide", 2, 30, NOW).allowed, "the refused try was taken back"
    assert counters.hit("before", 1, 30, NOW).allowed
    assert not counters.hit("wide", 2, 30, NOW).allowed


def test_a_right_try_is_forgotten() -> None:
    """Signing in as often as one likes is no attack."""
    tries = made(MemoryCounters())
    for _ in range(5):
        run(tries.forget(run(count(tries, ("key", 1)))))


def test_a_window_of_its_own_counts_apart() -> None:
    """Once in five minutes is once, however short the window of the throttle is."""
    counters = MemoryCounters()
    assert run(made(counters).hit("once", 1, 300.0)).allowed
    assert not run(made(counters, NOW + 100).hit("once", 1, 300.0)).allowed
    assert run(made(counters).hit("each", 1)).allowed
    assert run(made(counters, NOW + 120).hit("each", 1)).allowed
