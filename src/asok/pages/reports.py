"""What looking through `src/pages` has to say besides pages: problems and notes, as data.

A problem keeps a page from answering; whether that stops the start or one address
is the caller's decision. A note tells that a file does not do what its place
suggests, and stops nothing.
"""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from asok_engine.errors import SetupError

__all__ = ["PageNote", "PageProblem"]


class PageNote(Struct, frozen=True):
    """A file that answers no address although it stands among the pages, and why."""

    path: Path
    message: str

    def __str__(self) -> str:
        return self.message


class PageProblem(Struct, frozen=True):
    """A page that cannot answer: where (`line` counts from 1), what happened, one thing to do."""

    path: Path
    line: int
    message: str
    fix: str = ""
    #: What its code raised, when that is the problem.
    error: Exception | None = None

    def __str__(self) -> str:
        return f"{self.message} {self.fix}".rstrip()

    def to_error(self) -> SetupError:
        """Give a new error to raise; what the page's code raised is its cause."""
        error = SetupError(self.message, fix=self.fix)
        error.__cause__ = self.error
        return error
