"""Passkeys: answers of a device that are taken, and everything that is not quite one of them."""

from __future__ import annotations

import copy
import json
import sys
from base64 import urlsafe_b64decode
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from asok_engine.errors import SetupError
from asok_engine.security.passkeys import (
    NewPasskey,
    PasskeyRefused,
    RelyingParty,
    StoredPasskey,
    challenge_of,
    make_challenge,
)
from tests.authenticator import SoftDevice, b64

PARTY = RelyingParty("example.com", ("https://example.com",), "Desk")


def device() -> SoftDevice:
    return SoftDevice("example.com", "https://example.com")


def options(known: Any = ()) -> dict[str, Any]:
    return PARTY.registration_options(
        challenge=make_challenge(),
        user_handle=make_challenge(),
        user_name="ada@example.com",
        display_name="Ada",
        known=known,
    )


def made(tool: SoftDevice) -> StoredPasskey:
    asked = options()
    new = PARTY.check_registration(tool.make(asked), challenge=asked["challenge"])
    return StoredPasskey(new.credential_id, new.public_key, new.sign_count, asked["user"]["id"])


def test_what_is_asked_for_is_a_key_that_finds_its_person() -> None:
    """Discoverable, with the device unlocked, and nothing that the device says about itself."""
    asked = options([("AAAA", ["internal", "carrier pigeon"])])
    assert asked["rp"] == {"name": "Desk", "id": "example.com"}
    assert asked["authenticatorSelection"]["residentKey"] == "required"
    assert asked["authenticatorSelection"]["userVerification"] == "required"
    assert asked["attestation"] == "none"
    assert asked["excludeCredentials"] == [{"id": "AAAA", "type": "public-key", "transports": ["internal"]}]
    signing = PARTY.sign_in_options(challenge="c" * 43)
    assert (signing["rpId"], signing["userVerification"], signing["allowCredentials"]) == (
        "example.com",
        "required",
        [],
    )


def test_key_that_was_made_signs_in() -> None:
    """What is kept of it is enough to know it again."""
    tool, asked = device(), options()
    new = PARTY.check_registration(tool.make(asked), challenge=asked["challenge"])
    assert isinstance(new, NewPasskey)
    assert (new.credential_id, new.sign_count, new.transports) == (tool.id, 1, ["internal"])
    stored = StoredPasskey(new.credential_id, new.public_key, new.sign_count, asked["user"]["id"])
    signing = PARTY.sign_in_options(challenge=make_challenge())
    assert PARTY.check_sign_in(tool.sign(signing), stored, challenge=signing["challenge"]).sign_count == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": "https://example.com.evil.example"},
        {"origin": "http://example.com"},
        {"host": "evil.example"},
        {"challenge": "d" * 43},
        {"type": "webauthn.get"},
        {"flags": 0x01},
        {"flags": 0x04},
        {"cross_origin": True},
        {"cross_origin": "no"},
        {"client": {"topOrigin": "https://evil.example"}},
        {"fmt": "tpm"},
        {"fmt": "packed", "statement": {"alg": -7, "sig": b"0", "x5c": [b"certificate"]}},
        {"fmt": "packed", "statement": {"alg": -7, "sig": b"0"}},
        {"fmt": "none", "statement": {"sig": b"0"}},
        {"fmt": ["none"]},
    ],
)
def test_key_that_was_made_for_something_else_is_not_taken(changes: dict[str, Any]) -> None:
    """Another origin, host, challenge or deed, a locked device, a foreign frame, a certificate (WebAuthn 7.1)."""
    asked = options()
    with pytest.raises(PasskeyRefused):
        PARTY.check_registration(device().make(asked, **changes), challenge=asked["challenge"])


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": "https://evil.example"},
        {"host": "evil.example"},
        {"challenge": "d" * 43},
        {"type": "webauthn.create"},
        {"flags": 0x01},
        {"flags": 0x04},
        {"cross_origin": True},
        {"user_handle": "x" * 43},
        {"user_handle": ""},
        {"user_handle": None},
        {"id": "AAAA"},
        {"key": ec.generate_private_key(ec.SECP256R1())},
    ],
)
def test_signature_for_something_else_signs_nobody_in(changes: dict[str, Any]) -> None:
    """The same as for making, and another person's key or name for it (WebAuthn 7.2)."""
    tool = device()
    stored = made(tool)
    asked = PARTY.sign_in_options(challenge=make_challenge())
    with pytest.raises(PasskeyRefused) as refused:
        PARTY.check_sign_in(tool.sign(asked, **changes), stored, challenge=asked["challenge"])
    assert not refused.value.is_copy


@pytest.mark.parametrize("count", [0, 1])
def test_counter_that_does_not_go_on_is_a_copy(count: int) -> None:
    """Two devices with one key count apart (WebAuthn 6.1.1)."""
    tool = device()
    stored = made(tool)
    asked = PARTY.sign_in_options(challenge=make_challenge())
    with pytest.raises(PasskeyRefused) as refused:
        PARTY.check_sign_in(tool.sign(asked, count=count), stored, challenge=asked["challenge"])
    assert refused.value.is_copy


def test_forged_answer_raises_no_alarm() -> None:
    """Whoever cannot sign cannot make somebody's key look copied."""
    tool = device()
    stored = made(tool)
    asked = PARTY.sign_in_options(challenge=make_challenge())
    forged = tool.sign(asked, count=0, key=ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(PasskeyRefused) as refused:
        PARTY.check_sign_in(forged, stored, challenge=asked["challenge"])
    assert not refused.value.is_copy


def test_device_that_does_not_count_is_taken() -> None:
    """Keys that are kept in several places count nothing."""
    tool = SoftDevice("example.com", "https://example.com", counts=False)
    stored = made(tool)
    for _ in range(2):
        asked = PARTY.sign_in_options(challenge=make_challenge())
        assert PARTY.check_sign_in(tool.sign(asked), stored, challenge=asked["challenge"]).sign_count == 0


JSONISH = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.binary(max_size=40).map(b64),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def test_certificates_of_devices_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attestation was not asked for, so its formats, which parse certificates, are not reached."""
    reached: list[Any] = []
    monkeypatch.setattr("webauthn.verify_registration_response", lambda **given: reached.append(given))
    for fmt in ("tpm", "android-key", "android-safetynet", "apple", "fido-u2f", "other"):
        asked = options()
        with pytest.raises(PasskeyRefused):
            PARTY.check_registration(device().make(asked, fmt=fmt), challenge=asked["challenge"])
    assert reached == []


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(
        ["id", "rawId", "type", "response", "clientDataJSON", "attestationObject", "authenticatorData"]
        + ["signature", "userHandle", "transports", "authenticatorAttachment"]
    ),
    JSONISH,
)
def test_whatever_stands_in_an_answer_it_is_refused_or_right(name: str, value: Any) -> None:
    """No value of any part makes anything but a refusal, or leaves a right answer right."""
    tool = device()
    stored = made(tool)
    asked, signing = options(), PARTY.sign_in_options(challenge=make_challenge())
    for answer, check in (
        (tool.make(asked), lambda it: PARTY.check_registration(it, challenge=asked["challenge"])),
        (tool.sign(signing), lambda it: PARTY.check_sign_in(it, stored, challenge=signing["challenge"])),
    ):
        changed = copy.deepcopy(answer)
        (changed if name in changed else changed["response"])[name] = value
        try:
            check(changed)
        except PasskeyRefused:
            continue


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 400), st.integers(0, 255))
def test_no_byte_can_be_changed_in_what_was_signed(place: int, byte: int) -> None:
    """A changed byte of the device's data or of the signature is a refusal."""
    tool = device()
    stored = made(tool)
    signing = PARTY.sign_in_options(challenge=make_challenge())
    answer = tool.sign(signing)
    for name in ("authenticatorData", "signature", "clientDataJSON"):
        changed = copy.deepcopy(answer)
        text = changed["response"][name]
        octets = bytearray(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if octets[place % len(octets)] == byte:
            continue
        octets[place % len(octets)] = byte
        changed["response"][name] = b64(bytes(octets))
        with pytest.raises(PasskeyRefused):
            PARTY.check_sign_in(changed, stored, challenge=signing["challenge"])


@pytest.mark.parametrize(
    "answer",
    [None, [], "text", {}, {"id": "a"}, {"id": "a", "response": []}, {"id": 1, "response": {}}]
    + [
        {"id": "a", "response": {"clientDataJSON": text}}
        for text in ("", "e30", b64(b"[]"), b64(b"[" * 9000), "ä")
    ]
    + [{"id": "a", "response": {"clientDataJSON": "A" * 20_000}}]
    + [{"id": "a", "response": {"clientDataJSON": b64(json.dumps({"challenge": 7}).encode())}}],
)
def test_what_is_no_answer_has_no_challenge(answer: Any) -> None:
    """Other shapes, endless nesting and endless text are refused before anything is worked out."""
    with pytest.raises(PasskeyRefused):
        challenge_of(answer)


def test_missing_library_is_told_with_its_install_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passkeys are an extra."""
    monkeypatch.setitem(sys.modules, "webauthn", None)
    with pytest.raises(SetupError, match=r'pip install "asok\[auth\]"'):
        PARTY.sign_in_options(challenge=make_challenge())
