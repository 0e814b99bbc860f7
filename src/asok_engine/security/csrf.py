"""Tokens that show that a form was made for the visitor who sends it.

A token is a MAC of what it is bound to: the visitor's session, or the random seed of
one who has none, which travels in a signed cookie. In each response it is hidden
under a fresh mask, so that what compression gives away about a page is never the
token (BREACH). Whether a request's headers say that it was made on this site is
judged here too. Pure.
Sources: OWASP Cross-Site Request Forgery Prevention (signed double submit, Fetch
Metadata), RFC 6454 7, ASVS 5.0 V3.5.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Collection, Sequence
from urllib.parse import urlsplit

from asok_engine.security.keys import random_token
from asok_engine.security.signing import MAC_BYTES, Signer

__all__ = ["CsrfTokens", "foreign_origin", "parse_origin"]

#: Characters of a token: a mask and a masked MAC.
TOKEN_CHARS = 4 * MAC_BYTES
_PORTS = {"http": 80, "https": 443}

Origin = tuple[str, str, int]


class CsrfTokens:
    """Make and check tokens with keys derived from `secret`; `fallbacks` are earlier secrets."""

    def __init__(self, secret: str, fallbacks: Sequence[str] = ()) -> None:
        self._tokens = Signer(secret, "csrf token", fallbacks)
        self._seeds = Signer(secret, "csrf seed", fallbacks)

    def make_seed(self) -> str:
        """Give a seed for a visitor without a session, signed for a cookie."""
        return self._seeds.sign(random_token(16))

    def read_seed(self, signed: str) -> str | None:
        """Give the seed of a cookie; None when it was not made here."""
        verified = self._seeds.verify(signed)
        return None if verified is None else verified.value

    def token(self, binding: str) -> str:
        """Give a token for what it is bound to; every call gives another text."""
        mask = os.urandom(MAC_BYTES)
        return (mask + _xor(mask, self._tokens.mac(binding))).hex()

    def accepts(self, token: str, binding: str) -> bool:
        """Tell whether a token was made for this binding."""
        if len(token) != TOKEN_CHARS:
            return False
        try:
            masked = bytes.fromhex(token)
        except ValueError:
            return False
        if len(masked) != 2 * MAC_BYTES:
            return False
        given = _xor(masked[:MAC_BYTES], masked[MAC_BYTES:])
        return any(hmac.compare_digest(given, mac) for mac in self._tokens.macs(binding))


def parse_origin(text: str) -> Origin | None:
    """Give scheme, host and port of an origin or address; None for "null" and anything else."""
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:
        return None
    default = _PORTS.get(parts.scheme)
    if default is None or not parts.hostname:
        return None
    return parts.scheme, parts.hostname, default if port is None else port


def foreign_origin(
    *,
    origin: str | None,
    referrer: str | None,
    fetch_site: str | None,
    own: tuple[str, str, int | None],
    trusted: Collection[Origin] = (),
) -> str:
    """Give where a request came from when that is not this site, else "".

    `own` is scheme, host and port as the request has them. A request that came in over
    http may be from an https page of the same host, because a proxy may have ended TLS;
    not the other way round. Without any of the headers there is nothing to judge.
    """
    said = origin if origin is not None else referrer
    if said:
        parsed = parse_origin(said)
        if parsed is not None and parsed in trusted:
            return ""
        if parsed is None or not _is_own(parsed, own):
            return said
    if fetch_site in ("cross-site", "same-site"):
        return said or f"a {fetch_site} page"
    return ""


def _is_own(origin: Origin, own: tuple[str, str, int | None]) -> bool:
    scheme, host, port = own
    if scheme == "https" and origin[0] != "https":
        return False
    return origin[1] == host and origin[2] == (_PORTS[origin[0]] if port is None else port)


def _xor(left: bytes, right: bytes) -> bytes:
    return (int.from_bytes(left) ^ int.from_bytes(right)).to_bytes(MAC_BYTES)
