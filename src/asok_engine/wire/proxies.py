"""Which address a request came from, when proxies that are trusted say so.

The walk goes from the nearest hop outwards and stops at the first that is not
trusted: that is the client, whatever stands further left (the part a client can
write). Source: RFC 7239, and the practice of X-Forwarded-For.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

from asok_engine.errors import SetupError

__all__ = ["TrustedProxies", "client_address"]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_MOST_HOPS = 32


def _address(text: str) -> Address | None:
    # Why %: a zone may hold any text, and the address goes into logs and keys.
    text = text.strip().strip('"').partition("%")[0]
    if text.startswith("["):
        text, _, rest = text[1:].partition("]")
        if rest and not (rest.startswith(":") and rest[1:].isdecimal()):
            return None
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address: Address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped if mapped is not None else address


class TrustedProxies:
    """Addresses and networks whose forwarded fields are believed; `*` believes everyone.

    Takes a list, or text with commas. Raises SetupError for what is neither.
    """

    def __init__(self, entries: Iterable[str] | str) -> None:
        if isinstance(entries, str):
            entries = entries.split(",")
        self.trusts_all = False
        self._networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = []
        self._known: dict[str, bool] = {}
        for entry in (part.strip() for part in entries):
            if entry == "*":
                self.trusts_all = True
            elif entry:
                try:
                    self._networks.append(ipaddress.ip_network(entry, strict=False))
                except ValueError:
                    raise SetupError(
                        f"TRUSTED_PROXIES has {entry!r}, which is no address or network.",
                        fix="Write addresses such as 10.0.0.5 or networks such as 10.0.0.0/8.",
                    ) from None

    def __bool__(self) -> bool:
        return self.trusts_all or bool(self._networks)

    def trusts(self, text: str) -> bool:
        """Tell whether a peer's address is trusted."""
        if self.trusts_all:
            return True
        known = self._known.get(text)
        if known is None:
            address = _address(text)
            known = address is not None and any(
                address.version == network.version and address in network for network in self._networks
            )
            if len(self._known) > 1000:
                self._known.clear()
            self._known[text] = known
        return known


def client_address(peer: str, forwarded: Sequence[str], trusted: TrustedProxies) -> str:
    """Give the client's address: the rightmost hop of `forwarded` that is not trusted.

    A hop that is no address ends the walk at the last one that was; without any,
    the peer is the client. Where everyone is trusted, it is the rightmost hop: a
    client can write all of the others.
    """
    client = peer
    if not trusted.trusts(peer):
        return client
    for hop in forwarded[: -_MOST_HOPS - 1 : -1]:
        address = _address(hop)
        if address is None:
            return client
        client = str(address)
        if not trusted.trusts(client) or trusted.trusts_all:
            return client
    return client
