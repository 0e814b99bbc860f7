"""Close codes: which may be sent, and which this room sends for what.

A code outside of what RFC 6455 7.4 lets an endpoint send would make every strict
client fail the connection with 1002, so it is refused where it is given.
"""

from __future__ import annotations

from typing import Final

from asok_engine.errors import UsageError

__all__ = [
    "FAILED",
    "GOING_AWAY",
    "NORMAL",
    "OVERLOADED",
    "REFUSED",
    "TOO_BIG",
    "checked_code",
    "fitting_reason",
]

NORMAL: Final = 1000
#: The server stops, or the page was left.
GOING_AWAY: Final = 1001
#: A policy says no: too many messages, a session that has ended, an error of the client.
REFUSED: Final = 1008
TOO_BIG: Final = 1009
#: A handler failed.
FAILED: Final = 1011
#: "Try again later": the client does not read what is sent to it.
OVERLOADED: Final = 1013

_SENDABLE: Final = frozenset({1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014})
LONGEST_REASON_BYTES: Final = 123


def checked_code(code: int) -> int:
    """Give back a close code that may be sent; raises UsageError for any other."""
    if code in _SENDABLE or 3000 <= code <= 4999:
        return code
    raise UsageError(
        f"{code!r} is no close code that may be sent.",
        fix="Take 1000, or one of your own from 4000 to 4999 (RFC 6455 7.4).",
    )


def fitting_reason(reason: str) -> str:
    """Cut a reason to what a close frame holds, at a whole character."""
    encoded = reason.encode("utf-8", "replace")
    if len(encoded) <= LONGEST_REASON_BYTES:
        return encoded.decode()
    return encoded[:LONGEST_REASON_BYTES].decode("utf-8", "ignore")
