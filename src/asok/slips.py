"""Slips of the pen in an application's own files, told in one sentence with file, line and text.

A file that Python cannot read has no frames that would help: what was raised says
all, and the frames of whoever imported it only hide it. Pages have words of their
own for it (`pages.modules`), since one broken page does not stop the others.
"""

from __future__ import annotations

from pathlib import Path

from asok_engine.errors import SetupError

__all__ = ["unreadable"]


def unreadable(error: SyntaxError, folder: Path) -> SetupError:
    """Make the error for a file that is not Python; `folder` is one of the folders below `src`."""
    path = Path(error.filename or folder)
    root = folder.parent.parent
    shown = path.relative_to(root) if path.is_relative_to(root) else path
    text = (error.text or "").strip()
    return SetupError(
        f"{shown}, line {error.lineno}: {type(error).__name__}: {error.msg}.",
        fix=f"Correct it there: {text}" if text else "Correct it there.",
    )
