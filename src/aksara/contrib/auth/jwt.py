"""JSON Web Tokens of an API: `create_access_token(user)`, `create_refresh_token(user)`, `decode(token)`.

An access token says who calls, for AUTH_TOKEN_EXPIRY seconds; a refresh token gets another
one, for AUTH_REFRESH_TOKEN_EXPIRY seconds, and is good for nothing else: the two say in their
header what they are, and with HS* they have keys of their own, derived from SECRET_KEY. With
the other algorithms AUTH_PRIVATE_KEY signs, and AUTH_PUBLIC_KEY alone is enough to check.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal

from aksara.conf import settings
from asok_engine.errors import SetupError, UsageError
from asok_engine.records.record import Record
from asok_engine.security.jwt import JwtKeys, check_jwt, looks_like_key, sign_jwt
from asok_engine.security.keys import derive_key, random_token

__all__ = ["TokenKind", "create_access_token", "create_refresh_token", "decode", "verify_refresh_token"]

TokenKind = Literal["access", "refresh"]
_TYPES: Mapping[TokenKind, str] = {"access": "at+jwt", "refresh": "rt+jwt"}
#: What a token says by itself; nobody else says it.
_OWN = frozenset(("sub", "exp", "iat", "jti", "model"))


def create_access_token(user: Any, **claims: Any) -> str:
    """Give a token by which somebody calls the API, for AUTH_TOKEN_EXPIRY seconds.

    `claims` is more that it says; everybody who has it can read it.

    Raises:
        UsageError: the user was not saved, or a claim is one that the token says by itself.
        SetupError: the setting AUTH_ALGORITHM needs a key that is not there.
    """
    return _create("access", user, claims, settings.AUTH_TOKEN_EXPIRY)


def create_refresh_token(user: Any, **claims: Any) -> str:
    """Give a token that gets an access token, and nothing else, for AUTH_REFRESH_TOKEN_EXPIRY seconds.

    Raises:
        UsageError: the user was not saved, or a claim is one that the token says by itself.
        SetupError: the setting AUTH_ALGORITHM needs a key that is not there.
    """
    return _create("refresh", user, claims, settings.AUTH_REFRESH_TOKEN_EXPIRY)


def decode(token: str, kind: TokenKind = "access") -> dict[str, Any]:
    """Give what a token of this kind says: `sub`, `email`, `exp`, `iat`, `jti`, and what was added.

    `model` is the table of whoever `sub` is, for users that are records.

    Raises:
        JwtRefused: it is no such token of this application, or not any more (401).
    """
    algorithm = settings.AUTH_ALGORITHM
    return check_jwt(
        token,
        _keys(kind, algorithm),
        [algorithm],
        now=time.time(),
        types=(_TYPES[kind],),
        required=("sub", "exp", "iat", "jti"),
        # Why none: the same clocks make and check it.
        leeway_seconds=0 if algorithm.startswith("HS") else 5,
    )


def verify_refresh_token(token: str) -> dict[str, Any]:
    """Give what a refresh token says; raises JwtRefused (401) for an access token and for any other."""
    return decode(token, "refresh")


def _create(kind: TokenKind, user: Any, claims: Mapping[str, Any], seconds: int) -> str:
    key = getattr(user, "pk", None)
    if key is None:
        raise UsageError(
            f"A token was asked for {type(user).__name__}, which was not saved.", fix="Save the user first."
        )
    taken = sorted(_OWN & claims.keys())
    if taken:
        raise UsageError(
            f"A token says {', '.join(taken)} by itself, and create_{kind}_token was given it.",
            fix="Give the claim another name.",
        )
    now = int(time.time())
    email = getattr(user, "email", None)
    said = {
        **({} if email is None else {"email": str(email)}),
        **({"model": user.__description__.table_name} if isinstance(user, Record) else {}),
        **claims,
        "sub": str(key),
        "iat": now,
        "exp": now + seconds,
        "jti": random_token(16),
    }
    algorithm = settings.AUTH_ALGORITHM
    return sign_jwt(said, _keys(kind, algorithm), algorithm, type_=_TYPES[kind])


def _keys(kind: TokenKind, algorithm: str) -> JwtKeys:
    if algorithm.startswith("HS"):
        return _shared(kind, settings.SECRET_KEY or "")
    return _pair(settings.AUTH_PRIVATE_KEY or "", settings.AUTH_PUBLIC_KEY or "")


@lru_cache(maxsize=8)
def _shared(kind: TokenKind, secret: str) -> JwtKeys:
    """Derive the key of one kind of tokens."""
    if not secret or looks_like_key(secret.encode("utf-8", "replace")):
        found = "a key of another kind" if secret else "missing"
        raise SetupError(
            f"Setting SECRET_KEY is {found}, and AUTH_ALGORITHM derives the keys of tokens from it.",
            fix='Set it in .env, for example: python -c "import secrets; print(secrets.token_urlsafe(48))"; '
            "a PEM key belongs into AUTH_PRIVATE_KEY.",
        )
    return JwtKeys.of_secrets([derive_key(secret, f"jwt {kind}", 64)])


@lru_cache(maxsize=8)
def _pair(private: str, public: str) -> JwtKeys:
    """Read the keys of the settings: the private one signs, both check."""
    texts = [text for text in (private, public) if text]
    if not texts:
        raise SetupError(
            "AUTH_ALGORITHM signs tokens with a private key, and AUTH_PRIVATE_KEY is missing.",
            fix="Make one, for example: openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048",
        )
    return JwtKeys.of_pem(texts)
