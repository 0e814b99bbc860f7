"""What SQLite lacks works in its connections as on the other databases."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from asok_engine.sql.dialects.sqlite_functions import FUNCTIONS, date_part, part_of


def ask(sql: str) -> object:
    """Ask a connection that has the functions."""
    connection = sqlite3.connect(":memory:")
    for name, count, function in FUNCTIONS:
        connection.create_function(name, count, function, deterministic=True)
    try:
        return connection.execute(f"SELECT {sql}").fetchone()[0]
    finally:
        connection.close()


def test_regular_expressions_are_searched() -> None:
    """NULL on either side gives NULL."""
    assert ask("'hello' REGEXP '^h.l'") == 1
    assert ask("'hello' REGEXP '(?i)HELLO$'") == 1
    assert ask("'hello' REGEXP 'x'") == 0
    assert ask("NULL REGEXP 'x'") is None
    assert ask("5 REGEXP '5'") == 1


def test_cases_beyond_ascii() -> None:
    """SQLite's own lower() leaves them."""
    assert ask("asok_lower('ÄÖ')") == "äö"
    assert ask("asok_upper('äö')") == "ÄÖ"
    assert ask("asok_lower(5)") == 5
    assert ask("asok_upper(NULL)") is None


def test_parts_of_moments() -> None:
    """Seen in a zone; NULL stays."""
    assert date_part("year", "2025-12-31 23:30:00.000000", "Europe/Berlin") == 2026
    assert date_part("hour", "2025-12-31 23:30:00.000000", "UTC") == 23
    assert date_part("year", None, "UTC") is None
    moment = datetime(2026, 7, 4, 12, 30)
    found = {part: part_of(part, moment) for part in ("quarter", "week", "week_day", "year_day", "minute")}
    assert found == {"quarter": 3, "week": 27, "week_day": 7, "year_day": 185, "minute": 30}
