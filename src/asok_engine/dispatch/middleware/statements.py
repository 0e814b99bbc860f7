"""Counts the statements of every request, and tells of rows that were loaded one by one.

Composed in debug, or when somebody listens to `statements_counted` at the start. It
also lets each request read from copies of a database until it has written itself.
Statements that run while a stream is sent are not part of the count.
"""

from __future__ import annotations

import logging
from collections import Counter

from asok_engine.database.databases import forget_own_writes
from asok_engine.database.observing import SeenStatements, current_statements
from asok_engine.telemetry.hooks import statements_counted
from asok_engine.wire.request import Request
from asok_engine.wire.response import Response

__all__ = ["Statements"]

_log = logging.getLogger("asok.database")


class Statements:
    """Counts per request; a text that ran more often than `suspicious` times is logged as a warning.

    With `gives_advice` so are, once for each place, plain code that holds up an event loop and
    reading more rows than a page shows.
    """

    def __init__(self, *, suspicious: int = 10, gives_advice: bool = False) -> None:
        self._suspicious = suspicious
        self._gives_advice = gives_advice

    def guard(self, request: Request) -> None:
        """Begin to count."""
        seen = SeenStatements(texts=Counter(), gives_advice=self._gives_advice)
        request.__dict__["statements"] = seen
        current_statements.set(seen)
        forget_own_writes()

    def finish(self, request: Request, response: Response) -> None:
        """Tell what was counted."""
        seen = request.__dict__.get("statements")
        if seen is None or not seen.count:
            return
        repeated = seen.repeated(self._suspicious)
        for text, times in repeated:
            _log.warning(
                "%s %s ran one statement %d times; load these rows together: %s",
                request.method,
                request.path,
                times,
                text,
            )
        if statements_counted:
            statements_counted.send(
                request.app, request=request, count=seen.count, seconds=seen.seconds, repeated=repeated
            )
