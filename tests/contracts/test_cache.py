"""The law of `Cache`, for every fulfilment and for its plain and its async side."""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from asok_engine.backends.cache.contract import Cache
from asok_engine.backends.cache.file import FileCache
from asok_engine.backends.cache.memory import MemoryCache
from asok_engine.backends.cache.redis import RedisCache
from asok_engine.backends.redis_link import RedisLink
from asok_engine.errors import UsageError

Ask = Callable[..., Any]


@pytest.fixture(params=["memory", "file", "redis"])
def make_cache(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Cache]:
    prefix = f"test:{secrets.token_hex(6)}:"

    def make(name: str = "one", **options: Any) -> Cache:
        if request.param == "memory":
            return MemoryCache(**options)
        if request.param == "file":
            return FileCache(tmp_path / "cache", name, **options)
        return RedisCache(RedisLink(request.getfixturevalue("redis_url")), f"{prefix}{name}:", **options)

    return make


@pytest.fixture
async def cache(make_cache: Callable[..., Cache]) -> AsyncIterator[Cache]:
    made = make_cache()
    yield made
    await made.close_async()


@pytest.fixture(params=["plain", "async"])
def ask(request: pytest.FixtureRequest, cache: Cache) -> Ask:
    """Call a method of the cache by name, on the side that is tested."""

    async def call(method: str, *arguments: Any, **named: Any) -> Any:
        if request.param == "async":
            return await getattr(cache, f"{method}_async")(*arguments, **named)
        return getattr(cache, method)(*arguments, **named)

    return call


async def test_a_value_that_was_set_is_given_back(ask: Ask) -> None:
    """What is set is what is got."""
    await ask("set", "k", "value")
    assert await ask("get", "k") == "value"


async def test_a_missing_key_gives_the_default(ask: Ask) -> None:
    """Nothing is None unless the caller names something else."""
    assert await ask("get", "k") is None
    assert await ask("get", "k", 7) == 7


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        -5,
        2**60,
        1.5,
        "",
        "text",
        "naïve ☃ 😀",
        "5",
        "null",
        [],
        {},
        [1, "a", None],
        {"a": {"b": [1.5]}},
    ],
)
async def test_json_values_come_back_with_their_type(ask: Ask, value: Any) -> None:
    """Every JSON value comes back equal and of the same type; None and false are values."""
    await ask("set", "k", value)
    found = await ask("get", "k", "missing")
    assert found == value
    assert type(found) is type(value)
    assert await ask("has", "k") is True


async def test_what_json_lacks_comes_back_alike_everywhere(ask: Ask) -> None:
    """A tuple is a list and a number as key is text, in memory as in Redis."""
    await ask("set", "k", {"pair": (1, 2), "by_id": {7: "x"}})
    assert await ask("get", "k") == {"pair": [1, 2], "by_id": {"7": "x"}}


async def test_a_value_without_json_form_is_refused(ask: Ask) -> None:
    """An object is refused when it is set, with the key and the type in the message."""
    with pytest.raises(UsageError, match=r"object.*'k'"):
        await ask("set", "k", object())
    with pytest.raises(UsageError):
        await ask("set", "k", "half \ud800 a pair")
    assert await ask("has", "k") is False


async def test_changing_a_value_does_not_change_the_cache(ask: Ask) -> None:
    """The caller's object and the cached value are apart, before and after reading."""
    value = {"rows": [1]}
    await ask("set", "k", value)
    value["rows"].append(2)
    found = await ask("get", "k")
    found["rows"].append(3)
    assert await ask("get", "k") == {"rows": [1]}


async def test_a_value_is_replaced(ask: Ask) -> None:
    """The last value counts, also of another type."""
    await ask("set", "k", {"a": 1})
    await ask("set", "k", "b")
    assert await ask("get", "k") == "b"


async def test_an_expired_value_is_not_returned(ask: Ask) -> None:
    """After `ttl` seconds there is no value for get, has and delete."""
    await ask("set", "k", "v", 0.4)
    assert await ask("get", "k") == "v"
    time.sleep(0.45)
    assert await ask("get", "k") is None
    assert await ask("has", "k") is False
    assert await ask("delete", "k") is False


async def test_setting_without_ttl_ends_an_earlier_ttl(ask: Ask) -> None:
    """A new value does not inherit the time of the old one."""
    await ask("set", "k", "old", 0.05)
    await ask("set", "k", "new")
    time.sleep(0.08)
    assert await ask("get", "k") == "new"


async def test_a_ttl_of_zero_or_less_forgets_at_once(ask: Ask) -> None:
    """Zero seconds is no time, not forever."""
    for ttl in (0, -1):
        await ask("set", "k", "old")
        await ask("set", "k", "new", ttl)
        assert await ask("get", "k") is None


async def test_delete_tells_whether_there_was_something(ask: Ask) -> None:
    """The first delete is true, the second is not."""
    await ask("set", "k", 1)
    assert await ask("delete", "k") is True
    assert await ask("delete", "k") is False
    assert await ask("get", "k") is None


async def test_incr_counts_from_nothing(ask: Ask) -> None:
    """An absent key counts as zero, amounts may be negative, get sees the number."""
    assert await ask("incr", "k") == 1
    assert await ask("incr", "k", 5) == 6
    assert await ask("incr", "k", -2) == 4
    assert await ask("get", "k") == 4


async def test_incr_adds_to_a_number_that_was_set(ask: Ask) -> None:
    """A number that was set can be added to."""
    await ask("set", "k", 40)
    assert await ask("incr", "k", 2) == 42


async def test_incr_gives_time_to_a_new_key_only(ask: Ask) -> None:
    """The time begins with the first count and is not drawn out by later ones."""
    await ask("incr", "k", 1, 0.6)
    time.sleep(0.2)
    assert await ask("incr", "k", 1, 60) == 2
    time.sleep(0.45)
    assert await ask("incr", "k", 1, 60) == 1


@pytest.mark.parametrize("value", ["text", "5", True, None, 1.5, [1], {"a": 1}])
async def test_incr_refuses_what_is_not_a_whole_number(ask: Ask, value: Any) -> None:
    """Adding to a value of another kind is an error, and leaves the value."""
    await ask("set", "k", value)
    with pytest.raises(UsageError, match="'k'.*whole number"):
        await ask("incr", "k")
    assert await ask("get", "k") == value


async def test_parallel_incr_loses_nothing(cache: Cache) -> None:
    """A hundred additions from four threads make a hundred."""
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: cache.incr("k"), range(100)))
    assert cache.get("k") == 100


async def test_remember_computes_once(ask: Ask) -> None:
    """The second call does not call the function."""
    calls: list[int] = []

    def compute() -> dict[str, int]:
        calls.append(1)
        return {"n": len(calls)}

    assert await ask("remember", "k", 60, compute) == {"n": 1}
    assert await ask("remember", "k", 60, compute) == {"n": 1}
    assert len(calls) == 1


async def test_remember_keeps_none(ask: Ask) -> None:
    """None that was computed is a value; it is not computed again."""
    calls: list[int] = []
    for _ in range(2):
        assert await ask("remember", "k", 60, lambda: calls.append(1)) is None
    assert len(calls) == 1


async def test_remember_gives_the_same_form_first_and_later(ask: Ask) -> None:
    """The first answer has passed through JSON like the later ones."""
    assert await ask("remember", "k", 60, lambda: (1, 2)) == [1, 2]
    assert await ask("remember", "k", 60, lambda: (1, 2)) == [1, 2]


async def test_remember_computes_again_after_its_time(ask: Ask) -> None:
    """The ttl of remember is that of the value."""
    values = iter([1, 2])
    assert await ask("remember", "k", 0.05, lambda: next(values)) == 1
    time.sleep(0.08)
    assert await ask("remember", "k", 0.05, lambda: next(values)) == 2


async def test_remember_keeps_no_error(ask: Ask) -> None:
    """A function that raises is asked again the next time."""

    def fail() -> None:
        raise LookupError("no luck")

    with pytest.raises(LookupError):
        await ask("remember", "k", 60, fail)
    assert await ask("remember", "k", 60, lambda: "luck") == "luck"


async def test_remember_awaits_an_async_function(cache: Cache) -> None:
    """The async side takes coroutine functions."""

    async def compute() -> str:
        await asyncio.sleep(0)
        return "v"

    assert await cache.remember_async("k", 60, compute) == "v"
    assert await cache.get_async("k") == "v"


async def test_threads_that_miss_together_compute_once(cache: Cache) -> None:
    """Eight threads that ask for one missing key call the function once."""
    calls: list[int] = []
    ready = threading.Barrier(8)

    def compute() -> str:
        calls.append(1)
        time.sleep(0.05)
        return "v"

    def ask_for_it(_: int) -> Any:
        ready.wait(5)
        return cache.remember("k", 60, compute)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask_for_it, range(8))) == ["v"] * 8
    assert len(calls) == 1


async def test_tasks_that_miss_together_compute_once(cache: Cache) -> None:
    """Twenty tasks that ask for one missing key call the function once."""
    calls: list[int] = []

    async def compute() -> str:
        calls.append(1)
        await asyncio.sleep(0.02)
        return "v"

    found = await asyncio.gather(*(cache.remember_async("k", 60, compute) for _ in range(20)))
    assert found == ["v"] * 20
    assert len(calls) == 1


async def test_flush_forgets_everything_of_this_cache_only(
    make_cache: Callable[..., Cache], ask: Ask, cache: Cache
) -> None:
    """Two caches with their own prefix in one place do not flush each other."""
    other = make_cache("other[*]")
    for n in range(30):
        await ask("set", f"k{n}", n)
    other.set("kept", "yes")
    await ask("flush")
    assert [await ask("get", f"k{n}") for n in range(30)] == [None] * 30
    assert other.get("kept") == "yes"
    other.flush()
    assert other.get("kept") is None
    await other.close_async()


async def test_any_text_is_a_key(ask: Ask) -> None:
    """Keys may be long, look like paths, hold any character, and stay apart."""
    keys = ["x" * 5000, "../../etc/passwd", "a/b", "a b", "line\r\nend", "nul\0", "ключ", "*", "A", "a"]
    for n, key in enumerate(keys):
        await ask("set", key, n)
    assert [await ask("get", key) for key in keys] == list(range(len(keys)))


async def test_the_default_ttl_holds_where_none_is_given(make_cache: Callable[..., Cache]) -> None:
    """A cache made with a default time forgets after it, unless a call names another."""
    cache = make_cache(default_ttl_seconds=0.05)
    cache.set("short", 1)
    cache.set("long", 1, 60)
    assert cache.incr("count") == 1
    time.sleep(0.08)
    assert (cache.has("short"), cache.has("count"), cache.has("long")) == (False, False, True)
    await cache.close_async()


async def test_both_sides_see_the_same_values(cache: Cache) -> None:
    """What the async side sets, the plain side gets, and the other way round."""
    await cache.set_async("a", [1])
    cache.set("b", [2])
    assert (cache.get("a"), await cache.get_async("b")) == ([1], [2])


async def test_a_closed_cache_can_be_used_again_or_closed_again(cache: Cache) -> None:
    """Closing twice is harmless, and what comes after opens anew."""
    cache.set("k", 1)
    await cache.close_async()
    cache.close()
    cache.set("k", 2)
    assert await cache.get_async("k") == 2
