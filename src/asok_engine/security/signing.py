"""Signs short texts for cookies, so that what comes back is what was sent.

One signer per purpose, each with a key of its own, so that a value signed for one
place never verifies in another. Earlier secrets verify too while a key is being
changed; the caller is told, and signs anew. 128 bits of HMAC-SHA256: nobody can
collect enough tries against a server to find one. Pure.
Source: RFC 2104 (HMAC, 5 on truncation).
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence

from msgspec import Struct

from asok_engine.security.keys import derive_key

__all__ = ["Signer", "Verified"]

MAC_BYTES = 16


class Verified(Struct, frozen=True):
    """A value whose signature is right; `is_current` tells that the newest key made it."""

    value: str
    is_current: bool


class Signer:
    """Sign and verify for one `purpose`, with a key derived from `secret`.

    `fallbacks` are earlier secrets that still verify.

    Raises:
        UsageError: a secret or the purpose is empty.
    """

    def __init__(self, secret: str, purpose: str, fallbacks: Sequence[str] = ()) -> None:
        self._keys = tuple(derive_key(each, purpose) for each in (secret, *fallbacks))

    def mac(self, text: str) -> bytes:
        """Give the 16 bytes that only the newest key makes of `text`."""
        return hmac.digest(self._keys[0], text.encode("utf-8", "surrogatepass"), "sha256")[:MAC_BYTES]

    def macs(self, text: str) -> list[bytes]:
        """Give what every accepted key makes of `text`, the newest first."""
        data = text.encode("utf-8", "surrogatepass")
        return [hmac.digest(key, data, "sha256")[:MAC_BYTES] for key in self._keys]

    def sign(self, value: str) -> str:
        """Give `value.signature`, in characters that a cookie holds when `value` has such only."""
        return f"{value}.{_text(self.mac(value))}"

    def verify(self, signed: str) -> Verified | None:
        """Give the value that was signed, or None when no accepted key has signed it."""
        value, dot, signature = signed.rpartition(".")
        if not dot or not signature.isascii():
            return None
        given = signature.encode("ascii")
        data = value.encode("utf-8", "surrogatepass")
        for number, key in enumerate(self._keys):
            expected = _text(hmac.digest(key, data, "sha256")[:MAC_BYTES]).encode("ascii")
            if hmac.compare_digest(given, expected):
                return Verified(value, number == 0)
        return None


def _text(mac: bytes) -> str:
    return urlsafe_b64encode(mac).decode("ascii").rstrip("=")
