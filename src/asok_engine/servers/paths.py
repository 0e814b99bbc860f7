"""The path of a request, decoded the same on every server.

Servers differ in what they decode and how; here a path is percent-decoded UTF-8
without control characters, and anything else is refused with 400 before routing
(RFC 3986 2.1, RFC 9110 4.2.4).
"""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from asok_engine.errors import InputError

__all__ = ["decoded", "decoded_path"]

_CONTROLS = frozenset(map(chr, range(32))) | {"\x7f"}


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
