"""Signs of life for pages that ask for them, because a browser shows pings to nobody.

Where a network swallows everything, no connection ends by itself: the server finds out
by its pings, and a page by hearing nothing. The helper of pages asks with a parameter
of the handshake; a client that does not ask is sent nothing.
"""

from __future__ import annotations

import math

from asok_engine.realtime.parcel import Parcel
from asok_engine.wire.request import Request

__all__ = ["PARAMETER", "SIGN", "wanted_seconds"]

PARAMETER = "_alive"
SHORTEST_SECONDS, LONGEST_SECONDS = 1.0, 60.0
#: One character that no page shows; the helper keeps it to itself.
SIGN = Parcel("\0")


def wanted_seconds(request: Request) -> float | None:
    """Give how often a page wants to hear that the connection lives; None for never."""
    asked = request.query.get(PARAMETER) if PARAMETER in request.query_string else None
    try:
        seconds = float(asked) if asked else math.nan
    except ValueError:
        return None
    return None if math.isnan(seconds) else min(max(seconds, SHORTEST_SECONDS), LONGEST_SECONDS)
