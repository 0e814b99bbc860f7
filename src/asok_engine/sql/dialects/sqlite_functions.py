"""Functions that SQLite lacks, for its connections: regular expressions, Unicode cases, parts of moments.

Each takes and gives what SQLite holds, gives the same for the same arguments, and
touches nothing outside. NULL in gives NULL out.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from asok_engine.sql.dialects.patterns import safe_pattern

__all__ = ["FUNCTIONS", "date_part", "part_of"]


def regexp(pattern: str | None, text: Any) -> bool | None:
    """Tell whether a regular expression that is safe to run is found in a text."""
    if pattern is None or text is None:
        return None
    return safe_pattern(pattern).is_in(str(text))


def lower(text: Any) -> Any:
    """Write a text in lower case, beyond ASCII too."""
    return text.lower() if isinstance(text, str) else text


def upper(text: Any) -> Any:
    """Write a text in upper case, beyond ASCII too."""
    return text.upper() if isinstance(text, str) else text


def date_part(part: str, text: str | None, zone: str) -> int | None:
    """Give a part of a day or of a moment in UTC, seen in a zone."""
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    if zone != "UTC":
        moment = moment.replace(tzinfo=UTC).astimezone(_zone(zone))
    return part_of(part, moment)


@functools.lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def part_of(part: str, moment: datetime | date) -> int:
    """Give a part of a moment as a whole number."""
    if part == "quarter":
        return (moment.month + 2) // 3
    if part == "week":
        return moment.isocalendar().week
    if part == "week_day":
        return moment.isoweekday() % 7 + 1
    if part == "year_day":
        return moment.timetuple().tm_yday
    return int(getattr(moment, part))


#: Name, number of arguments, function.
FUNCTIONS: tuple[tuple[str, int, Callable[..., Any]], ...] = (
    ("regexp", 2, regexp),
    ("asok_lower", 1, lower),
    ("asok_upper", 1, upper),
    ("asok_date_part", 3, date_part),
)
