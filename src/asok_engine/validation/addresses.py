"""Tells e-mail addresses, host names and web addresses from other text, in linear time.

No pattern with repeats inside repeats: each character is looked at a few times
at most. The forms are those that mail and browsers take in practice: no comments,
no quoted local parts, no user names in addresses. Sources: RFC 5321 4.5.3.1,
RFC 5322 3.2.3, RFC 6531, RFC 1123 2.1, RFC 3986 3.2.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

__all__ = ["is_email", "is_host", "is_url"]

_ATOM = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~.")
_LONGEST_EMAIL, _LONGEST_LOCAL, _LONGEST_HOST, _LONGEST_URL = 254, 64, 253, 2048


def is_email(text: str) -> bool:
    """Tell whether text is an address `local@host` with a dot in its host."""
    if not 3 <= len(text) <= _LONGEST_EMAIL or text.count("@") != 1:
        return False
    local, _, host = text.partition("@")
    if not 1 <= len(local.encode("utf-8", "replace")) <= _LONGEST_LOCAL:
        return False
    if local[0] == "." or local[-1] == "." or ".." in local:
        return False
    if not all(char in _ATOM or (char > "\x7f" and char.isalnum()) for char in local):
        return False
    return "." in host and is_host(host)


def is_host(text: str) -> bool:
    """Tell whether text is a host name: labels of letters, digits and inner dashes."""
    if not 1 <= len(text) <= _LONGEST_HOST:
        return False
    labels = text.split(".")
    # Why not all digits at the end: that would be read as an IPv4 address, in one form or another.
    return all(_is_label(label) for label in labels) and not labels[-1].isdigit()


def is_url(text: str) -> bool:
    """Tell whether text is an http or https address with a host and without a user name."""
    if len(text) > _LONGEST_URL or any(char <= " " or char in '\x7f\\"<>' or char.isspace() for char in text):
        return False
    if not text.lower().startswith(("http://", "https://")):
        return False
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    if port == 0 or "@" in parts.netloc or parts.netloc.endswith(":"):
        return False
    host = parts.hostname or ""
    return is_host(host) or _is_ip(host)


def _is_label(label: str) -> bool:
    return (
        1 <= len(label) <= 63
        and label[0] != "-"
        and label[-1] != "-"
        and all((char.isalnum() and (char.isascii() or char.isalpha())) or char == "-" for char in label)
    )


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
