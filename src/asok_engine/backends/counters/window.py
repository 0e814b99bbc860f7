"""The arithmetic of a sliding window made of two fixed ones.

The hits of the current fixed window count in full, those of the window before it
in the share that the sliding window still covers: one subtraction instead of a
list of times per client. Pure; both backends use it, so that they cannot differ.
"""

from __future__ import annotations

import hashlib

from asok_engine.backends.counters.contract import Verdict

__all__ = ["bounded_key", "refused"]

LONGEST_KEY = 200


def refused(limit: int, window_seconds: float, current: int, previous: int, share: float) -> Verdict:
    """Say when a refused hit would be accepted.

    `share` is the part of the previous window that still counts, from 1.0 at the
    start of the current window down to 0.0 at its end.
    """
    if limit < 1:
        return Verdict(False, 0, window_seconds)
    room = limit - 1 - current
    if room >= 0:
        # The previous window has to fade until it leaves room for one.
        wait = share - room / previous
    else:
        # The current window is full: it has to become the previous one and fade in turn.
        wait = share + 1.0 - (limit - 1) / current
    return Verdict(False, 0, max(wait, 0.0) * window_seconds)


def bounded_key(key: str) -> str:
    """Shorten a key that a client could make arbitrarily long."""
    if len(key) <= LONGEST_KEY:
        return key
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
