"""HTTP dates (RFC 9110 5.6.7): written in the one form, read in the three."""

from __future__ import annotations

import calendar
import time
from functools import lru_cache

__all__ = ["format_date", "parse_date"]

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NUMBERS = {name: number for number, name in enumerate(_MONTHS, 1)}
_LAST = 253402300799


@lru_cache(maxsize=256)
def _formatted(second: int) -> str:
    at = time.gmtime(second)
    return (
        f"{_DAYS[at.tm_wday]}, {at.tm_mday:02d} {_MONTHS[at.tm_mon - 1]} {at.tm_year:04d} "
        f"{at.tm_hour:02d}:{at.tm_min:02d}:{at.tm_sec:02d} GMT"
    )


def format_date(epoch: float) -> str:
    """Write seconds since the epoch as an HTTP date; whole seconds, years 1970 to 9999."""
    return _formatted(max(0, min(int(epoch), _LAST)))


def parse_date(text: str) -> int | None:
    """Read an HTTP date as seconds since the epoch; None for what is none."""
    if len(text) > 64:
        return None
    words = text.replace("-", " ").replace(",", " ").split()
    try:
        if len(words) == 5 and ":" in words[3]:
            _, month, day, clock, year = words
        elif len(words) == 6 and words[5] == "GMT":
            _, day, month, year, clock, _ = words
        else:
            return None
        hour, minute, second = (int(part) for part in clock.split(":"))
        number = int(year)
        if len(year) == 2:
            number += 1900 if number >= 70 else 2000
        fields = (number, _NUMBERS[month], int(day), hour, minute, second)
    except (KeyError, ValueError):
        return None
    if not (1 <= fields[2] <= 31 and hour < 24 and minute < 60 and second <= 60 and 1970 <= number <= 9999):
        return None
    return calendar.timegm((*fields, 0, 0, 0))
