"""Serves with a child process that is replaced when the project's files change.

The listening socket stays open in this process, so a request that comes between
two children waits and is answered by the second. Changes come from `watchfiles`
where it is installed, else from looking at modification times twice a second.
"""

from __future__ import annotations

import importlib
import os
import signal
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

from asok_engine.servers.workers import Child, Command

__all__ = ["Changes", "PolledChanges", "Reloader", "WatchedChanges", "changes_in"]

SUFFIXES = frozenset({".py", ".html", ".asok", ".css", ".js", ".json"})
#: Folders whose content is written by the running application or by tools.
IGNORED = frozenset({"__pycache__", "node_modules", "uploads", "venv"})
_TICK_SECONDS = 0.5


class Changes(Protocol):
    """Tells what has changed."""

    def wait(self) -> set[Path]:
        """Wait for at most half a second; give the files that have changed since the last call."""


def _counts(path: Path) -> bool:
    return path.suffix in SUFFIXES or path.name == ".env"


def _stamps(folders: Iterable[Path], files: Callable[[], Iterable[Path]]) -> dict[Path, tuple[int, int]]:
    stamps: dict[Path, tuple[int, int]] = {}
    for folder in folders:
        for path, status in _walk(folder):
            stamps[path] = (status.st_mtime_ns, status.st_size)
    for path in files():
        try:
            status = path.stat()
        except OSError:
            continue
        stamps[path] = (status.st_mtime_ns, status.st_size)
    return stamps


def _walk(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        try:
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in IGNORED and not entry.name.startswith("."):
                    yield from _walk(Path(entry.path))
            elif _counts(Path(entry.name)):
                yield Path(entry.path), entry.stat()
        except OSError:
            # The file has gone between the two looks.
            continue


def _loose_files(root: Path) -> Callable[[], list[Path]]:
    """Give the files that count directly in the project's folder."""

    def files() -> list[Path]:
        try:
            return [
                Path(entry.path)
                for entry in os.scandir(root)
                if _counts(Path(entry.name)) and entry.is_file()
            ]
        except OSError:
            return []

    return files


class PolledChanges:
    """Looks at the modification times in `src` and of the files beside it."""

    def __init__(
        self, root: Path, *, folders: Iterable[Path] | None = None, tick_seconds: float = _TICK_SECONDS
    ) -> None:
        self._folders = [root / "src"] if folders is None else list(folders)
        self._files = _loose_files(root)
        self._tick = tick_seconds
        self._known = _stamps(self._folders, self._files)

    def wait(self) -> set[Path]:
        """Wait half a second and compare."""
        time.sleep(self._tick)
        return self.look()

    def look(self) -> set[Path]:
        """Compare now."""
        known, self._known = self._known, _stamps(self._folders, self._files)
        return {
            path for path in known.keys() | self._known.keys() if known.get(path) != self._known.get(path)
        }


class WatchedChanges:
    """Is told of changes in `src` by the operating system, through `watchfiles`; polls what is beside it."""

    def __init__(self, root: Path, watch: Callable[..., Iterator[set[tuple[Any, str]]]]) -> None:
        self._loose = PolledChanges(root, folders=[])
        self._source = root / "src"
        self._events = watch(
            self._source,
            watch_filter=lambda _, path: _belongs(Path(path), self._source),
            debounce=200,
            step=50,
            rust_timeout=int(_TICK_SECONDS * 1000),
            yield_on_timeout=True,
            raise_interrupt=False,
        )

    def wait(self) -> set[Path]:
        """Wait for an event, at most half a second."""
        events = next(self._events, None)
        if events is None:
            time.sleep(_TICK_SECONDS)
        return {Path(path) for _, path in events or ()} | self._loose.look()


def _belongs(path: Path, source: Path) -> bool:
    folders = path.relative_to(source).parts[:-1] if path.is_relative_to(source) else ()
    return _counts(path) and not any(part in IGNORED or part.startswith(".") for part in folders)


def changes_in(root: Path) -> Changes:
    """Watch a project in the best way that this installation has."""
    try:
        watchfiles = importlib.import_module("watchfiles")
    except ImportError:
        return PolledChanges(root)
    if not (root / "src").is_dir():
        return PolledChanges(root)
    return WatchedChanges(root, watchfiles.watch)


class Reloader:
    """Keeps one child serving `listener`, and replaces it when something changes.

    `command` says what to run (see `Child`); `failed` says it for a child that
    only shows a text, used while the application cannot run at all. `tell` gets
    a line for the developer.
    """

    def __init__(
        self,
        command: Command,
        failed: Callable[[str], Command],
        listener: socket.socket,
        changes: Changes,
        *,
        root: Path,
        tell: Callable[[str], None],
        stop_seconds: float = 3.0,
    ) -> None:
        self._command = command
        self._failed = failed
        self._listener = listener
        self._changes = changes
        self._root = root
        self._tell = tell
        self._stop_seconds = stop_seconds
        self._stopping = 0
        self._child: Child | None = None

    def run(self) -> None:
        """Serve until SIGINT or SIGTERM; returns when the child has ended."""
        before = {
            number: signal.signal(number, self._on_signal) for number in (signal.SIGINT, signal.SIGTERM)
        }
        shows_failure = False
        self._child = Child(self._command, self._listener)
        try:
            while True:
                changed = self._changes.wait()
                if self._stopping:
                    break
                if changed:
                    self._tell(f"Reloading: {self._named(changed)}.")
                    self._child.stop(self._stop_seconds)
                    self._child = Child(self._command, self._listener)
                    shows_failure = False
                elif not shows_failure and (code := self._child.exit_code()) is not None:
                    text = f"The application's process ended {_ending(code)}."
                    self._tell(f"{text} Waiting for a change.")
                    self._child.wait(0)
                    self._child = Child(self._failed(text), self._listener)
                    shows_failure = True
        finally:
            self._child.stop(self._stop_seconds)
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stopping += 1
        if self._stopping > 1 and self._child is not None:
            # The developer asks a second time: no more patience.
            self._child.kill()

    def _named(self, changed: set[Path]) -> str:
        names = sorted(os.path.relpath(path, self._root) for path in changed)
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        return f"{', '.join(names[:3])}{more} changed"


def _ending(code: int) -> str:
    if code < 0:
        try:
            return f"by signal {signal.Signals(-code).name}"
        except ValueError:
            return f"by signal {-code}"
    return f"with exit code {code}"
