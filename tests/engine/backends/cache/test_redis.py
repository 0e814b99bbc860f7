"""How the cache speaks of time and failure to Redis, without a server."""

from __future__ import annotations

import pytest

from asok_engine.backends.cache.redis import RedisCache
from asok_engine.backends.redis_link import RedisLink
from asok_engine.errors import BackendUnavailable, UsageError

DOWN = "redis://:hidden-word@127.0.0.1:1/0"


def test_a_cache_without_redis_raises_and_is_not_empty() -> None:
    """Nobody listens on the port: reading is an error, not a miss, and the password stays hidden."""
    cache = RedisCache(RedisLink(DOWN))
    with pytest.raises(BackendUnavailable) as failure:
        cache.get("k", "default")
    assert "hidden-word" not in str(failure.value)
    with pytest.raises(BackendUnavailable):
        cache.remember("k", 60, lambda: pytest.fail("computed"))
    with pytest.raises(BackendUnavailable):
        cache.flush()


def test_a_value_without_json_form_is_refused_before_anything_is_sent() -> None:
    """The caller's mistake is reported as such, also while Redis is down."""
    with pytest.raises(UsageError, match="object"):
        RedisCache(RedisLink(DOWN)).set("k", object())


@pytest.mark.parametrize(
    ("ttl", "default", "command"),
    [
        (None, None, ("SET", "p:k", b"1")),
        (None, 30, ("SET", "p:k", b"1", "PX", 30_000)),
        (float("inf"), 30, ("SET", "p:k", b"1")),
        (1.5, None, ("SET", "p:k", b"1", "PX", 1500)),
        (0.0001, None, ("SET", "p:k", b"1", "PX", 1)),
        (0, 30, ("DEL", "p:k")),
        (-5, None, ("DEL", "p:k")),
    ],
)
def test_a_time_becomes_whole_milliseconds(
    ttl: float | None, default: float | None, command: tuple[object, ...]
) -> None:
    """A fraction is rounded up to a millisecond, so that a short time is not none."""
    cache = RedisCache(RedisLink(DOWN), "p:", default_ttl_seconds=default)
    assert cache._set("k", b"1", ttl) == command
