"""Which sites may open a WebSocket here: the protection against cross-site hijacking.

A browser sends cookies with every handshake, whoever's page asked for it, and no
CORS rule holds it back; the Origin field is all that tells. A wildcard stands for one
label. A client without Origin is no browser: it may come, but not with cookies.
Sources: RFC 6455 10.2, RFC 6454.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from asok_engine.errors import SetupError

__all__ = ["Origins"]

_ORIGIN = re.compile(r"([a-z][a-z0-9+.-]*)://((?:\*\.)?[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?")
_DEFAULT_PORTS = {"http": "80", "https": "443", "ws": "80", "wss": "443"}
_WEB = ("http://", "https://")
_LOCAL = re.compile(r"https?://(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?")


class Origins:
    """Decides about the Origin of a handshake.

    `listed` are origins such as `https://example.com` or `https://*.example.com`; `own`
    is the address of the application itself. A page of the very host and port that the
    handshake names may always come. `local` is for development: pages of this machine
    and of the named host may come from every port. `anonymous_cookies` lets a client
    without Origin send cookies.

    Raises:
        SetupError: an entry is no origin, or is "*", which would let any site act as
            the visitor.
    """

    def __init__(
        self,
        listed: Iterable[str] = (),
        *,
        local: bool = False,
        own: str | None = None,
        anonymous_cookies: bool = False,
    ) -> None:
        self._local = local
        self._anonymous_cookies = anonymous_cookies
        self._exact: set[str] = set()
        patterns: list[str] = []
        for entry in [*listed, *_origin_of(own)]:
            scheme, host, port = _parsed(entry)
            shown = f":{port}" if port and port != _DEFAULT_PORTS.get(scheme) else ""
            if host.startswith("*."):
                patterns.append(
                    re.escape(f"{scheme}://") + r"[a-z0-9_-]{1,63}\." + re.escape(host[2:] + shown)
                )
            else:
                self._exact.add(f"{scheme}://{host}{shown}")
        self._pattern = re.compile("|".join(patterns)) if patterns else None

    def refusal(self, origin: str | None, *, host: str, has_cookies: bool) -> str:
        """Say why a handshake to `host` with this Origin is refused; "" when it may go on."""
        if origin is None:
            if has_cookies and not self._anonymous_cookies:
                return "The handshake has cookies and no Origin."
            return ""
        text = origin.lower()
        if text in self._exact or (self._pattern is not None and self._pattern.fullmatch(text)):
            return ""
        named = text.partition("://")[2]
        if named and named == host.lower() and text.startswith(_WEB):
            return ""
        if self._local and (_LOCAL.fullmatch(text) or (named and _name(named) == _name(host.lower()))):
            return ""
        return f"The origin {origin[:200]!r} may not open a WebSocket here."

    def __repr__(self) -> str:
        return f"<Origins {sorted(self._exact)}{' and local pages' if self._local else ''}>"


def _name(host: str) -> str:
    """Give a host without its port."""
    return (
        host
        if host.endswith("]")
        else host.partition("]")[0] + "]"
        if host[:1] == "["
        else host.partition(":")[0]
    )


def _parsed(entry: str) -> tuple[str, str, str | None]:
    text = entry.strip().lower().removesuffix("/")
    if text == "*":
        raise SetupError(
            'WS_ALLOWED_ORIGINS is "*": any site could open a WebSocket as the visitor.',
            fix='List the origins, such as "https://example.com" or "https://*.example.com".',
        )
    found = _ORIGIN.fullmatch(text)
    if found is None:
        raise SetupError(
            f"WS_ALLOWED_ORIGINS has {entry!r}, which is no origin.",
            fix='Write scheme and host, such as "https://example.com" or "https://*.example.com:8443".',
        )
    return found[1], found[2], found[3]


def _origin_of(url: str | None) -> list[str]:
    if not url:
        return []
    parts = urlsplit(url)
    return [f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"]
