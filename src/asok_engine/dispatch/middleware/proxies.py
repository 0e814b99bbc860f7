"""Takes client address, scheme and host from the proxies that are trusted, and from nobody else.

The fields are read from the right: each proxy appends what it saw, so what stands left of
the first hop that is not trusted was written by the client. X-Forwarded-Proto and
X-Forwarded-Host are read at the same hop as the address. `Forwarded` counts only when no
X-Forwarded-* field is there, because a proxy that knows the one passes the other on
unread, and X-Real-IP only when there is neither. Source: RFC 7239; nginx's practice.

A WSGI environ cannot tell `X-Forwarded-For` from `X_Forwarded_For`. gunicorn drops names
with an underscore; others join or replace, so the proxy itself has to drop them.
"""

from __future__ import annotations

from collections.abc import Sequence

from asok_engine.wire.proxies import TrustedProxies, client_address
from asok_engine.wire.request import Request

__all__ = ["Proxies"]

SCHEMES = frozenset({"http", "https"})
MOST_HOPS = 32
LONGEST = 4096


class Proxies:
    """Sets what `request.ip`, `request.scheme` and `request.host` tell, when the peer is trusted."""

    def __init__(self, trusted: TrustedProxies) -> None:
        self._trusted = trusted

    def guard(self, request: Request) -> None:
        """Believe the forwarded fields of a trusted peer."""
        peer = request.exchange.peer()[0]
        if not self._trusted.trusts(peer):
            return
        raw = request.headers.raw
        addresses, schemes, hosts = (
            raw(b"x-forwarded-for"),
            raw(b"x-forwarded-proto"),
            raw(b"x-forwarded-host"),
        )
        if addresses is not None or schemes is not None or hosts is not None:
            self._believe(request, peer, _listed(addresses), _listed(schemes), _listed(hosts))
        elif (forwarded := raw(b"forwarded")) is not None:
            hops = [_parameters(element) for element in _listed(forwarded)]
            self._believe(
                request,
                peer,
                [hop.get("for", "") for hop in hops],
                [hop.get("proto", "") for hop in hops],
                [hop.get("host", "") for hop in hops],
            )
        elif (real := raw(b"x-real-ip")) is not None:
            self._believe(request, peer, _listed(real)[-1:], (), ())

    def _believe(
        self,
        request: Request,
        peer: str,
        addresses: Sequence[str],
        schemes: Sequence[str],
        hosts: Sequence[str],
    ) -> None:
        request._client = client_address(peer, addresses, self._trusted)
        passed = self._passed(addresses)
        scheme = _at(schemes, passed).lower()
        if scheme in SCHEMES:
            request._scheme = scheme
        if host := _at(hosts, passed):
            request._host = host

    def _passed(self, addresses: Sequence[str]) -> int:
        """Count the trusted hops between our peer and the client."""
        if self._trusted.trusts_all:
            return 0
        passed = 0
        for address in addresses[:0:-1]:
            if not self._trusted.trusts(address):
                break
            passed += 1
        return passed


def _listed(field: bytes | None) -> list[str]:
    if not field:
        return []
    return [part.strip() for part in field[-LONGEST:].decode("latin-1").split(",")[-MOST_HOPS:]]


def _at(values: Sequence[str], passed: int) -> str:
    """Give the value of a hop; a proxy that replaces the field leaves fewer values than hops."""
    if not values:
        return ""
    return values[max(len(values) - 1 - passed, 0)]


def _parameters(element: str) -> dict[str, str]:
    parameters = {}
    for pair in element.split(";", 8)[:8]:
        name, _, value = pair.partition("=")
        parameters[name.strip().lower()] = value.strip().strip('"')
    return parameters
