"""What every contestant answers: the same texts, rows and files, so that bodies can be compared.

The rows hold a script element and letters outside Latin-1, so a template that does
not escape, or not as UTF-8, is found out by the check of the bodies.
"""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).resolve().parent
TEMPLATES = FOLDER / "project" / "src" / "partials"
TEXT = "Hello, World!"
SECRET = "benchmarks-and-nothing-else-0123456789-0123456789"

MESSAGES = (
    "A cache is a bet that yesterday will happen again.",
    "Every program is finished until someone uses it.",
    "It worked on the third machine, so the third machine was shipped.",
    "Naming things is easy; agreeing on the name is the other half.",
    "Nothing is as permanent as a workaround with a good comment.",
    "The fastest request is the one that a proxy answers.",
    "The log was right, the clock was wrong.",
    "There is always one more time zone \u2014 Zdeněk",
    "Two threads walk into a bar, then one walks into a bar.",
    '<script>alert("unescaped");</script>',
    "フレームワークの比較",
)


class Row:
    """One row of the table."""

    __slots__ = ("id", "message")

    def __init__(self, id: int, message: str) -> None:
        self.id = id
        self.message = message


def fortunes() -> list[Row]:
    """Give twelve sorted rows, made anew as a query would make them."""
    rows = [Row(number, message) for number, message in enumerate(MESSAGES, 1)]
    rows.append(Row(0, "Added while the request was answered."))
    rows.sort(key=lambda row: row.message)
    return rows


ITEMS = [{"id": number, "name": f"Item <{number}>", "price": number * 1.5} for number in range(1, 13)]
