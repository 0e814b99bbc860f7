"""Gives each request an id, and tells it to the client and to the log.

An id that came with the request is kept when it is plain and of a sensible length,
so that one id follows a request through several services; anything else is
replaced. An id made here is a random word of the process and a counter that is
shuffled, so it tells nobody how many requests there have been. Ids are for finding
log lines; they are no secret and grant nothing.
"""

from __future__ import annotations

import itertools
import os
import re

from asok_engine.telemetry.logs import request_id_var
from asok_engine.wire.request import Request
from asok_engine.wire.response import Response

__all__ = ["RequestId"]

FORM = re.compile(rb"[A-Za-z0-9._-]{8,128}")
# Odd, so multiplying by it modulo 2**32 gives every number once before any comes again.
SHUFFLE = 0x9E3779B1
MASK = 0xFFFFFFFF


class _Process:
    """The word of this process and its counter; made anew in a forked child."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        self.word = os.urandom(6).hex() + "-"
        self.next_number = itertools.count(int.from_bytes(os.urandom(4), "big")).__next__


_process = _Process()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_process.renew)


class RequestId:
    """Sets `request.id` before anything else happens, and X-Request-ID on every response."""

    def guard(self, request: Request) -> None:
        """Take over the id that was sent, or make one; log lines of this context carry it from here on."""
        sent = request.headers.raw(b"x-request-id")
        if sent is not None and FORM.fullmatch(sent):
            request.id = sent.decode("ascii")
        else:
            number = _process.next_number() * SHUFFLE & MASK
            request.id = _process.word + number.to_bytes(4, "big").hex()
        request_id_var.set(request.id)

    def finish(self, request: Request, response: Response) -> None:
        """Tell the client the id."""
        response.raw[b"x-request-id"] = request.id.encode("ascii")
