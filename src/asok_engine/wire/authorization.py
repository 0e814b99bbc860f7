"""Credentials that a program sends with each request: `Authorization: Bearer ...`.

No browser sends them by itself, so a request that carries them is not one that another
site made with a visitor's cookies; and whoever carries them is not asked who their
cookies say they are. Sources: RFC 9110 11.6.2 (the field), RFC 6750 2.1 (Bearer).
"""

from __future__ import annotations

from asok_engine.wire.request import Request

__all__ = ["bearer_credentials", "carries_bearer"]

AUTHORIZATION = b"authorization"
_SCHEME = b"bearer"


def carries_bearer(request: Request) -> bool:
    """Tell whether a request carries bearer credentials, whatever they are worth."""
    field = request.headers.raw(AUTHORIZATION)
    return field is not None and field[:6].lower() == _SCHEME and field[6:7] in (b" ", b"\t", b"")


def bearer_credentials(request: Request) -> str | None:
    """Give the credentials, "" when there are none behind the scheme; None without the scheme."""
    if not carries_bearer(request):
        return None
    return (request.headers.raw(AUTHORIZATION) or b"")[6:].strip(b" \t").decode("latin-1")
