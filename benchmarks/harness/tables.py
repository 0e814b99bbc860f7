"""Figures as Markdown: tables, and goals beside what was reached."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Goal", "Section", "Spread", "Table", "goals_table"]


@dataclass(frozen=True)
class Spread:
    """Several measurements of one thing."""

    values: Sequence[float]

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.values)

    @property
    def best(self) -> float:
        """The lowest one: what the machine does meanwhile only ever adds."""
        return min(self.values)

    def over(self, other: Spread) -> float:
        """Give the median of the ratios of the rounds, each round against the same round of `other`."""
        return statistics.median(
            mine / theirs for mine, theirs in zip(self.values, other.values, strict=True)
        )

    def __str__(self) -> str:
        return f"{number(self.median)} [{number(min(self.values))}-{number(max(self.values))}]"

    def as_json(self) -> dict[str, Any]:
        """Give what a file keeps of it."""
        return {"median": self.median, "rounds": list(self.values)}


def number(value: float) -> str:
    """Write a figure with as many digits as it deserves."""
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


@dataclass
class Table:
    """A Markdown table: the first column is text, the others are figures."""

    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [self.columns, ["---", *["---:"] * (len(self.columns) - 1)], *self.rows]
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)


@dataclass
class Goal:
    """One goal: `limit` is the most that is allowed, `wish` what would be better still."""

    name: str
    figure: float | None
    limit: float
    unit: str = ""
    wish: float | None = None

    @property
    def verdict(self) -> str:
        """Say in a word or two whether it is reached."""
        if self.figure is None:
            return "not measured"
        if self.figure > self.limit:
            return f"**missed** by {(self.figure / self.limit - 1) * 100:.0f} %"
        return "met" if self.wish is None or self.figure <= self.wish else "met, not yet the wish"


@dataclass
class Section:
    """What one part of the run found."""

    title: str
    text: str
    tables: list[tuple[str, Table]] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    data: Any = None
    #: When and on what it was measured.
    facts: str = ""

    def __str__(self) -> str:
        parts = [f"## {self.title}", self.text, self.facts, goals_table([self])]
        for caption, table in self.tables:
            parts += [f"### {caption}", str(table)] if caption else [str(table)]
        if self.notes:
            parts.append("\n".join(f"- {note}" for note in self.notes))
        return "\n\n".join(part for part in parts if part)


def goals_table(sections: Sequence[Section]) -> str:
    """Write every goal beside its figure."""
    table = Table(["goal", "allowed", "wished", "reached", "verdict"])
    for section in sections:
        for goal in section.goals:
            reached = "-" if goal.figure is None else number(goal.figure) + goal.unit
            wish = "-" if goal.wish is None else number(goal.wish) + goal.unit
            table.rows.append([goal.name, number(goal.limit) + goal.unit, wish, reached, goal.verdict])
    return str(table) if table.rows else ""
