"""HTTP dates (RFC 9110 5.6.7): written in the one form, read in the three.

It asks no clock: a moment comes as seconds since the epoch, and a year of two
digits is from 1970 to 2069. What is not a date of the calendar is none at all,
so no field can overflow what computes with it.
"""

from __future__ import annotations

import calendar
import re
import time
from functools import lru_cache

__all__ = ["format_date", "parse_date"]

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NUMBERS = {name: number for number, name in enumerate(_MONTHS, 1)}
_LAST = 253402300799

# IMF-fixdate, and the form of RFC 850 with hyphens; then the one of asctime().
_USUAL = re.compile(
    r"[A-Z][a-z]{2,8}, ([0-9]{1,2})[ -]([A-Z][a-z]{2})[ -]([0-9]{4}|[0-9]{2}) "
    r"([0-9]{2}:[0-9]{2}:[0-9]{2}) GMT\Z"
)
_ASCTIME = re.compile(
    r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) {1,2}([0-9]{1,2}) ([0-9]{2}:[0-9]{2}:[0-9]{2}) ([0-9]{4})\Z"
)


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
    text = text.strip(" \t")
    if found := _USUAL.match(text):
        day, name, year, clock = found.groups()
    elif found := _ASCTIME.match(text):
        name, day, clock, year = found.groups()
    else:
        return None
    month, number = _NUMBERS.get(name, 0), int(year)
    if len(year) == 2:
        number += 1900 if number >= 70 else 2000
    hour, minute, second = int(clock[:2]), int(clock[3:5]), int(clock[6:])
    if not (month and hour < 24 and minute < 60 and second <= 60 and number >= 1970):
        return None
    if not 1 <= int(day) <= calendar.monthrange(number, month)[1]:
        return None
    return calendar.timegm((number, month, int(day), hour, minute, second, 0, 0, 0))
