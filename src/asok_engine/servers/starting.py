"""Says in the log why an application did not start, alike on every kind of server.

A SetupError says by itself what is wrong, where, and what to do; the frames that led to
it are ours and would only hide that. Anything else is told with its traceback.
"""

from __future__ import annotations

import logging

from asok_engine.errors import SetupError

__all__ = ["tell_of_failed_start"]

_log = logging.getLogger("asok")


def tell_of_failed_start(error: Exception) -> None:
    """Write one critical record about an error at the start."""
    is_plain = isinstance(error, SetupError) and error.__cause__ is None
    _log.critical("The application did not start: %s", error, exc_info=None if is_plain else error)
