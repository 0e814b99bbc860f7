"""Rates as people write them: "5/m", "100/hour", "3/15m", (5, 60).

A rate that cannot be read stops the start with the accepted forms; no rate is
guessed. Pure: knows nothing of counters or clocks.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from asok_engine.errors import SetupError

__all__ = ["Rate", "parse_rate"]

SECONDS = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3600),
    **dict.fromkeys(("d", "day", "days"), 86400),
}
FORM = re.compile(r"\s*([0-9]{1,9})\s*(?:/|\bper\b)\s*([0-9]{1,9})?\s*([a-z]+)\s*", re.ASCII | re.IGNORECASE)


class Rate(NamedTuple):
    """At most `limit` hits in any `window_seconds`."""

    limit: int
    window_seconds: float


def parse_rate(value: str | tuple[int, float] | Rate) -> Rate:
    """Read a rate.

    Accepted: "5/s", "5/m", "5/h", "5/d", the same with words ("100/hour",
    "100 per minute"), with a number before the unit ("3/15m"), and a pair of
    limit and seconds (5, 60).

    Raises:
        SetupError: the value has none of these forms, or one of its numbers is not positive.
    """
    limit: object = None
    window: object = None
    if isinstance(value, str):
        found = FORM.fullmatch(value)
        if found is not None and found[3].lower() in SECONDS:
            limit = int(found[1])
            window = int(found[2] or 1) * SECONDS[found[3].lower()]
    elif isinstance(value, tuple | list) and len(value) == 2:
        limit, window = value
    if type(limit) is int and type(window) in (int, float) and limit > 0:
        seconds = float(window)  # type: ignore[arg-type]
        if 0 < seconds < float("inf"):
            return Rate(limit, seconds)
    raise SetupError(
        f"The rate {value!r} cannot be read; expected a positive number per time such as "
        '"5/s", "5/m", "100/hour", "3/15m", or a pair of limit and seconds such as (5, 60).'
    )
