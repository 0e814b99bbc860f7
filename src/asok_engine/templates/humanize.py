"""Numbers and times as a person would say them.

Pure functions over values: sizes in bytes, counts, spans of seconds, moments. A
moment is a `datetime` (without a zone it is taken as UTC), a `date`, an ISO 8601
text or a number of seconds since 1970. What cannot be read as such is given back as
its text, so that a list with one bad row still shows.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

__all__ = [
    "duration",
    "filesize",
    "format_date",
    "format_epoch",
    "intcomma",
    "moment",
    "pluralize",
    "time_ago",
]

STEPS = ((60, "minute"), (60, "hour"), (24, "day"), (7, "week"))
SPANS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))
NUMBER = re.compile(r"([-+]?)(\d{1,400})(\.\d{0,400})?")


def moment(value: object) -> datetime | None:
    """Read a moment; None when `value` is none."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC)
    try:
        if isinstance(value, str):
            read = datetime.fromisoformat(value)
            return read if read.tzinfo else read.replace(tzinfo=UTC)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def format_date(value: object, form: str = "%d/%m/%Y") -> str:
    """Write a date, time or moment with `strftime` codes; none becomes ""."""
    if value is None or value == "":
        return ""
    if isinstance(value, (date, time)):
        return value.strftime(form)
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value).strftime(form)
        except ValueError:
            return str(value)
    return format_epoch(value, form)


def format_epoch(value: object, form: str = "%d/%m/%Y %H:%M") -> str:
    """Write a number of seconds since 1970 with `strftime` codes, in UTC."""
    if value is None or value == "":
        return ""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return str(value)
    read = moment(value)
    return str(value) if read is None else read.strftime(form)


def time_ago(value: object, now: datetime | None = None) -> str:
    """Say how long ago a moment was: "just now", "2 hours ago", "in 3 days"."""
    if value is None or value == "":
        return ""
    read = moment(value)
    if read is None:
        return str(value)
    seconds = ((now or datetime.now(UTC)) - read).total_seconds()
    amount = abs(seconds)
    if amount < 45:
        return "just now"
    if amount >= 365 * 86400:
        count, unit = int(amount // (365 * 86400)), "year"
    elif amount >= 30 * 86400:
        count, unit = int(amount // (30 * 86400)), "month"
    else:
        count, unit = _largest(amount)
    text = f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{text} ago" if seconds > 0 else f"in {text}"


def _largest(amount: float) -> tuple[int, str]:
    count, unit = max(1, int(amount // 60)), "minute"
    for size, name in STEPS[1:]:
        if count < size:
            break
        count, unit = count // size, name
    return count, unit


def duration(value: object) -> str:
    """Write a span of seconds with its two largest units: "5m 20s", "1h 10m", "2d 4h"."""
    if value is None or value == "":
        return ""
    if isinstance(value, timedelta):
        value = value.total_seconds()
    try:
        seconds = int(float(str(value)))
    except (ValueError, OverflowError):
        return str(value)
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    parts: list[str] = []
    for size, name in SPANS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{name}")
        elif parts:
            break
        if len(parts) == 2:
            break
    return sign + " ".join(parts) if parts else "0s"


def filesize(value: object) -> str:
    """Write a number of bytes: "0 B", "450 KB", "1.2 MB"; a step is 1024."""
    if value is None or value == "":
        return ""
    try:
        size = float(str(value))
    except ValueError:
        return str(value)
    unit = "B"
    for larger in ("KB", "MB", "GB", "TB", "PB"):
        # Why: 1023.96 KB would be written as 1024 KB.
        if abs(size) < 1023.95:
            break
        size, unit = size / 1024, larger
    text = f"{size:.1f}" if unit != "B" else f"{size:.0f}"
    return f"{text.removesuffix('.0')} {unit}"


def intcomma(value: object) -> str:
    """Put a comma between groups of three digits: "1,200", "-1,234.5"."""
    if value is None:
        return ""
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return f"{value:,}"
    found = NUMBER.fullmatch(str(value))
    if found is None:
        return str(value)
    sign, whole, rest = found.groups()
    return f"{sign}{int(whole):,}{rest or ''}"


def pluralize(value: object, singular: str = "", plural: str = "s") -> str:
    """Choose a word by a count: a number, or anything with a length."""
    if isinstance(value, (int, float, Decimal)):
        return singular if value == 1 else plural
    if value is None:
        return plural
    if isinstance(value, str):
        return singular if value.strip() == "1" else plural
    size = getattr(value, "__len__", None)
    return singular if size is not None and size() == 1 else plural
