"""Passkeys: what a browser is asked for, and whether what it gives is right.

Whoever holds the key has also unlocked the device, so a passkey is two factors at once.
Bound to a host and to origins, so a page of anybody else gets nothing that is good here.
What is checked besides what the library checks: that no foreign frame asked, that the
person is the one the key was made for, and that the counter of the device goes forward,
after the signature, so that nobody raises an alarm with a forged answer. Pure.
Sources: Web Authentication Level 3 (7.1 and 7.2), ASVS 5.0 V6.4 and V6.5.
"""

from __future__ import annotations

import json
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any, TypeVar

from msgspec import Struct

from asok_engine.errors import InputError, SetupError
from asok_engine.security.keys import equal, random_token

__all__ = [
    "NewPasskey",
    "PasskeyRefused",
    "PasskeyUse",
    "RelyingParty",
    "StoredPasskey",
    "challenge_of",
    "make_challenge",
]

#: How long a browser waits for a person.
TIMEOUT_SECONDS = 300
#: An answer is a few hundred bytes; what is longer than this was not made by a browser.
MOST_CHARACTERS = 16_384
TRANSPORTS = frozenset(("usb", "nfc", "ble", "smart-card", "hybrid", "internal"))
#: Without attestation a device says nothing about itself, or signs with the very key that it has made.
FORMATS = ("none", "packed")
NOT_VALID = "This passkey was not accepted. Try again."

T = TypeVar("T")


class PasskeyRefused(InputError):
    """This passkey is not known here, or what came is not what it was asked for.

    `is_copy` tells that the counter of the device went back: somebody has a copy of the key.
    """

    code = "passkey-refused"

    def __init__(self, message: str = NOT_VALID, *, is_copy: bool = False) -> None:
        super().__init__(message)
        self.is_copy = is_copy


class NewPasskey(Struct, frozen=True):
    """What is to be kept of a passkey that was made; binary values as base64url text."""

    credential_id: str
    public_key: bytes
    sign_count: int
    transports: list[str]
    aaguid: str
    is_backed_up: bool


class StoredPasskey(Struct, frozen=True):
    """What was kept of a passkey that somebody signs in with."""

    credential_id: str
    public_key: bytes
    sign_count: int
    user_handle: str


class PasskeyUse(Struct, frozen=True):
    """What is to be kept of a sign-in."""

    sign_count: int
    is_backed_up: bool


class RelyingParty(Struct, frozen=True):
    """Who asks for passkeys: a host, its origins (`https://example.com`), and a name for people."""

    host: str
    origins: tuple[str, ...]
    name: str

    def registration_options(
        self,
        *,
        challenge: str,
        user_handle: str,
        user_name: str,
        display_name: str,
        known: Sequence[tuple[str, Sequence[str]]] = (),
    ) -> dict[str, Any]:
        """Give what `navigator.credentials.create` takes, as JSON.

        `known` are id and transports of the passkeys that the person has: a device makes no
        second one.

        Raises:
            SetupError: the package webauthn is missing.
        """
        webauthn = _webauthn()
        structs = webauthn.helpers.structs
        options = webauthn.generate_registration_options(
            rp_id=self.host,
            rp_name=self.name,
            user_id=_octets(user_handle),
            user_name=user_name,
            user_display_name=display_name,
            challenge=_octets(challenge),
            timeout=TIMEOUT_SECONDS * 1000,
            authenticator_selection=structs.AuthenticatorSelectionCriteria(
                resident_key=structs.ResidentKeyRequirement.REQUIRED,
                user_verification=structs.UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[
                structs.PublicKeyCredentialDescriptor(
                    id=_octets(identifier),
                    transports=[
                        structs.AuthenticatorTransport(name) for name in transports if name in TRANSPORTS
                    ],
                )
                for identifier, transports in known
            ],
        )
        return _as_json(webauthn, options)

    def sign_in_options(self, *, challenge: str) -> dict[str, Any]:
        """Give what `navigator.credentials.get` takes, as JSON; the same for everybody.

        Raises:
            SetupError: the package webauthn is missing.
        """
        webauthn = _webauthn()
        options = webauthn.generate_authentication_options(
            rp_id=self.host,
            challenge=_octets(challenge),
            timeout=TIMEOUT_SECONDS * 1000,
            user_verification=webauthn.helpers.structs.UserVerificationRequirement.REQUIRED,
        )
        return _as_json(webauthn, options)

    def check_registration(self, answer: Any, *, challenge: str) -> NewPasskey:
        """Give the passkey that a browser has made for a challenge.

        Raises:
            PasskeyRefused: it was made for something else, or without unlocking the device.
        """
        response = _response(answer)
        _check_frame(response)
        webauthn = _webauthn()

        def check() -> Any:
            attestation = webauthn.helpers.parse_attestation_object(_octets(response["attestationObject"]))
            statement = attestation.att_stmt
            if attestation.fmt not in FORMATS or (statement is not None and statement.x5c):
                raise PasskeyRefused("This device tells more about itself than was asked for.")
            return webauthn.verify_registration_response(
                credential=answer,
                expected_challenge=_octets(challenge),
                expected_rp_id=self.host,
                expected_origin=list(self.origins),
                require_user_verification=True,
            )

        made = _guarded(webauthn, check)
        transports = response.get("transports")
        named = transports if isinstance(transports, list) else []
        return NewPasskey(
            _text(made.credential_id),
            made.credential_public_key,
            made.sign_count,
            [name for name in named if isinstance(name, str) and name in TRANSPORTS],
            str(made.aaguid),
            bool(made.credential_backed_up),
        )

    def check_sign_in(self, answer: Any, stored: StoredPasskey, *, challenge: str) -> PasskeyUse:
        """Check what a browser has signed for a challenge with a passkey that is known.

        Raises:
            PasskeyRefused: it was signed for something else, by another key or for another person,
                without unlocking the device, or its counter went back.
        """
        response = _response(answer)
        _check_frame(response)
        if answer["id"] != stored.credential_id or not equal(
            str(response.get("userHandle") or ""), stored.user_handle
        ):
            raise PasskeyRefused()
        webauthn = _webauthn()
        used = _guarded(
            webauthn,
            lambda: webauthn.verify_authentication_response(
                credential=answer,
                expected_challenge=_octets(challenge),
                expected_rp_id=self.host,
                expected_origin=list(self.origins),
                credential_public_key=stored.public_key,
                # Why zero: the library looks at the counter before the signature.
                credential_current_sign_count=0,
                require_user_verification=True,
            ),
        )
        if max(used.new_sign_count, stored.sign_count) > 0 and used.new_sign_count <= stored.sign_count:
            raise PasskeyRefused(is_copy=True)
        return PasskeyUse(used.new_sign_count, bool(used.credential_backed_up))


def make_challenge() -> str:
    """Give a challenge, or a handle for a person, that nobody can guess."""
    return random_token(32)


def challenge_of(answer: Any) -> str:
    """Give the challenge that an answer says it is for, without any check.

    Raises:
        PasskeyRefused: it says none.
    """
    found = _client_data(_response(answer)).get("challenge")
    if not isinstance(found, str) or not found.isascii():
        raise PasskeyRefused()
    return found


def _check_frame(response: Mapping[str, Any]) -> None:
    data = _client_data(response)
    # Why not the library: it takes what a page of another site has asked for in a frame (7.2 step 10).
    if data.get("crossOrigin") not in (None, False) or data.get("topOrigin") is not None:
        raise PasskeyRefused()


def _response(answer: Any) -> dict[str, Any]:
    """Give the part of an answer that was signed, when the whole has the form of one."""
    response = answer.get("response") if isinstance(answer, dict) else None
    if not isinstance(response, dict) or not isinstance(answer.get("id"), str):
        raise PasskeyRefused()
    for value in (*answer.values(), *response.values()):
        if isinstance(value, str) and len(value) > MOST_CHARACTERS:
            raise PasskeyRefused()
    return response


def _client_data(response: Mapping[str, Any]) -> dict[str, Any]:
    text = response.get("clientDataJSON")
    try:
        data = json.loads(_octets(text if isinstance(text, str) else ""))
    except (ValueError, RecursionError) as error:
        raise PasskeyRefused() from error
    if not isinstance(data, dict):
        raise PasskeyRefused()
    return data


def _guarded(webauthn: ModuleType, check: Callable[[], T]) -> T:
    """Run a check of the library, for which anything can be in an answer."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        return check()
    except (
        *(webauthn.helpers.exceptions.WebAuthnException, InvalidSignature, UnsupportedAlgorithm),
        *(ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError, struct.error),
    ) as error:
        raise PasskeyRefused() from error


def _as_json(webauthn: ModuleType, options: Any) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(webauthn.options_to_json(options))
    return made


def _octets(text: str) -> bytes:
    """Read base64url without padding."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _text(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def _webauthn() -> ModuleType:
    try:
        import webauthn
        import webauthn.helpers.structs
    except ImportError as error:
        raise SetupError(
            "Passkeys need the package webauthn, which is not installed.", fix='Run: pip install "asok[auth]"'
        ) from error
    return webauthn
