"""The Host field: read strictly, and compared with the hosts that are allowed (RFC 9110 7.2, RFC 3986 3.2.2).

A name is ASCII letters, digits, hyphens and underscores (an international name
comes as its `xn--` form and stays so); paths, user names, spaces and zones of
IPv6 addresses (RFC 6874) are none. It knows no settings: patterns are given.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence

from asok_engine.errors import SetupError

__all__ = ["HostPatterns", "parse_host"]

_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*\.?\Z")
_PORT = re.compile(r"[0-9]{1,5}\Z", re.ASCII)


def parse_host(field: str) -> tuple[str, int | None] | None:
    """Read a Host field as (lower-case name, port or None); None for anything that is none.

    An IPv6 address stands in brackets and is given without them; a trailing dot is dropped.
    """
    if not field or len(field) > 300:
        return None
    if field.startswith("["):
        address, bracket, rest = field[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            return None
        # Why %: a zone may hold any text, and the name goes into links and logs.
        if "%" in address:
            return None
        try:
            name = str(ipaddress.IPv6Address(address))
        except ValueError:
            return None
        port = rest[1:] if rest else None
    else:
        name, colon, after = field.partition(":")
        port = after if colon else None
        if len(name) > 253 or not _NAME.match(name):
            return None
        name = name.lower().rstrip(".")
    if port is None:
        return name, None
    if not _PORT.match(port) or int(port) > 65535:
        return None
    return name, int(port)


class HostPatterns:
    """Hosts that are allowed.

    A pattern is `example.com`, `.example.com` (it and all below it), `*.example.com`
    (all below it) or `*`. Raises SetupError for a pattern that is none of these.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self._exact: set[str] = set()
        self._suffixes: tuple[str, ...] = ()
        self.allows_all = False
        for pattern in patterns:
            self._add(pattern.strip().lower())

    def _add(self, pattern: str) -> None:
        if pattern == "*":
            self.allows_all = True
            return
        name = pattern.removeprefix("*" if pattern.startswith("*.") else "").removeprefix(".")
        parsed = parse_host(name if ":" not in name or name.startswith("[") else f"[{name}]")
        if parsed is None or parsed[1] is not None:
            raise SetupError(
                f"{pattern!r} is no host that can be allowed.",
                fix="Write a host name without scheme and port, .example.com for it and all below it, or *.",
            )
        if pattern.startswith("*."):
            self._suffixes += ("." + parsed[0],)
        elif pattern.startswith("."):
            self._exact.add(parsed[0])
            self._suffixes += ("." + parsed[0],)
        else:
            self._exact.add(parsed[0])

    def allow(self, name: str) -> bool:
        """Tell whether a name from `parse_host` is allowed."""
        return self.allows_all or name in self._exact or name.endswith(self._suffixes)

    def __repr__(self) -> str:
        shown: Sequence[str] = ["*"] if self.allows_all else [*sorted(self._exact), *self._suffixes]
        return f"<HostPatterns {' '.join(shown)}>"
