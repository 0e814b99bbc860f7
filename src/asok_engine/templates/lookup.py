"""Finds the file of a template name in an ordered list of folders.

A name is a relative path with forward slashes. It never leaves the folder that it
was found in: not by `..`, not as an absolute path, not by a link that points out.
This module reads names and folders; it opens no template.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from asok_engine.templates.errors import TemplateNotFound, suggestion

__all__ = ["Roots"]

SUFFIXES = (".html", ".asok")
DRIVE = re.compile(r"[A-Za-z]:")
#: How many files are looked at to suggest a name.
MOST_SUGGESTED_FROM = 5000


class Roots:
    """Folders in which templates are looked up, the first one that has the name wins."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = [Path(folder).resolve() for folder in folders]

    def find(self, name: str, first: Path | None = None, unless: Path | None = None) -> Path | None:
        """Find the file of `name`; None when no folder has it or the name is not allowed.

        `first` is a folder to look in before the others. `unless` is a file that is passed
        over: a page that extends its own name means the layout of that name.
        A name without an ending is also tried with `.html` and `.asok`.
        """
        parts = _parts(name)
        if parts is None:
            return None
        names = [parts]
        if "." not in parts[-1]:
            names += [[*parts[:-1], parts[-1] + suffix] for suffix in SUFFIXES]
        for folder in self._order(first):
            for candidate in names:
                path = folder.joinpath(*candidate)
                if path.is_file() and path != unless and path.resolve().is_relative_to(folder):
                    return path
        return None

    def missing(self, name: str, first: Path | None = None) -> TemplateNotFound:
        """Make the error for a name that was not found."""
        if _parts(name) is None:
            return TemplateNotFound(
                f"{name!r} is not a template name.",
                fix="Use a path below a template folder with forward slashes, for example html/base.html.",
            )
        searched = ", ".join(str(folder) for folder in self._order(first)) or "no folder at all"
        near = suggestion(name, sorted(set(self._names(first))))
        return TemplateNotFound(f"there is no template {name!r} in {searched}.", fix=near)

    def _order(self, first: Path | None) -> list[Path]:
        if first is None:
            return self.folders
        return [first.resolve(), *self.folders]

    def _names(self, first: Path | None) -> Iterator[str]:
        seen = 0
        for folder in self._order(first):
            for path in folder.rglob("*"):
                seen += 1
                if seen > MOST_SUGGESTED_FROM:
                    return
                if path.suffix in SUFFIXES:
                    yield path.relative_to(folder).as_posix()


def _parts(name: str) -> list[str] | None:
    """Cut a name into its parts; None when it could leave the folder it is joined to."""
    if not name or "\\" in name or "\0" in name or name.startswith("/") or DRIVE.match(name):
        return None
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if not parts or ".." in parts or any(ord(letter) < 32 for letter in name):
        return None
    return parts
