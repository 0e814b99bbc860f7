"""The one way to Redis for every backend: clients made late, one error, short waits.

The synchronous client belongs to one process, an asynchronous one to one process
and one event loop; none is carried over a fork. Whatever goes wrong outside
becomes BackendUnavailable; after a failure further calls fail at once for a
quarter of a second, so a host that swallows packets cannot hold every thread.
The library is imported here alone and late. Knows no key names and no values.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from asok_engine.errors import BackendUnavailable, OutsideError, SetupError
from asok_engine.security.redaction import mask_text, mask_url

if TYPE_CHECKING:
    import redis
    import redis.asyncio

__all__ = ["CommandRefused", "RedisLink", "Script"]

Argument = str | bytes | int | float

PAUSE_SECONDS: Final = 0.25
#: How many connections one event loop opens. A loop is busy long before these are; and at a start
#: under load every one more is greeted by the same processor, until the first of them seem to time out.
MOST_PER_LOOP: Final = 16
#: How long a subscription may be silent before it is asked for a sign of life.
PING_SECONDS: Final = 5.0


class CommandRefused(OutsideError):
    """Redis answers, but this command does not fit the value that the key holds."""


class Script:
    """A Lua script, sent once per server and then called by its digest."""

    __slots__ = ("digest", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


class RedisLink:
    """Run commands on the Redis (or Valkey) at `url`, from threads and event loops alike.

    Accepted: redis://, rediss:// (TLS) and unix:// addresses. Nothing is connected
    before the first command. `max_connections` bounds those of threads; an event loop opens sixteen at most.

    Raises:
        SetupError: the redis package is missing, or `url` is not such an address.
    """

    def __init__(
        self,
        url: str,
        *,
        connect_timeout_seconds: float = 2.0,
        command_timeout_seconds: float = 2.0,
        max_connections: int = 50,
    ) -> None:
        try:
            import redis
            import redis.asyncio
            import redis.asyncio.retry
            import redis.backoff
            import redis.retry
        except ImportError as error:
            raise SetupError(
                f"The Redis at {mask_url(url)} needs the package redis, which is not installed.",
                fix='Run: pip install "asok[redis]"',
            ) from error
        self._redis = redis
        self._options: dict[str, Any] = {
            "socket_connect_timeout": connect_timeout_seconds,
            "socket_timeout": command_timeout_seconds,
            "max_connections": max_connections,
            # Why 2: the replies are alike on every server version, and no greeting is needed.
            "protocol": 2,
        }
        # One immediate second try: a pooled connection may be from before the server's restart.
        # Why RuntimeError: uvloop raises it, bare, for a write to a connection that the peer has closed.
        broken: tuple[Any, ...] = (redis.ConnectionError, RuntimeError)
        self._retry = redis.retry.Retry(redis.backoff.NoBackoff(), 1, broken)
        self._retry_async = redis.asyncio.retry.Retry(redis.backoff.NoBackoff(), 1, broken)
        self._failures: tuple[type[Exception], ...] = (redis.RedisError, OSError, RuntimeError)
        self._per_loop = min(max_connections, MOST_PER_LOOP)
        self._wait_seconds = connect_timeout_seconds + command_timeout_seconds
        self._url = url
        self.name: Final = mask_url(url)
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._client: redis.Redis | None = None
        self._clients: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, redis.asyncio.Redis] = (
            weakref.WeakKeyDictionary()
        )
        self._inherited: list[object] = []
        self._down_until = 0.0
        self._down_reason = ""
        try:
            redis.ConnectionPool.from_url(url)
        except (ValueError, TypeError) as error:
            raise SetupError(
                f"The Redis address {self.name!r} cannot be read ({error}); expected "
                "redis://[user:password@]host[:port][/db], rediss://... or unix:///path."
            ) from None

    def run(self, *command: Argument) -> Any:
        """Send one command and give its reply; text comes back as bytes.

        Raises:
            BackendUnavailable: Redis does not answer or cannot serve now.
            CommandRefused: the key holds a value of another kind.
        """
        self._fail_fast(command)
        try:
            return self._sync_client().execute_command(*command)  # type: ignore[no-untyped-call]
        except self._failures as error:
            raise self._translated(error, command) from error

    async def run_async(self, *command: Argument) -> Any:
        """Do what `run` does over a connection of the running event loop."""
        self._fail_fast(command)
        try:
            return await self._async_client().execute_command(*command)  # type: ignore[no-untyped-call]
        except self._failures as error:
            raise self._translated(error, command) from error

    def run_script(self, script: Script, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        """Run a script by its digest; send its text when the server has forgotten it."""
        try:
            return self.run("EVALSHA", script.digest, len(keys), *keys, *arguments)
        except _ScriptUnknown:
            return self.run("EVAL", script.text, len(keys), *keys, *arguments)

    async def run_script_async(
        self, script: Script, keys: Sequence[str], arguments: Sequence[Argument]
    ) -> Any:
        """Do what `run_script` does over a connection of the running event loop."""
        try:
            return await self.run_async("EVALSHA", script.digest, len(keys), *keys, *arguments)
        except _ScriptUnknown:
            return await self.run_async("EVAL", script.text, len(keys), *keys, *arguments)

    async def listen(
        self, channel: str, subscribed: Callable[[], None], deliver: Callable[[bytes], None]
    ) -> None:
        """Subscribe to a channel over a connection of its own and deliver until that breaks.

        `subscribed` is called once, when messages begin to arrive. Silence is broken by
        a ping every few seconds, so that a host that has vanished is noticed.

        Raises:
            BackendUnavailable: always, when the subscription could not be made or has ended.
        """
        client = self._redis.asyncio.Redis.from_url(
            self._url,
            retry=self._redis.asyncio.retry.Retry(self._redis.backoff.NoBackoff(), 0),
            **{**self._options, "max_connections": 2},
        )
        subscription = client.pubsub()
        answered = True
        try:
            await subscription.subscribe(channel)
            while True:
                message = await subscription.get_message(timeout=PING_SECONDS)
                if message is None:
                    if not answered:
                        raise self._redis.ConnectionError("no answer to a ping")
                    answered = False
                    await subscription.ping()
                    continue
                answered = True
                if message["type"] == "message":
                    deliver(message["data"])
                elif message["type"] == "subscribe":
                    subscribed()
        except self._failures as error:
            raise self._unavailable(("SUBSCRIBE",), _reason(error)) from error
        finally:
            with contextlib.suppress(*self._failures):
                await subscription.aclose()  # type: ignore[no-untyped-call]
            await client.aclose()

    def close(self) -> None:
        """Close the synchronous connections of this process; a later command opens new ones."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None and self._pid == os.getpid():
            client.close()

    async def close_async(self) -> None:
        """Close the connections of the running event loop and the synchronous ones."""
        with self._lock:
            client = self._clients.pop(asyncio.get_running_loop(), None)
        if client is not None and self._pid == os.getpid():
            await client.aclose()
        self.close()

    def _sync_client(self) -> redis.Redis:
        client = self._client
        if client is not None and self._pid == os.getpid():
            return client
        with self._lock:
            self._leave_the_parents()
            if self._client is None:
                pool = self._redis.BlockingConnectionPool.from_url(
                    self._url, timeout=self._wait_seconds, retry=self._retry, **self._options
                )
                self._client = self._redis.Redis(connection_pool=pool)
            return self._client

    def _async_client(self) -> redis.asyncio.Redis:
        loop = asyncio.get_running_loop()
        client = self._clients.get(loop)
        if client is not None and self._pid == os.getpid():
            return client
        with self._lock:
            self._leave_the_parents()
            client = self._clients.get(loop)
            if client is None:
                pool = self._redis.asyncio.BlockingConnectionPool.from_url(
                    self._url,
                    timeout=self._wait_seconds,
                    retry=self._retry_async,
                    **{**self._options, "max_connections": self._per_loop},
                )
                client = self._clients[loop] = self._redis.asyncio.Redis.from_pool(pool)
            return client

    def _leave_the_parents(self) -> None:
        if self._pid == os.getpid():
            return
        # Why kept: closing them here would unregister the sockets of the parent's event loop.
        self._inherited += [self._client, *self._clients.values()]
        self._client = None
        self._clients = weakref.WeakKeyDictionary()
        self._down_until = 0.0
        self._pid = os.getpid()

    def _fail_fast(self, command: Sequence[Argument]) -> None:
        if self._down_until and time.monotonic() < self._down_until:
            raise self._unavailable(command, self._down_reason)

    def _translated(self, error: Exception, command: Sequence[Argument]) -> OutsideError:
        library = self._redis
        text = _reason(error)
        if isinstance(error, library.exceptions.NoScriptError):
            return _ScriptUnknown(text)
        if isinstance(error, library.exceptions.DataError) or (
            type(error) is library.ResponseError
            and text.startswith(("WRONGTYPE", "value is", "increment", "ERR"))
        ):
            return CommandRefused(f"Redis at {self.name} refused {command[0]!s}: {text}")
        if isinstance(error, library.ConnectionError | library.TimeoutError | OSError | RuntimeError):
            self._down_reason = text
            self._down_until = time.monotonic() + PAUSE_SECONDS
        return self._unavailable(command, text)

    def _unavailable(self, command: Sequence[Argument], reason: str) -> BackendUnavailable:
        return BackendUnavailable(
            f"Redis at {self.name} cannot serve {command[0]!s}: {reason.rstrip('.')}.",
            fix="Check that it runs and that its address in the settings is right.",
        )


def _reason(error: Exception) -> str:
    if isinstance(error, RuntimeError):
        return "the other side has closed the connection"
    return mask_text(str(error)) or type(error).__name__


class _ScriptUnknown(CommandRefused):
    """The server has not seen this script, or has forgotten it in a restart."""
