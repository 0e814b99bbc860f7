"""Where an application keeps what outlives a request: in memory, in files or in Redis, as its settings say.

Counters, cache and sessions are made at first use and are then the same for everybody.
With Redis they share one link. What is kept there, and by whom, is not known here.
"""

from __future__ import annotations

from functools import cached_property

from asok.config import Config
from asok_engine.backends.cache.contract import Cache
from asok_engine.backends.cache.file import FileCache
from asok_engine.backends.cache.memory import MemoryCache
from asok_engine.backends.cache.redis import RedisCache
from asok_engine.backends.counters.contract import Counters
from asok_engine.backends.counters.memory import MemoryCounters
from asok_engine.backends.counters.redis import RedisCounters
from asok_engine.backends.redis_link import RedisLink
from asok_engine.backends.sessions.contract import Lifetimes, SessionStore
from asok_engine.backends.sessions.file import FileSessions
from asok_engine.backends.sessions.memory import MemorySessions
from asok_engine.backends.sessions.redis import RedisSessions
from asok_engine.dispatch.middleware.health import Check

__all__ = ["Stores"]


class Stores:
    """The stores of one application."""

    def __init__(self, config: Config) -> None:
        self._config = config

    @cached_property
    def redis(self) -> RedisLink | None:
        """The way to Redis, None without REDIS_URL."""
        url = self._config["REDIS_URL"]
        return None if url is None else RedisLink(url)

    @cached_property
    def counters(self) -> Counters:
        """Counts of what clients have done, for limits."""
        return MemoryCounters() if self.redis is None else RedisCounters(self.redis)

    @property
    def counters_wait(self) -> bool:
        """Whether counting has to wait for something outside of the process."""
        return self.redis is not None

    @cached_property
    def cache(self) -> Cache:
        """The cache of the setting ASOK_CACHE_BACKEND."""
        backend = self._config["ASOK_CACHE_BACKEND"]
        if backend == "redis" and self.redis is not None:
            return RedisCache(self.redis)
        if backend == "file":
            return FileCache(str(self._config.path("ASOK_CACHE_PATH")))
        return MemoryCache()

    @cached_property
    def sessions(self) -> SessionStore:
        """The store of the setting SESSION_BACKEND."""
        config = self._config
        lifetimes = Lifetimes(config["SESSION_TTL"], config["SESSION_MAX_AGE"])
        if config["SESSION_BACKEND"] == "redis" and self.redis is not None:
            return RedisSessions(self.redis, lifetimes)
        if config["SESSION_BACKEND"] == "file":
            return FileSessions(str(config.path("SESSION_PATH")), lifetimes)
        return MemorySessions(lifetimes)

    def checks(self) -> dict[str, Check]:
        """Give what `/health` asks the stores that are outside of the process, by name."""
        checks: dict[str, Check] = {}
        if self.redis is not None:
            redis = self.redis

            async def ping() -> None:
                await redis.run_async("PING")

            checks["redis"] = ping
        if isinstance(self.sessions, FileSessions):
            checks["sessions"] = self.sessions.check
        return checks
