"""Keys, random tokens, and comparing without telling.

One secret from the settings, one derived key per purpose: what is signed for a
cookie never verifies as a mail link. Pure but for the system's random source.
Source: RFC 5869 (HKDF with SHA-256).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from asok_engine.errors import UsageError

__all__ = ["derive_key", "equal", "hkdf", "random_token"]

SALT = b"asok_engine key derivation"
DIGEST_BYTES = hashlib.sha256().digest_size


def derive_key(secret: str, purpose: str, length: int = 32) -> bytes:
    """Give the key for one purpose, of `length` bytes; the same secret and purpose give the same key.

    Derive once at start: each call costs several hashes.

    Raises:
        UsageError: the secret or the purpose is empty.
    """
    if not secret or not purpose:
        missing = "secret" if not secret else "purpose"
        raise UsageError(f"derive_key got an empty {missing}; a key needs both a secret and a purpose.")
    return hkdf(secret.encode(), SALT, purpose.encode(), length)


def hkdf(material: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """Extract and expand `material` to `length` bytes (RFC 5869, SHA-256).

    Raises:
        UsageError: `length` is outside 1 to 8160.
    """
    if not 0 < length <= 255 * DIGEST_BYTES:
        raise UsageError(f"hkdf got length={length!r}; it can give 1 to {255 * DIGEST_BYTES} bytes.")
    extracted = hmac.digest(salt or bytes(DIGEST_BYTES), material, "sha256")
    block, output = b"", b""
    for counter in range(1, -(-length // DIGEST_BYTES) + 1):
        block = hmac.digest(extracted, block + info + bytes((counter,)), "sha256")
        output += block
    return output[:length]


def random_token(nbytes: int = 32) -> str:
    """Give `nbytes` random bytes as text for URLs, cookies and headers.

    Raises:
        UsageError: fewer than 16 bytes; that can be guessed.
    """
    if nbytes < 16:
        raise UsageError(f"random_token got nbytes={nbytes!r}; fewer than 16 can be guessed.")
    return secrets.token_urlsafe(nbytes)


def equal(a: str | bytes, b: str | bytes) -> bool:
    """Tell whether two texts are equal in a time that does not depend on where they differ."""
    return hmac.compare_digest(_octets(a), _octets(b))


def _octets(value: str | bytes) -> bytes:
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
