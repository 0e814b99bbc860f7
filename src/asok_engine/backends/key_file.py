"""The key of a project in development that has set none: made once, kept beside the project.

Several workers, and a server that starts again at every change, have to sign with the
same key; with one key per process a visitor's session or form would be good for one
of them only. It is used in DEBUG alone, stands in `.asok/`, which is not committed,
and only its owner can read it.
"""

from __future__ import annotations

import contextlib
import logging
import os
from pathlib import Path

from asok_engine.security.keys import random_token

__all__ = ["kept_key"]

_log = logging.getLogger("asok")
_SHORTEST = 32


def kept_key(path: Path) -> str:
    """Give the key in a file, made at first use: the same to every process of this machine."""
    made = random_token(48)
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        beside = path.with_name(f"{path.name}.{os.getpid()}")
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(made)
        try:
            # Why a link: whoever comes first wins, and nobody reads half of a key.
            with contextlib.suppress(FileExistsError):
                os.link(beside, path)
        finally:
            beside.unlink()
        key = path.read_text(encoding="ascii").strip()
        if len(key) < _SHORTEST:
            raise ValueError(f"it has {len(key)} characters")
        path.chmod(0o600)
    except (OSError, ValueError) as error:
        _log.warning(
            "SECRET_KEY is not set, and no key can be kept in %s (%s); each process makes its own, and "
            "sessions and forms are good for one of them. Set SECRET_KEY in .env.",
            path,
            error,
        )
        return made
    return key
