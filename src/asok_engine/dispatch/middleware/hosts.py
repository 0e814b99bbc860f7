"""Answers only to hosts that are ours.

What a client writes into Host ends up in links, redirects and caches, so a request
for another host is refused before anything reads it. Values that were found right are
remembered, so the usual case is one look-up. A host that a trusted proxy told counts
instead of the field; the middleware of proxies comes before this one. Sources:
RFC 9110 7.2, RFC 9112 3.2.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable

from asok_engine.errors import InputError
from asok_engine.wire.hosts import HostPatterns, parse_host
from asok_engine.wire.request import Request

__all__ = ["Hosts"]

MOST_KNOWN = 256
MOST_LOGGED = 32

_log = logging.getLogger("asok.security")


class Hosts:
    """Refuses a request with 400 when its Host is malformed, repeated, missing, or none of `patterns`.

    `patterns` takes what `wire.hosts.HostPatterns` takes; without any, every host that is
    well formed is answered. `exempt_paths` are answered for every well-formed host, such
    as a health check that is asked by address. HTTP/1.0 may leave Host out; the server's
    own name stands for it then.
    """

    def __init__(self, patterns: Iterable[str] = (), *, exempt_paths: Collection[str] = ()) -> None:
        listed = list(patterns)
        self._patterns = HostPatterns(listed) if listed else None
        self._exempt = frozenset(exempt_paths)
        self._known: set[bytes] = set()
        self._logged: set[str] = set()

    def guard(self, request: Request) -> None:
        """Let a request for one of our hosts pass; raises InputError (400) for another."""
        sent, told = request.sent, request._host
        field = sent.get(b"host") if told is None else told.encode("latin-1", "replace")
        # What was sent twice may be Host.
        if field in self._known and not request.repeats_fields:
            return
        self._judge(request, field)

    def _judge(self, request: Request, field: bytes | None) -> None:
        if len(request.headers.getlist("host")) > 1:
            raise _refusal(request, "The request names its Host more than once.")
        if field is None:
            if request.exchange.http_version() != "1.0":
                raise _refusal(request, "The request names no Host.")
            return
        text = field.decode("latin-1")
        parsed = parse_host(text)
        if parsed is None:
            raise _refusal(request, f"{_shown(text)} is no host.")
        if self._patterns is not None and not self._patterns.allow(parsed[0]):
            if request.path in self._exempt:
                return
            self._tell(text)
            raise _refusal(request, f"Nothing here answers to the host {_shown(text)}.")
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        self._known.add(field)

    def _tell(self, text: str) -> None:
        if text not in self._logged and len(self._logged) < MOST_LOGGED:
            self._logged.add(text)
            _log.warning(
                "Requests for the host %s are refused. Add it to ALLOWED_HOSTS if it is yours.", text
            )


def _refusal(request: Request, message: str) -> InputError:
    # Why: the page that shows the error must not build links from a host that is not ours.
    request._host = ""
    return InputError(message, fix="Add the host to ALLOWED_HOSTS if it is yours.")


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:77] + "...")
