"""The law of `Counters`, for every fulfilment and for its plain and its async side."""

from __future__ import annotations

import asyncio
import math
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from asok_engine.backends.counters.contract import Counters, Verdict
from asok_engine.backends.counters.memory import MemoryCounters
from asok_engine.backends.counters.redis import RedisCounters
from asok_engine.backends.redis_link import RedisLink

# The start of a window of 60 s.
START = 1_700_000_040.0

Hit = Callable[[str, int, float, float], Awaitable[Verdict]]


@pytest.fixture(params=["memory", "redis"])
async def counters(request: pytest.FixtureRequest) -> AsyncIterator[Counters]:
    made: Counters
    if request.param == "memory":
        made = MemoryCounters()
    else:
        link = RedisLink(request.getfixturevalue("redis_url"))
        made = RedisCounters(link, f"test:{secrets.token_hex(6)}:")
    yield made
    await made.close_async()


@pytest.fixture(params=["plain", "async"])
def hit(request: pytest.FixtureRequest, counters: Counters) -> Hit:
    if request.param == "async":
        return counters.hit_async

    async def plain(key: str, limit: int, window_seconds: float, now: float) -> Verdict:
        return counters.hit(key, limit, window_seconds, now)

    return plain


async def test_hits_up_to_the_limit_are_allowed_and_the_next_is_not(hit: Hit) -> None:
    """Exactly `limit` hits pass, and each verdict says how many are left."""
    verdicts = [await hit("a", 3, 60, START) for _ in range(4)]
    assert [v.allowed for v in verdicts] == [True, True, True, False]
    assert [v.remaining for v in verdicts] == [2, 1, 0, 0]
    assert [v.retry_after_seconds for v in verdicts[:3]] == [0, 0, 0]


async def test_a_refused_hit_says_when_to_come_back_and_is_right(hit: Hit) -> None:
    """After `retry_after_seconds` one more is allowed, shortly before it none is."""
    for _ in range(5):
        await hit("a", 5, 60, START + 30)
    refusal = await hit("a", 5, 60, START + 31)
    assert 0 < refusal.retry_after_seconds <= 120
    back = START + 31 + refusal.retry_after_seconds
    assert not (await hit("a", 5, 60, back - 0.5)).allowed
    assert (await hit("a", 5, 60, back + 0.01)).allowed


async def test_a_fading_window_gives_back_one_place_at_a_time(hit: Hit) -> None:
    """A full window of ten has given back five places in the middle of the next one."""
    for _ in range(10):
        await hit("a", 10, 60, START)
    middle = START + 90.001
    verdicts = [(await hit("a", 10, 60, middle)).allowed for _ in range(6)]
    assert verdicts == [True] * 5 + [False]
    refusal = await hit("a", 10, 60, middle)
    assert 5.9 < refusal.retry_after_seconds < 6.1


async def test_the_border_of_a_window_does_not_double_the_limit(hit: Hit) -> None:
    """A client that uses up its limit just before a border gets next to nothing just after it."""
    for _ in range(10):
        assert (await hit("a", 10, 60, START + 59.9)).allowed
    assert not (await hit("a", 10, 60, START + 60.1)).allowed


async def test_refused_hits_are_not_counted(hit: Hit) -> None:
    """Knocking on a closed door does not keep it closed."""
    for _ in range(2):
        await hit("a", 2, 60, START)
    for _ in range(50):
        assert not (await hit("a", 2, 60, START + 1)).allowed
    assert (await hit("a", 2, 60, START + 60 + 31)).allowed


async def test_keys_do_not_share_a_count(hit: Hit) -> None:
    """One key at its limit says nothing about another."""
    assert (await hit("a", 1, 60, START)).allowed
    assert not (await hit("a", 1, 60, START)).allowed
    assert (await hit("b", 1, 60, START)).allowed


async def test_one_key_with_two_windows_is_two_counters(hit: Hit) -> None:
    """A limit per minute and a limit per hour on the same key do not reset each other."""
    assert (await hit("a", 1, 60, START)).allowed
    assert (await hit("a", 1, 3600, START)).allowed
    assert not (await hit("a", 1, 60, START)).allowed
    assert not (await hit("a", 1, 3600, START)).allowed


async def test_an_unused_counter_is_fresh_after_two_windows(hit: Hit) -> None:
    """What happened two windows ago no longer counts."""
    for _ in range(3):
        await hit("a", 3, 60, START)
    verdict = await hit("a", 3, 60, START + 121)
    assert verdict.allowed
    assert verdict.remaining == 2


async def test_a_limit_of_zero_refuses_everything(hit: Hit) -> None:
    """Zero is a limit, not the absence of one."""
    verdict = await hit("a", 0, 60, START)
    assert not verdict.allowed
    assert verdict.retry_after_seconds > 0


async def test_a_clock_that_is_a_little_late_changes_nothing(hit: Hit) -> None:
    """A hit with a time just before the border does not reset the window after it."""
    for _ in range(3):
        assert (await hit("a", 3, 60, START + 0.001)).allowed
    assert not (await hit("a", 3, 60, START - 0.001)).allowed
    assert not (await hit("a", 3, 60, START + 0.002)).allowed


async def test_a_late_clock_is_told_a_time_to_come_back(hit: Hit) -> None:
    """A refusal to a hit from before the border names a wait as one from just after it does."""
    for _ in range(10):
        await hit("a", 10, 60, START)
    assert (await hit("a", 10, 60, START + 66.1)).allowed
    refusal = await hit("a", 10, 60, START + 59.999)
    assert not refusal.allowed
    assert refusal.retry_after_seconds == pytest.approx(12.0)


async def test_a_clock_that_was_set_back_does_not_lock_out(hit: Hit) -> None:
    """After the clock went back an hour, the count of the future is dropped."""
    for _ in range(3):
        await hit("a", 3, 60, START + 3600)
    assert (await hit("a", 3, 60, START)).allowed


async def test_any_text_is_a_key(hit: Hit) -> None:
    """Keys may be long, contain spaces, line ends and every script, and stay apart."""
    keys = ["x" * 100_000, "x" * 100_001, "a b\r\n*", "ключ", "::1", ""]
    for key in keys:
        assert (await hit(key, 1, 60, START)).allowed
    for key in keys:
        assert not (await hit(key, 1, 60, START)).allowed


async def test_a_window_of_a_fraction_of_a_second_works(hit: Hit) -> None:
    """Windows may be shorter than a second."""
    assert (await hit("a", 1, 0.25, 1000.0)).allowed
    assert not (await hit("a", 1, 0.25, 1000.1)).allowed
    assert (await hit("a", 1, 0.25, 1000.6)).allowed


async def test_no_hit_is_lost_or_added_in_parallel(counters: Counters) -> None:
    """Of 200 hits at once from eight threads and fifty tasks exactly the limit is allowed."""

    def knock(_: int) -> bool:
        return counters.hit("a", 70, 60, START).allowed

    with ThreadPoolExecutor(8) as pool:
        from_threads = [pool.submit(knock, n) for n in range(150)]
        from_tasks = await asyncio.gather(*(counters.hit_async("a", 70, 60, START) for _ in range(50)))
        allowed = sum(f.result() for f in from_threads) + sum(v.allowed for v in from_tasks)
    assert allowed == 70


@pytest.mark.parametrize("limit", [1, 2, 7, 100])
async def test_no_time_of_one_window_holds_twice_the_limit(hit: Hit, limit: int) -> None:
    """Whatever the rhythm, at most `limit` and the tolerance of the estimate pass in one window's time."""
    times = [START + step * 60 / (limit * 1.7) for step in range(limit * 5)]
    allowed = [now for now in times if (await hit("a", limit, 60, now)).allowed]
    for first in allowed:
        inside = sum(first <= now < first + 60 for now in allowed)
        assert inside <= math.ceil(limit * 1.25)


async def test_a_hit_that_is_taken_back_leaves_room_for_another(
    request: pytest.FixtureRequest, counters: Counters, hit: Hit
) -> None:
    """What did not count is free again, also in the next window; more than was hit cannot be taken back."""

    async def take_back(key: str, now: float) -> None:
        if hit == counters.hit_async:
            await counters.take_back_async(key, 60, now)
        else:
            counters.take_back(key, 60, now)

    await take_back("a", START)
    for _ in range(3):
        assert (await hit("a", 3, 60, START)).allowed
    assert not (await hit("a", 3, 60, START)).allowed
    await take_back("a", START + 1)
    assert (await hit("a", 3, 60, START + 1)).allowed
    assert not (await hit("a", 3, 60, START + 1)).allowed
    for _ in range(9):
        await take_back("a", START + 61)
    assert (await hit("a", 3, 60, START + 61)).remaining == 2
    await take_back("a", START + 1000)
    assert [(await hit("a", 3, 60, START + 1000)).allowed for _ in range(4)] == [True] * 3 + [False]
