"""JSON Web Tokens: signed here, and checked as if everybody meant harm.

Which algorithm counts is said by whoever checks, never by the token. A key is good for its
own kind of algorithm and no other, so that no public key ever stands for a shared secret.
Nothing that a token names is fetched or looked up anywhere but among the given keys. What
RFC 8725 advises holds: no `none`, no unknown `crit`, issuer, audience and type told apart.
Pure: the time comes in, and the library signs and verifies only.
Sources: RFC 7515, RFC 7519, RFC 8725, RFC 9068.
"""

from __future__ import annotations

import binascii
import math
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from asok_engine.errors import SetupError, UnauthorizedError

if TYPE_CHECKING:
    from joserfc._rfc7515.model import JWSAlgModel

__all__ = ["ALGORITHMS", "PUBLIC_ALGORITHMS", "JwtKey", "JwtKeys", "JwtRefused", "check_jwt", "sign_jwt"]

SHARED = ("HS256", "HS384", "HS512")
#: Those whose verifying key may be known to everybody.
PUBLIC_ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA"),
)
ALGORITHMS = (*SHARED, *PUBLIC_ALGORITHMS)
_CURVES = {"P-256": ("ES256",), "P-384": ("ES384",), "P-521": ("ES512",)}
#: A token that is longer is not read at all.
MOST_CHARACTERS = 16_384
MOST_KEYS = 100
FEWEST_RSA_BITS = 2048
#: What clocks may differ by.
LEEWAY_SECONDS = 30.0
LATEST = 2**53


class JwtRefused(UnauthorizedError):
    """This token is not valid here, or not any more.

    `reason` is one word for logs and for whoever asks again: `malformed`, `algorithm`, `key`
    (none of this name is known), `signature`, `type`, `claims`, `issuer`, `audience`, `nonce`,
    `early` or `expired`.
    """

    code = "jwt-refused"

    def __init__(self, message: str = "", *, reason: str = "malformed") -> None:
        super().__init__(message, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
        self.reason = reason


class JwtKey(msgspec.Struct, frozen=True):
    """A key of the library, what it is called in tokens, and the algorithms that it is good for."""

    key: Any
    id: str
    algorithms: tuple[str, ...]
    #: Whether it can sign.
    is_private: bool


class JwtKeys:
    """The keys by which tokens are checked, and the first that may is the one that signs."""

    def __init__(self, keys: Sequence[JwtKey]) -> None:
        self._keys = tuple(keys)

    @classmethod
    def of_secrets(cls, secrets: Sequence[bytes]) -> JwtKeys:
        """Give keys of shared secrets, the newest first; to be derived, and never a text that somebody chose.

        Raises:
            SetupError: one is shorter than 32 bytes, or is a key of another kind; joserfc is missing.
        """
        jwk = _joserfc().OctKey
        made = []
        for secret in secrets:
            if len(secret) < 32 or looks_like_key(secret):
                raise SetupError(
                    "A secret for JSON Web Tokens is shorter than 32 bytes, or is a key of another kind.",
                    fix="Derive it from SECRET_KEY.",
                )
            made.append(JwtKey(jwk.import_key(secret), "", SHARED, True))
        return cls(made)

    @classmethod
    def of_pem(cls, texts: Sequence[str]) -> JwtKeys:
        """Give keys of PEM texts, the newest first; private ones sign, public ones check.

        Raises:
            SetupError: one cannot be read, is weak, or joserfc is missing.
        """
        return cls([_pem_key(text) for text in texts])

    @classmethod
    def of_jwks(cls, document: Any) -> JwtKeys:
        """Give the public keys of a JSON Web Key Set of somebody else; what cannot be used is left out.

        Raises:
            JwtRefused: it is no set of keys.
            SetupError: joserfc is missing.
        """
        listed = document.get("keys") if isinstance(document, Mapping) else None
        if not isinstance(listed, list):
            raise JwtRefused("The keys of the issuer are no JSON Web Key Set.", reason="key")
        made = [_jwk_key(each) for each in listed[:MOST_KEYS] if isinstance(each, dict)]
        return cls([key for key in made if key is not None])

    def signing(self, algorithm: str) -> JwtKey:
        """Give the key that signs with an algorithm.

        Raises:
            SetupError: there is none.
        """
        for key in self._keys:
            if key.is_private and algorithm in key.algorithms:
                return key
        raise SetupError(
            f"No key can sign JSON Web Tokens with {algorithm}.",
            fix="RS*, PS*, ES* and EdDSA need a private key of their kind as PEM.",
        )

    def checking(self, algorithm: str, key_id: str | None) -> list[JwtKey]:
        """Give the keys that a token of an algorithm may have been signed with; by name where it has one."""
        fitting = [key for key in self._keys if algorithm in key.algorithms]
        # Why also without a name: an issuer with one key need not give it one (RFC 7515 4.1.4).
        return fitting if key_id is None else [key for key in fitting if key.id in ("", key_id)]


def sign_jwt(claims: Mapping[str, Any], keys: JwtKeys, algorithm: str, *, type_: str = "JWT") -> str:
    """Give a signed token of these claims; `type_` says what kind of token it is.

    Raises:
        SetupError: no key signs with this algorithm.
    """
    key = keys.signing(algorithm)
    header = {"alg": algorithm, "typ": type_} | ({"kid": key.id} if key.id else {})
    signed = f"{_encode(msgspec.json.encode(header))}.{_encode(msgspec.json.encode(claims))}"
    return f"{signed}.{_encode(_model(algorithm).sign(signed.encode('ascii'), key.key))}"


def check_jwt(
    token: str,
    keys: JwtKeys,
    algorithms: Collection[str],
    *,
    now: float,
    types: Collection[str] = ("JWT",),
    issuer: str | None = None,
    audience: str | None = None,
    required: Collection[str] = ("exp",),
    leeway_seconds: float = LEEWAY_SECONDS,
) -> dict[str, Any]:
    """Give the claims of a token that was signed by one of these keys, for this audience, and is not over.

    `types` are the kinds that are taken, "" for tokens that do not say theirs. `now` is in
    seconds since the epoch.

    Raises:
        JwtRefused: with the reason (401).
    """
    header, signed, signature, payload = _parts(token)
    algorithm, key_id = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in algorithms or algorithm not in ALGORITHMS:
        raise JwtRefused("The token is signed in a way that is not taken here.", reason="algorithm")
    if "crit" in header or "b64" in header:
        # What it names must be understood, and nothing that may be named is (RFC 7515 4.1.11, RFC 7797).
        raise JwtRefused("The token demands something that is not known here.", reason="malformed")
    if key_id is not None and not (isinstance(key_id, str) and len(key_id) <= 255):
        raise JwtRefused("The token names its key in a way that is none.", reason="malformed")
    candidates = keys.checking(algorithm, key_id)
    if not candidates:
        raise JwtRefused("The token was signed with a key that is not known here.", reason="key")
    model = _model(algorithm)
    if not any(_verifies(model, signed, signature, key) for key in candidates):
        raise JwtRefused("The signature of the token is not right.", reason="signature")
    kind = header.get("typ", "")
    wanted = {each.lower().removeprefix("application/") for each in types}
    if not isinstance(kind, str) or kind.lower().removeprefix("application/") not in wanted:
        raise JwtRefused("The token is of another kind.", reason="type")
    claims = _object(payload)
    _check_claims(claims, now=now, issuer=issuer, audience=audience, required=required, leeway=leeway_seconds)
    return claims


def looks_like_key(secret: bytes) -> bool:
    """Tell whether a text is a key that belongs to public algorithms: PEM, SSH or JWK (RFC 8725 2.1)."""
    start = secret.lstrip()[:2048]
    return (
        b"-----BEGIN " in start
        or b"---- BEGIN " in start
        or start.startswith((b"ssh-", b"ecdsa-sha2-", b"sk-ssh-"))
        or (start.startswith(b"{") and b'"kty"' in start)
    )


# --- claims -------------------------------------------------------------------------------------


def _check_claims(
    claims: Mapping[str, Any],
    *,
    now: float,
    issuer: str | None,
    audience: str | None,
    required: Collection[str],
    leeway: float,
) -> None:
    missing = [name for name in required if claims.get(name) in (None, "")]
    if missing:
        raise JwtRefused(f"The token does not say {', '.join(missing)}.", reason="claims")
    for name in ("exp", "nbf", "iat"):
        moment = claims.get(name)
        if moment is not None and not _is_moment(moment):
            raise JwtRefused(f"The token has no moment in {name}.", reason="claims")
    if "exp" in claims and claims["exp"] + leeway <= now:
        raise JwtRefused("The token has expired.", reason="expired")
    if max(claims.get("nbf") or 0, claims.get("iat") or 0) > now + leeway:
        raise JwtRefused("The token is not valid yet.", reason="early")
    if issuer is not None and claims.get("iss") != issuer:
        raise JwtRefused("The token comes from somebody else.", reason="issuer")
    if audience is not None:
        named = claims.get("aud")
        listed = named if isinstance(named, list) else [named]
        if audience not in listed or not all(isinstance(each, str) for each in listed):
            raise JwtRefused("The token is meant for somebody else.", reason="audience")


def _is_moment(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value) and 0 <= value <= LATEST


# --- text ---------------------------------------------------------------------------------------


def _parts(token: str) -> tuple[dict[str, Any], bytes, bytes, bytes]:
    """Give header, what is signed, signature, and payload of a compact token."""
    if not isinstance(token, str) or not token.isascii() or len(token) > MOST_CHARACTERS:
        raise JwtRefused("The token is too long, or is none.")
    parts = token.split(".")
    if len(parts) != 3 or not all(parts):
        raise JwtRefused("The token is not three parts with a signature.")
    header, payload, signature = map(_decode, parts)
    return _object(header), token.rpartition(".")[0].encode("ascii"), signature, payload


def _object(octets: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(octets)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise JwtRefused("A part of the token is not JSON.") from error
    if not isinstance(found, dict):
        raise JwtRefused("A part of the token is no JSON object.")
    return found


def _decode(text: str) -> bytes:
    """Read base64url without padding, in the one form that these bytes have."""
    try:
        octets = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as error:
        raise JwtRefused("A part of the token is not base64url.") from error
    if _encode(octets) != text:
        raise JwtRefused("A part of the token is not base64url.")
    return octets


def _encode(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


# --- keys ---------------------------------------------------------------------------------------


def _verifies(model: JWSAlgModel, signed: bytes, signature: bytes, key: JwtKey) -> bool:
    try:
        model.check_key(key.key)
        return bool(model.verify(signed, signature, key.key))
    except (_joserfc().JoseError, ValueError):
        return False


def _pem_key(text: str) -> JwtKey:
    jose = _joserfc()
    # One line in a `.env` file is a PEM text too.
    octets = text.strip().replace("\\n", "\n").encode("utf-8", "replace") + b"\n"
    for kind in (jose.RSAKey, jose.ECKey, jose.OKPKey):
        try:
            key = kind.import_key(octets)
        except (jose.JoseError, jose.SecurityWarning, ValueError, TypeError, AttributeError):
            continue
        algorithms = _fitting(key)
        if algorithms:
            return JwtKey(key, key.thumbprint(), algorithms, bool(key.is_private))
    raise SetupError(
        "A key for JSON Web Tokens cannot be read, or is too weak.",
        fix=f"Give PEM text, without a password, of an RSA key of {FEWEST_RSA_BITS} bits or of P-256, P-384, "
        "P-521, Ed25519 or Ed448.",
    )


def _jwk_key(document: dict[str, Any]) -> JwtKey | None:
    jose = _joserfc()
    kind = {"RSA": jose.RSAKey, "EC": jose.ECKey, "OKP": jose.OKPKey}.get(str(document.get("kty")))
    uses, name = document.get("use"), document.get("kid")
    if kind is None or uses not in (None, "sig") or not isinstance(name, str | None):
        return None
    # Why these alone: a private key that somebody publishes is still only a public one to us.
    public = {part: document[part] for part in ("kty", "n", "e", "crv", "x", "y") if part in document}
    try:
        key = kind.import_key(public)
        algorithms = _fitting(key)
    except (jose.JoseError, jose.SecurityWarning, ValueError, TypeError, AttributeError, KeyError):
        return None
    named = document.get("alg")
    if named is not None:
        algorithms = tuple(each for each in algorithms if each == named)
    return JwtKey(key, name or "", algorithms, False) if algorithms else None


def _fitting(key: Any) -> tuple[str, ...]:
    """Give the algorithms that a key is good for, none for a weak one."""
    if key.key_type == "RSA":
        bits: int = key.raw_value.key_size
        return PUBLIC_ALGORITHMS[:6] if FEWEST_RSA_BITS <= bits <= 8192 else ()
    if key.key_type == "EC":
        return _CURVES.get(key.curve_name, ())
    return ("EdDSA",) if key.curve_name in ("Ed25519", "Ed448") else ()


class _Joserfc(msgspec.Struct):
    JoseError: Any
    SecurityWarning: Any
    OctKey: Any
    RSAKey: Any
    ECKey: Any
    OKPKey: Any


def _joserfc() -> _Joserfc:
    try:
        from joserfc.errors import JoseError, SecurityWarning
        from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
    except ImportError as error:
        raise SetupError(
            "JSON Web Tokens need the package joserfc, which is not installed.",
            fix='Run: pip install "asok[auth]"',
        ) from error
    return _Joserfc(JoseError, SecurityWarning, OctKey, RSAKey, ECKey, OKPKey)


def _model(algorithm: str) -> JWSAlgModel:
    """Give the library's algorithm; which one may be used was decided before."""
    from joserfc.jws import JWSRegistry

    return JWSRegistry.algorithms[algorithm]
