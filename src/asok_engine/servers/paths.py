"""The path of a request, decoded the same on every server.

Servers differ in what they decode and how; here a path is percent-decoded UTF-8
without control characters, and anything else is refused with 400 before routing
(RFC 3986 2.1, RFC 9110 4.2.4).
"""

from __future__ import annotations

from typing import AnyStr
from urllib.parse import quote, unquote_to_bytes

from asok_engine.errors import InputError

__all__ = ["below", "decoded", "decoded_path", "encoded"]

_CONTROLS = frozenset(map(chr, range(32))) | {"\x7f"}


def below(path: AnyStr, root: AnyStr) -> AnyStr:
    """Give the part of a path below a mount prefix; a path that is not below it stays as it is."""
    rest = path[len(root) :]
    if path.startswith(root) and rest[:1] in (path[:1], path[:0]):
        return rest or path[:1]
    return path


def encoded(path: str | bytes) -> bytes:
    """Percent-encode a decoded path, for servers that do not tell how it was sent."""
    return quote(path, safe="/!$&'()*+,;=:@~").encode("ascii")


def decoded_path(raw: bytes) -> str:
    """Decode a path as it was sent; raises InputError (400) for bad UTF-8 or control characters."""
    return decoded(unquote_to_bytes(raw) if b"%" in raw else raw)


def decoded(path: bytes) -> str:
    """Decode a path whose percent signs are resolved; raises InputError (400) as `decoded_path` does."""
    try:
        text = path.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError("The path is not UTF-8.") from error
    if "\ufffd" in text:
        # Servers that decode the path themselves put this where the bytes were not UTF-8.
        raise InputError("The path is not UTF-8.")
    if not text.isprintable() and not _CONTROLS.isdisjoint(text):
        raise InputError("The path has a control character in it.")
    return text
