"""Keeps what one visitor sees out of the caches of others.

A response that sets a cookie, that was made with a live session, or that carries a
form token, is private whatever a handler has said about caching. One that looked for
a session and found none is for everybody, but says that it depends on the cookie.
One that was made for bearer credentials depends on them and is private.
Sources: RFC 9111 3, 5.2.2.7 (private), 4.1 (Vary); directives are compared without
regard to case and white space, as caches do.
"""

from __future__ import annotations

from asok_engine.wire.authorization import carries_bearer
from asok_engine.wire.request import Request
from asok_engine.wire.response import Response

__all__ = ["PrivateAnswers", "make_private"]

CACHE_CONTROL, VARY = b"cache-control", b"vary"
FOR_ONE_READER = b"private, no-cache"
#: These let caches that several people use keep a response.
SHARED = frozenset({b"public", b"s-maxage", b"stale-while-revalidate", b"stale-if-error"})
KEPT_APART = frozenset({b"private", b"no-store"})


class PrivateAnswers:
    """A finisher; it stands before those that tag and compress."""

    def finish(self, request: Request, response: Response) -> None:
        """Mark a response that is for one visitor."""
        if carries_bearer(request):
            response.headers.add_vary("Authorization")
            make_private(response.raw)
            return
        known = request.__dict__
        if "session" not in known and "csrf_made" not in known:
            if response.cookies:
                make_private(response.raw)
            return
        raw = response.raw
        vary = raw.get(VARY)
        if vary is None:
            raw[VARY] = b"Cookie"
        elif b"cookie" not in vary.lower():
            response.headers.add_vary("Cookie")
        session = known.get("session")
        if response.cookies or "csrf_made" in known or (session is not None and session.is_live):
            make_private(raw)


def make_private(raw: dict[bytes, bytes]) -> None:
    """Let no cache that several people use keep a response with these fields."""
    field = raw.get(CACHE_CONTROL)
    if field is None:
        raw[CACHE_CONTROL] = FOR_ONE_READER
        return
    directives = [part.strip() for part in field.split(b",") if part.strip()]
    names = [part.partition(b"=")[0].strip().lower() for part in directives]
    # A private with field names keeps only these fields apart, not the response.
    apart = any(name in KEPT_APART and b"=" not in part for part, name in zip(directives, names, strict=True))
    kept = [part for part, name in zip(directives, names, strict=True) if name not in SHARED]
    if apart and len(kept) == len(directives):
        return
    raw[CACHE_CONTROL] = b", ".join(kept if apart else [b"private", *kept])
