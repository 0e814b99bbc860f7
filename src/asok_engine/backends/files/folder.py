"""Files below one folder of this machine, each whole or absent.

What is written goes to a hidden name in the same folder first and gets its own
name when all of it is on the disk; a full disk leaves nothing behind. Modes are
set on what was made, never through the umask of the process, which threads
share. A name cannot lead out of the folder, also through a symbolic link.
"""

from __future__ import annotations

import errno
import os
import uuid
from collections.abc import Iterable
from pathlib import Path

from asok_engine.errors import StorageFull, UsageError

__all__ = ["FileFolder"]

_FULL = (errno.ENOSPC, errno.EDQUOT)
_WITHOUT_LINKS = (errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.EXDEV)
_MOST_NAMES = 10_000


class FileFolder:
    """Writes files below `root`, with the modes of files and folders that it is told."""

    def __init__(self, root: Path, *, file_mode: int = 0o644, folder_mode: int = 0o755) -> None:
        self.root = root
        self._file_mode = file_mode
        self._folder_mode = folder_mode

    def write(self, name: str, pieces: Iterable[bytes], *, private: bool = False) -> str:
        """Write a file and give the name that it has: `a_1.txt` where `a.txt` was taken.

        `private` files can be read by the owner of the process only. Raises
        StorageFull (507) for a full disk, UsageError for a name that leads out.
        """
        parts = _parts(name)
        try:
            folder = self._folder(parts[:-1], 0o700 if private else self._folder_mode)
            hidden = os.path.join(folder, f".part-{uuid.uuid4().hex}")
            try:
                self._fill(hidden, pieces, 0o600 if private else self._file_mode)
                final = _claim(hidden, folder, parts[-1])
            finally:
                if os.path.lexists(hidden):
                    os.unlink(hidden)
        except OSError as error:
            if error.errno in _FULL:
                raise StorageFull(f"There is no space left to store {parts[-1]!r}.") from error
            raise
        return "/".join((*parts[:-1], final))

    def path(self, name: str) -> Path:
        """Give where a name stands."""
        return self.root.joinpath(*_parts(name))

    def remove(self, name: str) -> None:
        """Remove a file; one that is not there is removed already."""
        self.path(name).unlink(missing_ok=True)

    def _folder(self, parts: list[str], mode: int) -> str:
        self.root.mkdir(parents=True, exist_ok=True)
        root = os.path.realpath(self.root)
        folder = root
        for part in parts:
            folder = os.path.join(folder, part)
            try:
                os.mkdir(folder, mode)
                os.chmod(folder, mode)
            except FileExistsError:
                pass
        if os.path.realpath(folder) != folder:
            raise UsageError(
                f"The folder {'/'.join(parts)!r} is a symbolic link or a part of it is.",
                fix="Store files in folders that are really below the folder of uploads.",
            )
        return folder

    def _fill(self, path: str, pieces: Iterable[bytes], mode: int) -> None:
        flags = (
            os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        )
        handle = os.open(path, flags, 0o600)
        with open(handle, "wb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            if hasattr(os, "fchmod"):
                os.fchmod(handle, mode)
            os.fsync(handle)


def _claim(hidden: str, folder: str, name: str) -> str:
    """Give the finished file its name, or the next one that is free."""
    stem, dot, end = name.rpartition(".")
    if not dot:
        stem, end = name, ""
    for number in range(_MOST_NAMES):
        candidate = name if number == 0 else f"{stem}_{number}{dot}{end}"
        target = os.path.join(folder, candidate)
        try:
            os.link(hidden, target)
            return candidate
        except FileExistsError:
            continue
        except OSError as error:
            if error.errno not in _WITHOUT_LINKS:
                raise
        try:
            # Why: some file systems have no hard links; this reserves the name just as well.
            os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            continue
        os.replace(hidden, target)
        return candidate
    raise UsageError(
        f"More than {_MOST_NAMES} files are called like {name!r}.", fix="Let the name be generated."
    )


def _parts(name: str) -> list[str]:
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    if not parts or name.startswith("/") or ".." in parts or "\x00" in name:
        raise UsageError(
            f"{name!r} is no name below the folder of uploads.",
            fix="Give a relative path such as avatars/a.png.",
        )
    return parts
