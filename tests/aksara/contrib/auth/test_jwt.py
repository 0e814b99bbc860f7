"""Tokens of an API: what they say, for how long, and that none is taken for another."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from aksara.conf import Settings, configure, reset_settings
from aksara.contrib.auth import create_access_token, create_refresh_token, decode, verify_refresh_token
from aksara.contrib.auth import jwt as module
from asok_engine.errors import SetupError, UsageError
from asok_engine.security.jwt import ALGORITHMS, JwtRefused

KEY = "a-secret-of-tests-and-nothing-else-0123456789"
ADA = SimpleNamespace(pk="8a6f", email="ada@example.com")


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    configure(Settings(secret_key=KEY))
    yield
    reset_settings()


def pem(key: Any) -> tuple[str, str]:
    """Give private and public text of a key."""
    encoding, none = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, none)
    public = key.public_key().public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


RSA = pem(rsa.generate_private_key(65537, 2048))
PAIRS = {
    "ES256": pem(ec.generate_private_key(ec.SECP256R1())),
    "ES384": pem(ec.generate_private_key(ec.SECP384R1())),
    "ES512": pem(ec.generate_private_key(ec.SECP521R1())),
    "EdDSA": pem(ed25519.Ed25519PrivateKey.generate()),
}


def header_of(token: str) -> dict[str, Any]:
    part = token.split(".")[0]
    read: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return read


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let this much time pass."""
    now = time.time() + seconds
    monkeypatch.setattr(module.time, "time", lambda: now)


def test_access_token_says_who_it_is() -> None:
    """Subject, address, moments, an id of its own, and what was added."""
    said = decode(create_access_token(ADA, scope="read"))
    assert (said["sub"], said["email"], said["scope"]) == ("8a6f", "ada@example.com", "read")
    assert said["exp"] - said["iat"] == 86400
    assert said["jti"] != decode(create_access_token(ADA))["jti"]


@pytest.mark.setting("aksara.AUTH_TOKEN_EXPIRY")
def test_access_token_is_over_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as the setting says, and not a second longer."""
    configure(Settings(secret_key=KEY, auth_token_expiry=90))
    token = create_access_token(ADA)
    refresh = create_refresh_token(ADA)
    later(monkeypatch, 88)
    assert decode(token)["sub"] == "8a6f"
    later(monkeypatch, 3)
    with pytest.raises(JwtRefused) as refused:
        decode(token)
    assert (refused.value.reason, refused.value.status) == ("expired", 401)
    assert verify_refresh_token(refresh)["sub"] == "8a6f"


@pytest.mark.setting("aksara.AUTH_REFRESH_TOKEN_EXPIRY")
def test_refresh_token_is_over_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has a time of its own."""
    configure(Settings(secret_key=KEY, auth_refresh_token_expiry=200))
    refresh = create_refresh_token(ADA)
    later(monkeypatch, 198)
    assert verify_refresh_token(refresh)["sub"] == "8a6f"
    later(monkeypatch, 3)
    with pytest.raises(JwtRefused) as refused:
        verify_refresh_token(refresh)
    assert refused.value.reason == "expired"


@pytest.mark.setting("aksara.AUTH_ALGORITHM")
@pytest.mark.setting("aksara.AUTH_PRIVATE_KEY")
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_algorithm_is_the_one_of_the_setting(algorithm: str) -> None:
    """Tokens are signed with it, and those of every other are refused."""
    private, _ = PAIRS.get(algorithm, RSA)
    configure(Settings(secret_key=KEY, auth_algorithm=algorithm, auth_private_key=private))
    token = create_access_token(ADA)
    assert header_of(token)["alg"] == algorithm
    assert decode(token)["sub"] == "8a6f"
    other = "HS512" if algorithm == "HS256" else "HS256"
    configure(Settings(secret_key=KEY, auth_algorithm=other))
    with pytest.raises(JwtRefused) as refused:
        decode(token)
    assert refused.value.reason == "algorithm"


@pytest.mark.setting("aksara.AUTH_PUBLIC_KEY")
def test_public_key_is_enough_to_check() -> None:
    """A service that only reads tokens has nothing by which it could make one."""
    private, public = RSA
    configure(Settings(secret_key=KEY, auth_algorithm="RS256", auth_private_key=private))
    token = create_access_token(ADA)
    configure(Settings(secret_key=KEY, auth_algorithm="RS256", auth_public_key=public))
    assert decode(token)["sub"] == "8a6f"
    with pytest.raises(SetupError, match="No key can sign"):
        create_access_token(ADA)


def test_key_of_before_still_checks_while_it_is_the_public_one() -> None:
    """A private key is changed without signing everybody out (reliability 91)."""
    configure(Settings(secret_key=KEY, auth_algorithm="RS256", auth_private_key=RSA[0]))
    token = create_access_token(ADA)
    newer = pem(rsa.generate_private_key(65537, 2048))[0]
    configure(
        Settings(secret_key=KEY, auth_algorithm="RS256", auth_private_key=newer, auth_public_key=RSA[1])
    )
    assert decode(token)["sub"] == decode(create_access_token(ADA))["sub"]
    configure(Settings(secret_key=KEY, auth_algorithm="RS256", auth_private_key=newer))
    with pytest.raises(JwtRefused):
        decode(token)


@pytest.mark.parametrize("algorithm", ["HS256", "RS256", "ES256", "EdDSA"])
def test_no_token_is_taken_for_another_kind(algorithm: str) -> None:
    """A refresh token calls nothing, and an access token gets no other."""
    private, _ = PAIRS.get(algorithm, RSA)
    configure(Settings(secret_key=KEY, auth_algorithm=algorithm, auth_private_key=private))
    reason = "signature" if algorithm == "HS256" else "type"
    for token, check in (
        (create_refresh_token(ADA), decode),
        (create_access_token(ADA), verify_refresh_token),
    ):
        with pytest.raises(JwtRefused) as refused:
            check(token)
        assert refused.value.reason == reason


def test_public_key_of_the_setting_is_no_shared_secret() -> None:
    """HS256 with the PEM text, RS256 being set (reliability 92)."""
    configure(Settings(secret_key=RSA[1], auth_algorithm="HS256"))
    with pytest.raises(SetupError, match="AUTH_PRIVATE_KEY"):
        create_access_token(ADA)


@pytest.mark.setting("aksara.SECRET_KEY")
def test_another_secret_key_is_another_application() -> None:
    """What one has signed the other refuses; what is signed for anything else is no token."""
    token = create_access_token(ADA)
    configure(Settings(secret_key=KEY[::-1]))
    with pytest.raises(JwtRefused) as refused:
        decode(token)
    assert refused.value.reason == "signature"


@pytest.mark.parametrize("algorithm", ["RS256", "HS256"])
def test_missing_key_is_told_with_what_to_do(algorithm: str) -> None:
    """The setting is named."""
    configure(Settings(secret_key=None if algorithm == "HS256" else KEY, auth_algorithm=algorithm))
    with pytest.raises(
        SetupError, match="SECRET_KEY is missing" if algorithm == "HS256" else "AUTH_PRIVATE_KEY is missing"
    ):
        create_access_token(ADA)


def test_key_of_another_family_is_told() -> None:
    """RS256 with a key of a curve signs nothing."""
    configure(Settings(secret_key=KEY, auth_algorithm="RS256", auth_private_key=PAIRS["ES256"][0]))
    with pytest.raises(SetupError, match="No key can sign JSON Web Tokens with RS256"):
        create_access_token(ADA)


@pytest.mark.parametrize("name", ["sub", "exp", "iat", "jti"])
def test_what_a_token_says_by_itself_is_not_given(name: str) -> None:
    """Nobody makes a token for ever, or somebody else's, by a claim."""
    with pytest.raises(UsageError, match=name):
        create_access_token(ADA, **{name: 1})


def test_user_who_was_not_saved_has_no_token() -> None:
    """There is nobody whom it could name."""
    with pytest.raises(UsageError, match="was not saved"):
        create_access_token(SimpleNamespace(pk=None))
