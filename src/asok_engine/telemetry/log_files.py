"""A log file that several worker processes may write to.

It grows to a size, is then renamed, and a few older ones are kept. Each process
notices when another one has renamed the file, and only one renames at a time: the
handler of the standard library would go on writing into the renamed one.
"""

from __future__ import annotations

import logging
import os
import stat
import sys
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler

from asok_engine.errors import SetupError

# An open file cannot be renamed on Windows; one process is assumed there.
if sys.platform != "win32":
    import fcntl

__all__ = ["LogFile"]

PRIVATE = stat.S_IRUSR | stat.S_IWUSR | stat.S_IRGRP


class LogFile(RotatingFileHandler):
    """Append lines to `path`; after `max_bytes` begin a new file and keep `kept` older ones.

    The directory is made when it is missing; the file is not readable by others.

    Raises:
        SetupError: the file cannot be opened for writing.
    """

    def __init__(self, path: str, max_bytes: int = 10_000_000, kept: int = 5) -> None:
        try:
            os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
            super().__init__(
                path, maxBytes=max_bytes, backupCount=kept, encoding="utf-8", errors="backslashreplace"
            )
        except OSError as error:
            raise SetupError(
                f"The log file {path!r} cannot be opened: {error.strerror}. "
                "Name a file in a directory that this process may write to."
            ) from error

    def shouldRollover(self, record: logging.LogRecord) -> bool:
        """Tell whether the file is full, after following a rename by another process."""
        if self._is_elsewhere():
            self._reopen()
        return bool(super().shouldRollover(record))

    def doRollover(self) -> None:
        """Begin a new file, unless another process has just done so."""
        if sys.platform == "win32":
            super().doRollover()
            return
        handle = os.open(self.baseFilename + ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if self._is_elsewhere():
                self._reopen()
            else:
                super().doRollover()
        finally:
            os.close(handle)

    def _open(self) -> TextIOWrapper:
        handle = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, PRIVATE)
        return TextIOWrapper(open(handle, "ab"), encoding=self.encoding, errors=self.errors)

    def _reopen(self) -> None:
        stream, self.stream = self.stream, None
        if stream is not None:
            stream.close()
        self.stream = self._open()

    def _is_elsewhere(self) -> bool:
        if self.stream is None:
            return False
        try:
            there = os.stat(self.baseFilename)
        except FileNotFoundError:
            return True
        here = os.fstat(self.stream.fileno())
        return (there.st_dev, there.st_ino) != (here.st_dev, here.st_ino)
