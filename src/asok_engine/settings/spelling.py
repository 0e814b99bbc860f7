"""Which known names somebody may have meant by a name that is not known.

Pure. The distance counts one for a letter too many, too few, wrong, or swapped with
its neighbour. Short names allow one such slip and long ones two, so that a key of
the application's own is not taken for a misspelt setting.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["did_you_mean", "distance", "nearest"]


def distance(left: str, right: str) -> int:
    """Count the slips between two names (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        older, before, row = before, row, [i] + [0] * len(right)
        for j, b in enumerate(right, 1):
            row[j] = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                row[j] = min(row[j], older[j - 2] + 1)
    return row[-1]


def nearest(name: str, known: Iterable[str], limit: int = 3) -> list[str]:
    """List the known names with the fewest slips, two at most; nothing for three letters or less."""
    wanted = name.upper()
    allowed = 0 if len(wanted) < 4 else 1 if len(wanted) < 9 else 2
    found = [
        (slips, candidate)
        for candidate in known
        if abs(len(candidate) - len(wanted)) <= allowed
        and (slips := distance(wanted, candidate.upper())) <= allowed
    ]
    fewest = min(found, default=(0, ""))[0]
    return sorted(candidate for slips, candidate in found if slips == fewest)[:limit]


def did_you_mean(names: Iterable[str]) -> str:
    """Ask for the names as a question, or say nothing when there is none."""
    listed = " or ".join(names)
    return f"Did you mean {listed}?" if listed else ""
