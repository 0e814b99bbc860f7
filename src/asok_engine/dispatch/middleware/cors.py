"""Cross-origin resource sharing: which other sites may read our answers in a browser.

A preflight is answered before routing; every response, also redirects, errors and
static files, says whether the asking origin may read it. Origins are compared as
whole values that were checked at start, never as parts of text. Source: the Fetch
standard, 3.2 (CORS protocol); RFC 6454 7 (Origin).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from asok_engine.errors import InputError, SetupError
from asok_engine.wire.request import Request
from asok_engine.wire.response import Response

__all__ = ["Cors"]

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
HEADERS = ("Accept", "Accept-Language", "Authorization", "Content-Type", "X-CSRF-Token", "X-Requested-With")
DEFAULT_PORTS = {"http": "80", "https": "443"}

# The host is checked by its characters only: an origin is compared, never resolved.
ORIGIN = re.compile(
    r"([a-z][a-z0-9+.-]*)://(\*\.)?([a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?", re.ASCII
)
TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,100}")
REQUESTED_HEADERS = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z, \t]{0,2000}")

ALLOW_ORIGIN = b"access-control-allow-origin"
VARY_OF_PREFLIGHT = b"Origin, Access-Control-Request-Method, Access-Control-Request-Headers"


class Cors:
    """Answers preflights and marks responses.

    `origins` holds origins such as "https://app.example.com", "https://*.example.com"
    (any one label in its place), or "*" for everyone. `allow_headers` with "*" allows
    whatever a preflight asks for. `max_age_seconds` is how long a browser may remember
    a preflight.

    Raises:
        SetupError: "*" together with credentials, or something that is no origin,
            method or header name.
    """

    def __init__(
        self,
        origins: str | Sequence[str],
        *,
        allow_credentials: bool = False,
        allow_methods: Sequence[str] = METHODS,
        allow_headers: Sequence[str] = HEADERS,
        expose_headers: Sequence[str] = (),
        max_age_seconds: int = 600,
    ) -> None:
        given = [origins] if isinstance(origins, str) else list(origins)
        self._everyone = "*" in given
        if self._everyone and allow_credentials:
            raise SetupError(
                'CORS_ORIGINS is "*" and CORS_ALLOW_CREDENTIALS is true: any site could act as the visitor.',
                fix="List the origins that may send credentials.",
            )
        self._exact: frozenset[bytes] = frozenset()
        self._pattern: re.Pattern[bytes] | None = None
        if not self._everyone:
            self._take_origins(given)
        self._methods = frozenset(
            method.upper().encode("ascii") for method in _tokens("method", allow_methods)
        )
        self._granted: dict[bytes, bytes] = {}
        if allow_credentials:
            self._granted[b"access-control-allow-credentials"] = b"true"
        if expose_headers:
            exposed = ", ".join(_tokens("header", expose_headers))
            self._granted[b"access-control-expose-headers"] = exposed.encode("ascii")
        self._echoes_headers = "*" in allow_headers
        named = _tokens("header", [name for name in allow_headers if name != "*"])
        self._preflight = {
            b"access-control-allow-methods": ", ".join(m.upper() for m in allow_methods).encode("ascii"),
            b"access-control-allow-headers": ", ".join(named).encode("ascii"),
            b"access-control-max-age": b"%d" % max_age_seconds,
        }

    def guard(self, request: Request) -> Response | None:
        """Answer a preflight with 204; 400 when it asks for a method that is not allowed."""
        if request.method != "OPTIONS":
            return None
        headers = request.headers
        origin, method = headers.raw(b"origin"), headers.raw(b"access-control-request-method")
        if origin is None or method is None:
            return None
        response = Response(b"", 204)
        if not self._everyone:
            response.raw[b"vary"] = VARY_OF_PREFLIGHT
        if not self._allows(origin):
            return response
        if method not in self._methods:
            raise InputError(
                f"Other origins may not use {method.decode('latin-1')[:40]!r} here; "
                f"{self._preflight[b'access-control-allow-methods'].decode()} are allowed."
            )
        response.raw.update(self._preflight)
        if self._echoes_headers:
            asked = headers.raw(b"access-control-request-headers") or b""
            if REQUESTED_HEADERS.fullmatch(asked):
                response.raw[b"access-control-allow-headers"] = asked
        return response

    def finish(self, request: Request, response: Response) -> None:
        """Say on a response whether the asking origin may read it; what a handler has said stays."""
        raw = response.raw
        if self._everyone:
            if ALLOW_ORIGIN not in raw:
                raw[ALLOW_ORIGIN] = b"*"
                raw.update(self._granted)
            return
        vary = raw.get(b"vary")
        if vary is None:
            raw[b"vary"] = b"Origin"
        elif vary is not VARY_OF_PREFLIGHT:
            response.headers.add_vary("Origin")
        origin = request.sent.get(b"origin")
        if origin is not None and ALLOW_ORIGIN not in raw and self._allows(origin):
            raw[ALLOW_ORIGIN] = origin
            raw.update(self._granted)

    def _allows(self, origin: bytes) -> bool:
        if self._everyone or origin in self._exact:
            return True
        return self._pattern is not None and self._pattern.fullmatch(origin) is not None

    def _take_origins(self, given: list[str]) -> None:
        exact, patterns = set(), []
        for origin in given:
            text, wildcard = _origin(origin)
            if wildcard:
                scheme, _, rest = text.partition("*.")
                patterns.append(re.escape(scheme) + r"[a-z0-9-]{1,63}\." + re.escape(rest))
            else:
                exact.add(text.encode("ascii"))
        self._exact = frozenset(exact)
        if patterns:
            self._pattern = re.compile("|".join(patterns).encode("ascii"))


def _origin(given: str) -> tuple[str, bool]:
    """Bring an origin into the form that browsers send; tell whether it has a wildcard."""
    found = ORIGIN.fullmatch(given.strip().lower().removesuffix("/"))
    if found is None:
        raise SetupError(
            f"CORS_ORIGINS has {given!r}, which is no origin; expected scheme, host and, if it is not the "
            'usual one, port: "https://app.example.com", "http://localhost:3000", "https://*.example.com".'
        )
    scheme, wildcard, host, port = found.groups()
    shown_port = f":{port}" if port and port != DEFAULT_PORTS.get(scheme) else ""
    return f"{scheme}://{wildcard or ''}{host}{shown_port}", wildcard is not None


def _tokens(kind: str, names: Sequence[str]) -> list[str]:
    for name in names:
        if not isinstance(name, str) or TOKEN.fullmatch(name) is None:
            raise SetupError(f"CORS was given {name!r}, which cannot name a {kind}.")
    return list(names)
