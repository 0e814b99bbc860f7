"""The nonce that lets one inline script of one response run.

128 random bits as text that stands in an attribute and in a header without
escaping. A response gets one only when its template asks. Source: CSP Level 3,
2.3.1 (`nonce-source`).
"""

from __future__ import annotations

import os
import re
from binascii import b2a_base64

__all__ = ["is_nonce", "make_nonce"]

FORM = re.compile(r"[A-Za-z0-9+/_-]{22,128}={0,2}", re.ASCII)


def make_nonce() -> str:
    """Give a fresh nonce of 22 characters."""
    return b2a_base64(os.urandom(16), newline=False).decode("ascii").rstrip("=")


def is_nonce(text: str) -> bool:
    """Tell whether `text` may stand in a policy as a nonce."""
    return FORM.fullmatch(text) is not None
