"""A cache in files, shared by the processes of one machine.

A file is written beside its place and moved there, so a reader sees the old value
or the new one; it is readable by its owner only and named by a hash, so a key can
be any text. A file that cannot be understood is a miss. Event loops read and write
through a thread: a disk has no other way to wait. Old files are cleared now and
then while writing.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import math
import os
import time
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from pathlib import Path
from typing import Any

from asok_engine.backends.cache.single_flight import SingleFlight
from asok_engine.backends.cache.values import MISSING, decode, encode
from asok_engine.backends.file_tree import FileTree
from asok_engine.errors import UsageError

__all__ = ["FileCache"]

MAGIC = b"cache1 "
LONGEST_HEAD = 64


class FileCache:
    """Keep values in files under `directory`, which is made when it is missing.

    Caches with different `prefix` may share a directory. `clock` gives seconds since
    the epoch; a test may pass its own. About every `clear_every` writes of a process
    the files that have run out are removed, and the oldest beyond `max_entries`.

    Raises:
        SetupError: `directory` cannot be made or is a file.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        prefix: str = "",
        *,
        max_entries: int = 10_000,
        default_ttl_seconds: float | None = None,
        clear_every: int = 1000,
        clock: Callable[[], float] = time.time,
    ) -> None:
        below = "p" + hashlib.sha256(_octets(prefix)).hexdigest()[:16] if prefix else ""
        self._tree = FileTree(directory, "cache", "file cache", below=below)
        self._max_entries = max_entries
        self._default_ttl = default_ttl_seconds
        self._clear_every = clear_every
        self._clock = clock
        self._flight = SingleFlight()
        self._writes = itertools.count(1)

    def get(self, key: str, default: Any = None) -> Any:
        """Give the value of `key`, or `default` when there is none."""
        data, _ = self._read(self._path(key))
        if data is None:
            return default
        value = decode(data)
        return default if value is MISSING else value

    def set(self, key: str, value: Any, ttl: float | None = None) -> None:
        """Keep `value` under `key` for `ttl` seconds.

        Raises:
            UsageError: the value has no JSON form.
        """
        self._write(key, encode(key, value), self._expiry(ttl))

    def delete(self, key: str) -> bool:
        """Forget `key`; tell whether it was there."""
        path = self._path(key)
        data, _ = self._read(path)
        with self._tree.outside("delete"):
            path.unlink(missing_ok=True)
        return data is not None

    def has(self, key: str) -> bool:
        """Tell whether `key` has a value."""
        return self.get(key, MISSING) is not MISSING

    def incr(self, key: str, amount: int = 1, ttl: float | None = None) -> int:
        """Add to a whole number in one step and give the sum; processes take turns.

        Raises:
            UsageError: the value of `key` is not a whole number.
        """
        with self._tree.locked(".lock"):
            data, expires_at = self._read(self._path(key))
            value = MISSING if data is None else decode(data)
            if value is MISSING:
                total, expires_at = amount, self._expiry(ttl)
            elif type(value) is not int:
                raise UsageError(f"The cache cannot add to {key!r}: its value is not a whole number.")
            else:
                total = value + amount
            self._write(key, encode(key, total), expires_at)
        return total

    def remember(self, key: str, ttl: float | None, fn: Callable[[], Any]) -> Any:
        """Give the value of `key`; when there is none, call `fn` and keep what it returns."""
        found = self.get(key, MISSING)
        if found is not MISSING:
            return found

        def compute() -> Any:
            data = encode(key, fn())
            self._write(key, data, self._expiry(ttl))
            return decode(data)

        return self._flight.run(key, lambda: self.get(key, MISSING), compute)

    def flush(self) -> None:
        """Forget every key of this prefix; files that are not ours stay."""
        for path in self._tree.files():
            with self._tree.outside("flush"):
                path.unlink(missing_ok=True)

    def close(self) -> None:
        """Do nothing: no file stays open."""

    async def get_async(self, key: str, default: Any = None) -> Any:
        """Do what `get` does in a thread."""
        return await asyncio.to_thread(self.get, key, default)

    async def set_async(self, key: str, value: Any, ttl: float | None = None) -> None:
        """Do what `set` does in a thread; the value is read before the first wait."""
        await asyncio.to_thread(self._write, key, encode(key, value), self._expiry(ttl))

    async def delete_async(self, key: str) -> bool:
        """Do what `delete` does in a thread."""
        return await asyncio.to_thread(self.delete, key)

    async def has_async(self, key: str) -> bool:
        """Do what `has` does in a thread."""
        return await asyncio.to_thread(self.has, key)

    async def incr_async(self, key: str, amount: int = 1, ttl: float | None = None) -> int:
        """Do what `incr` does in a thread."""
        return await asyncio.to_thread(self.incr, key, amount, ttl)

    async def remember_async(
        self, key: str, ttl: float | None, fn: Callable[[], Awaitable[Any] | Any]
    ) -> Any:
        """Do what `remember` does for tasks of one event loop; `fn` may be plain or async."""
        found = await self.get_async(key, MISSING)
        if found is not MISSING:
            return found

        async def compute() -> Any:
            value = fn()
            if isawaitable(value):
                value = await value
            data = encode(key, value)
            await asyncio.to_thread(self._write, key, data, self._expiry(ttl))
            return decode(data)

        return await self._flight.run_async(key, lambda: self.get_async(key, MISSING), compute)

    async def flush_async(self) -> None:
        """Do what `flush` does in a thread."""
        await asyncio.to_thread(self.flush)

    async def close_async(self) -> None:
        """Do nothing: no file stays open."""

    def clear(self) -> int:
        """Remove what has run out, and the oldest beyond `max_entries`; give how many went."""
        kept: list[tuple[float, Path]] = []
        gone = 0
        for path in self._tree.files():
            with contextlib.suppress(OSError):
                left_behind = self._tree.is_left_behind(path)
                dead = self._read(path)[0] is None if left_behind is None else left_behind
                if dead:
                    path.unlink(missing_ok=True)
                    gone += 1
                elif left_behind is None:
                    kept.append((path.stat().st_mtime, path))
        if len(kept) > self._max_entries:
            kept.sort()
            for _, path in kept[: len(kept) - self._max_entries]:
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)
                    gone += 1
        return gone

    def _path(self, key: str) -> Path:
        return self._tree.path(hashlib.sha256(_octets(key)).hexdigest())

    def _expiry(self, ttl: float | None) -> float:
        seconds = self._default_ttl if ttl is None else ttl
        return math.inf if seconds is None else self._clock() + seconds

    def _read(self, path: Path) -> tuple[bytes | None, float]:
        """The JSON of a file that is ours and has not run out, and when it runs out."""
        read = self._tree.read(path)
        if read is None:
            return None, math.inf
        head, line_break, body = read[0].partition(b"\n")
        if not (head.startswith(MAGIC) and line_break and len(head) < LONGEST_HEAD):
            return None, math.inf
        try:
            expires_at = float(head[len(MAGIC) :])
        except ValueError:
            return None, math.inf
        if not expires_at > self._clock():
            return None, expires_at
        return body, expires_at

    def _write(self, key: str, data: bytes, expires_at: float) -> None:
        path = self._path(key)
        if expires_at <= self._clock():
            with self._tree.outside("write"):
                path.unlink(missing_ok=True)
            return
        self._tree.write(path, b"%s%r\n" % (MAGIC, expires_at) + data)
        if next(self._writes) % self._clear_every == 0:
            self.clear()


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
