"""Tells the hooks `request_started` and `request_finished` of every request.

Composed only when somebody listens at the start; a receiver that is connected
later hears of requests after the next start.
"""

from __future__ import annotations

from time import perf_counter

from asok_engine.telemetry.hooks import request_finished, request_started
from asok_engine.wire.request import Request
from asok_engine.wire.response import Response

__all__ = ["Announcements"]


class Announcements:
    """Sends both hooks; the sender is the application."""

    def guard(self, request: Request) -> None:
        """Tell that a request came in."""
        request_started.send(request.app, request=request)

    def finish(self, request: Request, response: Response) -> None:
        """Tell that it was answered; sending a stream is not part of the time."""
        seconds = perf_counter() - request.started_at
        request_finished.send(request.app, request=request, response=response, seconds=seconds)
