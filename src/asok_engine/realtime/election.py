"""Which of several processes serves the WebSocket port: the one that holds a lock on a file.

The lock goes with its process, however that ends, so another one takes over within a
moment. The file says nothing and stays.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from asok_engine.errors import SetupError

# On Windows there is one process that serves; the port itself decides between several.
if sys.platform != "win32":
    import fcntl

__all__ = ["Election"]


class Election:
    """One candidate for the lock file `path`, whose folder is made when it is missing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def win(self) -> bool:
        """Take the lock if nobody else has it; tell whether we have it now.

        Raises:
            SetupError: the file cannot be made.
        """
        if self._file is not None:
            return True
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise SetupError(
                f"The lock file {self._path} cannot be made: {error.strerror or error}.",
                fix="Let the application write to that folder.",
            ) from error
        if sys.platform != "win32":
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(file)
                return False
        self._file = file
        return True

    def resign(self) -> None:
        """Give the lock back."""
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):
                os.close(file)
