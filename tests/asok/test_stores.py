"""The settings decide where counters, cache and sessions are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from asok.config import Config
from asok.settings import TABLE
from asok.stores import Stores
from asok_engine.backends.cache.file import FileCache
from asok_engine.backends.cache.memory import MemoryCache
from asok_engine.backends.cache.redis import RedisCache
from asok_engine.backends.counters.memory import MemoryCounters
from asok_engine.backends.counters.redis import RedisCounters
from asok_engine.backends.sessions.file import FileSessions
from asok_engine.backends.sessions.memory import MemorySessions
from asok_engine.backends.sessions.redis import RedisSessions

REDIS = {"REDIS_URL": "redis://localhost:1/0", "ASOK_CACHE_BACKEND": "redis", "SESSION_BACKEND": "redis"}


def stores(folder: Path, **settings: Any) -> Stores:
    config = Config(TABLE, folder)
    config.update(settings)
    return Stores(config)


@pytest.mark.parametrize(
    ("settings", "kinds", "waits", "checks"),
    [
        ({}, (MemoryCounters, MemoryCache, MemorySessions), False, []),
        ({"ASOK_CACHE_BACKEND": "file", "SESSION_BACKEND": "file"}, (MemoryCounters, FileCache, FileSessions), False, ["sessions"]),
        (REDIS, (RedisCounters, RedisCache, RedisSessions), True, ["redis"]),
        ({**REDIS, "ASOK_CACHE_BACKEND": "memory", "SESSION_BACKEND": "file"}, (RedisCounters, MemoryCache, FileSessions), True, ["redis", "sessions"]),
    ],
)  # fmt: skip
def test_settings_decide(
    tmp_path: Path, settings: dict[str, Any], kinds: tuple[type, ...], waits: bool, checks: list[str]
) -> None:
    """Each store by its own setting, counters by REDIS_URL; what is outside of the process is checked."""
    found = stores(tmp_path, **settings)
    assert (type(found.counters), type(found.cache), type(found.sessions)) == kinds
    assert found.counters_wait is waits
    assert list(found.checks()) == checks


def test_everybody_gets_the_same(tmp_path: Path) -> None:
    """Made once; files lie in the folders of the settings, below the project."""
    found = stores(tmp_path, ASOK_CACHE_BACKEND="file", SESSION_BACKEND="file")
    assert found.cache is found.cache
    assert found.sessions is found.sessions
    assert found.counters is found.counters
    assert sorted(path.name for path in (tmp_path / ".asok").iterdir()) == ["cache", "sessions"]
