"""Sends clients that came over http to the same address over https.

The scheme is the one that trusted proxies tell, so it is composed behind the
middlewares of proxies and hosts: the host in the new address has been checked. The
port is left out, because https listens on another one. Sources: RFC 9110 15.4.2,
15.4.9; RFC 6797 7.2.
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import quote

from asok_engine.wire.request import Request
from asok_engine.wire.response import Response

__all__ = ["SecureRedirect"]

# What an address may hold besides letters and digits; "%" because it is encoded already.
KEPT = "%/:@!$&'()*+,;=~?[]|"


class SecureRedirect:
    """Answers http with 301 for GET and HEAD and with 308, which keeps method and body, for the rest.

    `exempt_paths` are answered over http too, such as the health check that a load
    balancer calls from inside.
    """

    def __init__(self, exempt_paths: Collection[str] = ()) -> None:
        self._exempt = frozenset(exempt_paths)

    def guard(self, request: Request) -> Response | None:
        """Redirect a request that came over http."""
        if request.scheme == "https" or request.path in self._exempt:
            return None
        name = request.hostname
        if ":" in name and not name.startswith("["):
            name = f"[{name}]"
        path = quote(request.exchange.raw_path(), safe=KEPT)
        target = f"https://{name}{quote(request.root_path, safe=KEPT)}{path}"
        if request.query_string:
            target += "?" + quote(request.query_string.encode("latin-1", "replace"), safe=KEPT)
        response = Response(b"", 301 if request.method in ("GET", "HEAD") else 308)
        response.raw[b"location"] = target.encode("ascii")
        return response
