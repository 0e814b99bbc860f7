"""Bearer tokens: random texts that open what their owner may, for programs.

A token is `asok_`, 256 random bits, and a checksum, all in letters and digits. The
beginning and the checksum are for programs that look for secrets in code and logs, so
that they know one when they see one; a text that is none is told apart without asking a
database. What is kept is a hash: a fast one, since 256 bits cannot be guessed. Pure but
for the system's random source.
Sources: RFC 6750 5.3, OWASP REST Security, CRC-32 as in RFC 1952 8.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import zlib

__all__ = ["PREFIX", "bearer_digest", "make_bearer"]

PREFIX = "asok_"
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#: Letters for 256 bits, and for the 32 of the checksum.
_RANDOM, _CHECK = 43, 6
_FORM = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{_RANDOM + _CHECK}}}", re.ASCII)


def make_bearer() -> str:
    """Give a new token of 54 characters."""
    random = _written(secrets.randbits(256), _RANDOM)
    return f"{PREFIX}{random}{_checksum(random)}"


def bearer_digest(token: str) -> str | None:
    """Give what a database keeps of a token, as 64 hexadecimal digits; None for what was not made here."""
    if not _FORM.fullmatch(token):
        return None
    random = token[len(PREFIX) : -_CHECK]
    if token[-_CHECK:] != _checksum(random):
        return None
    return hashlib.sha256(token.encode("ascii")).hexdigest()


def _checksum(random: str) -> str:
    return _written(zlib.crc32(random.encode("ascii")), _CHECK)


def _written(number: int, width: int) -> str:
    letters = ""
    while number:
        number, rest = divmod(number, len(_LETTERS))
        letters = _LETTERS[rest] + letters
    return letters.rjust(width, _LETTERS[0])
