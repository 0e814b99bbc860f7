"""Says in the log why an application did not start, alike on every kind of server.

A SetupError says by itself what is wrong, where, and what to do; the frames that led to
it are ours and would only hide that. What other code raised is told with the frames of
that code; each worker says it, so it has to be short.
"""

from __future__ import annotations

import logging

from asok_engine.errors import SetupError
from asok_engine.telemetry.traces import met_other_code, short_trace

__all__ = ["tell_of_failed_start"]

_log = logging.getLogger("asok")


def tell_of_failed_start(error: Exception) -> None:
    """Write one critical record about an error at the start."""
    cause = error.__cause__
    says_all = isinstance(error, SetupError) and (
        cause is None or isinstance(cause, SyntaxError) or not met_other_code(cause)
    )
    record = _log.makeRecord(
        _log.name, logging.CRITICAL, __file__, 0, "The application did not start: %s", (error,), None
    )
    record.exc_text = None if says_all else short_trace(error)
    if _log.isEnabledFor(logging.CRITICAL):
        _log.handle(record)
