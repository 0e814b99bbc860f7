"""A device with passkeys in software: answers as a browser sends them, right or wrong on purpose.

What a browser's virtual authenticator cannot be made to do is done here: other origins,
frames, counters, people and keys.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

__all__ = ["SoftDevice", "b64"]

PRESENT, VERIFIED, MADE = 0x01, 0x04, 0x40


def b64(octets: bytes) -> str:
    """Give bytes as base64url without padding."""
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


class SoftDevice:
    """A device with one key; `counts` tells whether it counts its signatures."""

    def __init__(
        self, host: str = "localhost", origin: str = "http://localhost", counts: bool = True
    ) -> None:
        self.host, self.origin = host, origin
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = b64(os.urandom(32))
        self.count = 1 if counts else 0
        self.counts = counts
        self.user_handle = ""

    def make(self, options: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """Answer `navigator.credentials.create`."""
        self.user_handle = options["user"]["id"]
        client = self._client("webauthn.create", options, changes)
        numbers = self.key.public_key().public_numbers()
        key = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        identifier = cbor_id(self.id)
        about = bytes(16) + struct.pack(">H", len(identifier)) + identifier + cbor2.dumps(key)
        data = self._data(changes, MADE) + about
        attestation = {
            "fmt": changes.get("fmt", "none"),
            "attStmt": changes.get("statement", {}),
            "authData": data,
        }
        return {
            "id": self.id,
            "rawId": self.id,
            "type": "public-key",
            "response": {
                "clientDataJSON": b64(client),
                "attestationObject": b64(cbor2.dumps(attestation)),
                "transports": ["internal", "carrier pigeon"],
            },
        }

    def sign(self, options: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """Answer `navigator.credentials.get`."""
        if self.counts:
            self.count += 1
        client = self._client("webauthn.get", options, changes)
        data = self._data(changes, 0)
        key = changes.get("key", self.key)
        signature = key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return {
            "id": changes.get("id", self.id),
            "rawId": changes.get("id", self.id),
            "type": "public-key",
            "response": {
                "clientDataJSON": b64(client),
                "authenticatorData": b64(data),
                "signature": b64(signature),
                "userHandle": changes.get("user_handle", self.user_handle),
            },
        }

    def _client(self, kind: str, options: dict[str, Any], changes: dict[str, Any]) -> bytes:
        said = {
            "type": changes.get("type", kind),
            "challenge": changes.get("challenge", options["challenge"]),
            "origin": changes.get("origin", self.origin),
            "crossOrigin": changes.get("cross_origin", False),
        }
        return json.dumps(said | changes.get("client", {})).encode()

    def _data(self, changes: dict[str, Any], more: int) -> bytes:
        host = hashlib.sha256(changes.get("host", self.host).encode()).digest()
        flags = changes.get("flags", PRESENT | VERIFIED) | more
        return host + bytes((flags,)) + struct.pack(">I", changes.get("count", self.count))


def cbor_id(text: str) -> bytes:
    """Give the bytes of an id."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
