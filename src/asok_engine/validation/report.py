"""What is wrong with input, as data: path, code, parameters, message.

A report keeps every problem in the order in which the rules stand. It knows
neither HTTP nor HTML; a page shows the messages, a program reads the codes.
Values that people typed are never part of a problem.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct, field

__all__ = ["Problem", "Report"]


class Problem(Struct, frozen=True):
    """One rule that one value does not meet."""

    #: Where: the field's name; nested input has dots, `items.2.price`.
    path: str
    #: Which rule: `required`, `min`; stable, for programs.
    code: str
    #: What the rule asks for: `{"arg": "8"}`.
    parameters: Mapping[str, Any] = field(default_factory=dict)
    #: One sentence for the person who typed it.
    message: str = ""


class Report:
    """The problems of one validation, in order; false while there are none."""

    __slots__ = ("problems",)

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def add(self, path: str, code: str, message: str, parameters: Mapping[str, Any] | None = None) -> None:
        """Add a problem at the end."""
        self.problems.append(Problem(path, code, parameters or {}, message))

    def first(self) -> dict[str, str]:
        """Give the first message of each path."""
        found: dict[str, str] = {}
        for problem in self.problems:
            found.setdefault(problem.path, problem.message)
        return found

    def messages(self) -> dict[str, list[str]]:
        """Give all messages of each path, in order."""
        found: dict[str, list[str]] = {}
        for problem in self.problems:
            found.setdefault(problem.path, []).append(problem.message)
        return found

    def of(self, path: str) -> list[Problem]:
        """Give the problems of one path."""
        return [problem for problem in self.problems if problem.path == path]

    def only(self, paths: frozenset[str]) -> Report:
        """Give a report of the problems of some paths."""
        report = Report()
        report.problems = [problem for problem in self.problems if problem.path in paths]
        return report

    def __bool__(self) -> bool:
        return bool(self.problems)

    def __len__(self) -> int:
        return len(self.problems)

    def __iter__(self) -> Iterator[Problem]:
        return iter(self.problems)

    def __repr__(self) -> str:
        return f"<Report {[(problem.path, problem.code) for problem in self.problems]}>"
