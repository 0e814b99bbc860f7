"""A folder of small files that the processes of one machine share: whole, found by name, locked in turns.

A file is written beside its place and moved there, so a reader sees all of it or what
was before. Names are hexadecimal; their first two signs are a folder, so that none
has too many entries. Everything is readable by its owner only. What a file says is
not known here.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from asok_engine.errors import BackendUnavailable, SetupError

# On Windows changes take turns within one process only.
if sys.platform != "win32":
    import fcntl

__all__ = ["FileTree"]

NAME = re.compile(r"[0-9a-f]{62}(\.[0-9a-f]{16}\.tmp)?")
FOLDER = re.compile(r"[0-9a-f]{2}")
#: After this time what was written beside a place was left behind by a process that was killed.
STALE_SECONDS = 3600.0


class FileTree:
    """The files below `directory`, which is made when it is missing.

    Messages say what it is for: `kind`, as "session", and `holds`, as "sessions". `below` is
    a folder in it for the files of one of several trees.

    Raises:
        SetupError: `directory` cannot be made or is a file.
    """

    def __init__(self, directory: str | os.PathLike[str], kind: str, holds: str, *, below: str = "") -> None:
        self.root = Path(directory)
        self._holds = holds
        self._lock = threading.Lock()
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise SetupError(
                f"The {kind} directory {str(self.root)!r} cannot be made: {error.strerror}. "
                "Name a directory that this process may write to."
            ) from error
        self.root /= below

    def path(self, name: str) -> Path:
        """Give the place of a file with a name of 64 hexadecimal signs."""
        return self.root / name[:2] / name[2:]

    def read(self, path: Path) -> tuple[bytes, float] | None:
        """Give what a file holds and when it was changed; None when it is not there."""
        try:
            with open(path, "rb") as file:
                return file.read(), os.fstat(file.fileno()).st_mtime
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            raise self.unavailable("read", error) from error

    def write(self, path: Path, data: bytes, changed_at: float | None = None) -> None:
        """Put a file in its place, whole; `changed_at` is the time that it shall have."""
        temporary = path.with_name(f"{path.name}.{os.urandom(8).hex()}.tmp")
        with self.outside("write"):
            try:
                descriptor = _create(temporary)
            except FileNotFoundError:
                self.make(path.parent)
                descriptor = _create(temporary)
            try:
                with open(descriptor, "wb") as file:
                    file.write(data)
                if changed_at is not None:
                    os.utime(temporary, (changed_at, changed_at))
                os.replace(temporary, path)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise

    def mark(self, path: Path) -> None:
        """Have an empty file in a place."""
        with self.outside("write"):
            self.make(path.parent)
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))

    def make(self, folder: Path) -> None:
        """Have a folder below the root, each level of it readable by its owner only."""
        if folder != self.root:
            self.make(folder.parent)
        folder.mkdir(mode=0o700, parents=folder == self.root, exist_ok=True)

    def files(self) -> Iterator[Path]:
        """Give the files whose names are of this tree; others that lie below the root are left alone."""
        with contextlib.suppress(FileNotFoundError):
            for folder in self.root.iterdir():
                if FOLDER.fullmatch(folder.name) and folder.is_dir():
                    yield from (path for path in folder.iterdir() if NAME.fullmatch(path.name))

    @staticmethod
    def is_left_behind(path: Path) -> bool | None:
        """Tell whether a file was being written by a process that is gone; None for one in its place."""
        if path.suffix != ".tmp":
            return None
        return path.stat().st_mtime + STALE_SECONDS < time.time()

    @contextlib.contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Take turns with everybody who locks the same file of the tree, in all processes."""
        if sys.platform == "win32":
            with self._lock:
                yield
            return
        path = self.root / name
        with self.outside("lock"):
            self.make(path.parent)
            lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            with self.outside("lock"):
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    @contextlib.contextmanager
    def outside(self, deed: str) -> Iterator[None]:
        """Tell what the system refuses inside of the block as an outage of the backend.

        Raises:
            BackendUnavailable: an OSError was raised inside.
        """
        try:
            yield
        except OSError as error:
            raise self.unavailable(deed, error) from error

    def unavailable(self, deed: str, error: OSError) -> BackendUnavailable:
        """Make the error for a deed that the system has refused."""
        return BackendUnavailable(
            f"The {self._holds} in {str(self.root)!r} cannot {deed}: {error.strerror}.",
            fix="Check its permissions and the space on the disk.",
        )


def _create(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
