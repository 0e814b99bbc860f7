"""What a relative path or a relative SQLite address in a setting means: below the project's folder.

Pure. `sqlite:///db.sqlite3` is `<root>/db.sqlite3`, `sqlite:////var/db.sqlite3` is
absolute, `sqlite:///:memory:` and `sqlite://` have no file. Other addresses are
given back as they are.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

__all__ = ["absolute_dsn", "absolute_path"]

_SQLITE = re.compile(r"(?i)(sqlite(?:\+\w+)?:///)([^?]*)(\?.*)?", re.DOTALL)
_DRIVE = re.compile(r"[a-zA-Z]:[\\/]")


def absolute_path(value: str, root: Path) -> Path:
    """Give the path that a setting means, relative to `root` unless absolute; `~` is the home folder."""
    return Path(os.path.normpath(root / Path(value).expanduser()))


def absolute_dsn(value: str, root: Path) -> str:
    """Give a database address in which a relative SQLite path has become absolute below `root`."""
    found = _SQLITE.fullmatch(value)
    if found is None:
        return value
    scheme, path, query = found.groups()
    if not path or path.startswith((":memory:", "file:", "/")) or _DRIVE.match(path):
        return value
    return f"{scheme}{absolute_path(path, root).as_posix()}{query or ''}"
