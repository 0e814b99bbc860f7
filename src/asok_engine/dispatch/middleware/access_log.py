"""One log line per answered request.

Answers below 400 are INFO, refusals are WARNING, failures are ERROR; it is composed
only when `asok.access` writes any of them. The time runs from the moment when a server
gives us the request to the one when the response is ready; sending a stream or a file is not part of it. What
a client chose (method, path) is escaped by the formatters of `telemetry`, so nobody
can forge a line.
"""

from __future__ import annotations

import logging
from time import perf_counter

from asok_engine.wire.request import Request
from asok_engine.wire.response import Response

__all__ = ["AccessLog"]

LONGEST_PATH = 2000


class AccessLog:
    """Writes method, path, status, milliseconds, client address and request id of every request.

    Where somebody acts for somebody else, both are named: what they write carries the other's name.
    The query string stays out, because it may hold tokens and names of people.
    """

    def __init__(self, logger: logging.Logger | None = None) -> None:
        self._log = logger or logging.getLogger("asok.access")

    def finish(self, request: Request, response: Response) -> None:
        """Write the line; composed behind what changes the status.

        Where the level leaves out what went well, it is a finisher of refusals only.
        """
        status, log = response.status_code, self._log
        level = logging.INFO if status < 400 else logging.WARNING if status < 500 else logging.ERROR
        if not log.isEnabledFor(level):
            return
        milliseconds = (perf_counter() - request.started_at) * 1000
        path = request.path if len(request.path) <= LONGEST_PATH else request.path[:LONGEST_PATH] + "..."
        text = "%s %s %d %.1f ms %s"
        values: tuple[object, ...] = (request.method, path, status, milliseconds, request.ip)
        acting = request.acting
        if acting is not None:
            text, values = f"{text} by=%s for=%s", (*values, *acting)
        # Made by hand: looking for the calling line would cost more than all the rest.
        record = logging.LogRecord(log.name, level, "", 0, text, values, None)
        record.__dict__.update(
            method=request.method,
            path=path,
            status=status,
            ms=round(milliseconds, 3),
            ip=request.ip,
            request_id=request.id,
        )
        if acting is not None:
            record.__dict__.update(zip(("by", "for"), acting, strict=True))
        log.handle(record)
