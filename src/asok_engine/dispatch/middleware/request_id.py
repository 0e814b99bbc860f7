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
    """Names requests, and tells their names in X-Request-ID.

    Where every request has a line in a log, `guard` and `finish` name all of them and
    tell every client. Where few have one, a request class with `id_of` as its `make_id`
    names those that somebody asks the id of, and `finish` is one of the traced finishers
    of the kernel, which tell whoever can have use for it.
    """

    def id_of(self, request: Request) -> str:
        """Give the id that was sent, or make one."""
        sent = request.sent.get(b"x-request-id")
        if sent is not None and FORM.fullmatch(sent):
            return sent.decode("ascii")
        number = _process.next_number() * SHUFFLE & MASK
        return _process.word + number.to_bytes(4, "big").hex()

    def guard(self, request: Request) -> None:
        """Name a request; log lines written for it carry the id from here on."""
        request._id = self.id_of(request)

    def finish(self, request: Request, response: Response) -> None:
        """Tell the client the id."""
        response.raw[b"x-request-id"] = request.id.encode()
