"""JSON Web Tokens: what is signed is read, and nothing else is, whoever made it and however."""

from __future__ import annotations

import hmac
import json
import sys
import time
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa, x25519
from hypothesis import given, settings
from hypothesis import strategies as st

from asok_engine.errors import SetupError
from asok_engine.security.jwt import ALGORITHMS, JwtKeys, JwtRefused, check_jwt, looks_like_key, sign_jwt

NOW = 1_800_000_000.0
SECRET = b"s" * 32
CLAIMS = {"sub": "7", "exp": NOW + 60, "iat": NOW}


def private_pem(key: Any) -> str:
    kind = serialization.PrivateFormat.PKCS8
    return str(key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption()).decode())


def public_pem(key: Any) -> str:
    kind = serialization.PublicFormat.SubjectPublicKeyInfo
    return str(key.public_key().public_bytes(serialization.Encoding.PEM, kind).decode())


RSA = rsa.generate_private_key(65537, 2048)
CURVES = {
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "ES384": ec.generate_private_key(ec.SECP384R1()),
    "ES512": ec.generate_private_key(ec.SECP521R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}


def key_for(algorithm: str) -> Any:
    return CURVES.get(algorithm, RSA)


def keys_for(algorithm: str) -> JwtKeys:
    if algorithm.startswith("HS"):
        return JwtKeys.of_secrets([SECRET])
    return JwtKeys.of_pem([private_pem(key_for(algorithm))])


def b64(value: Any) -> str:
    octets = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def forge(header: Any, claims: Any = CLAIMS, secret: bytes = SECRET) -> str:
    """Sign a token with HS256 by other means."""
    signed = f"{b64(header)}.{b64(claims)}"
    return f"{signed}.{b64(hmac.digest(secret, signed.encode(), 'sha256'))}"


def refused(token: Any, keys: JwtKeys | None = None, algorithms: Any = ("HS256",), **more: Any) -> str:
    """Give the reason for which a token is refused."""
    with pytest.raises(JwtRefused) as error:
        check_jwt(token, keys or JwtKeys.of_secrets([SECRET]), algorithms, now=NOW, **more)
    assert error.value.status == 401
    assert error.value.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    return error.value.reason


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_what_is_signed_is_read(algorithm: str) -> None:
    """Every algorithm, with its own kind of key; the public half is enough to check."""
    token = sign_jwt(CLAIMS, keys_for(algorithm), algorithm)
    assert check_jwt(token, keys_for(algorithm), [algorithm], now=NOW) == CLAIMS
    if not algorithm.startswith("HS"):
        public = JwtKeys.of_pem([public_pem(key_for(algorithm))])
        assert check_jwt(token, public, [algorithm], now=NOW) == CLAIMS
        with pytest.raises(SetupError):
            sign_jwt(CLAIMS, public, algorithm)


def test_the_other_curve_of_eddsa_is_taken() -> None:
    """Ed448 signs as Ed25519 does."""
    keys = JwtKeys.of_pem([private_pem(ed448.Ed448PrivateKey.generate())])
    assert check_jwt(sign_jwt(CLAIMS, keys, "EdDSA"), keys, ["EdDSA"], now=NOW) == CLAIMS


def test_token_of_other_makers_is_read() -> None:
    """A token that was made by other means is one too; a name of a key is none of ours and does no harm."""
    keys = JwtKeys.of_secrets([SECRET])
    for header in ({"alg": "HS256", "typ": "JWT"}, {"typ": "jwt", "alg": "HS256", "kid": "theirs"}):
        assert check_jwt(forge(header), keys, ["HS256"], now=NOW) == CLAIMS


@pytest.mark.parametrize(
    "algorithm", ["none", "None", "NONE", "nOnE", "", "HS512", "RS256", "dir", None, 7, ["HS256"]]
)
def test_algorithm_of_the_token_decides_nothing(algorithm: Any) -> None:
    """Only what the checker has named counts (RFC 8725 3.1, CVE-2015-9235)."""
    assert refused(forge({"alg": algorithm, "typ": "JWT"})) == "algorithm"


def test_algorithm_that_is_not_one_is_never_allowed() -> None:
    """Also where somebody names it."""
    assert refused(forge({"alg": "none", "typ": "JWT"}), None, ("none", "HS256")) == "algorithm"


@pytest.mark.parametrize("part", ["", "AAAA"])
def test_token_without_a_signature_is_none(part: str) -> None:
    """`alg: none` with nothing behind it, or with anything."""
    token = f"{b64({'alg': 'none', 'typ': 'JWT'})}.{b64(CLAIMS)}.{part}"
    assert refused(token, None, ("HS256", "RS256")) == ("algorithm" if part else "malformed")


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
def test_public_key_is_never_a_shared_secret(algorithm: str) -> None:
    """HS/RS confusion: signed with the public key in whatever form, and HS256 allowed beside (CVE-2016-10555)."""
    key = key_for(algorithm)
    der = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    keys = JwtKeys.of_pem([public_pem(key)])
    for secret in (public_pem(key).encode(), public_pem(key).strip().encode(), der):
        token = forge({"alg": "HS256", "typ": "JWT"}, secret=secret)
        assert refused(token, keys, (algorithm,)) == "algorithm"
        assert refused(token, keys, (algorithm, "HS256")) == "key"


@pytest.mark.parametrize(
    "secret",
    [
        public_pem(RSA).encode(),
        private_pem(RSA).encode(),
        b"\n " + public_pem(CURVES["ES256"]).encode(),
        b'{"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "1"}',
        b"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ somebody@example.com",
        b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI somebody@example.com",
        b"short",
        b"",
    ],
)
def test_key_of_another_kind_is_no_secret(secret: bytes) -> None:
    """PEM, JWK, SSH keys and short texts sign nothing (CVE-2022-29217)."""
    with pytest.raises(SetupError):
        JwtKeys.of_secrets([secret])
    assert looks_like_key(secret) is (len(secret) > 10)


@pytest.mark.parametrize(
    ("signs", "checks"), [("ES256", "ES384"), ("ES384", "ES256"), ("RS256", "PS256"), ("EdDSA", "ES256")]
)
def test_key_is_good_for_its_own_algorithms_only(signs: str, checks: str) -> None:
    """Another curve, another padding, another family."""
    token = sign_jwt(CLAIMS, keys_for(signs), signs)
    assert refused(token, keys_for(signs), (checks,)) == "algorithm"
    if keys_for(checks).checking(signs, None) == []:
        assert refused(token, keys_for(checks), (signs, checks)) == "key"


@pytest.mark.parametrize(
    "more",
    [
        {"crit": ["exp"]},
        {"crit": []},
        {"crit": ["b64"], "b64": False},
        {"b64": False},
        {"b64": True},
        {"crit": "exp"},
    ],
)
def test_what_must_be_understood_is_not(more: dict[str, Any]) -> None:
    """An extension that a token insists on is refused, whatever it is (RFC 7515 4.1.11, RFC 7797)."""
    assert refused(forge({"alg": "HS256", "typ": "JWT"} | more)) == "malformed"


@pytest.mark.parametrize(
    "kid",
    [
        "../../../../dev/null",
        "' OR 1=1 --",
        "https://evil.example/key",
        "\x00",
        "|id",
        "file:///path/secrets",
    ],
)
def test_name_of_a_key_is_a_name(kid: str) -> None:
    """It chooses among the keys that are given, and opens, asks or looks up nothing."""
    keys = keys_for("RS256")
    token = sign_jwt(CLAIMS, keys, "RS256")
    header = {"alg": "RS256", "typ": "JWT", "kid": kid}
    renamed = f"{b64(header)}.{token.split('.', 1)[1]}"
    assert refused(renamed, keys, ("RS256",)) == "key"


@pytest.mark.parametrize("kid", [7, ["a"], {"a": 1}, "k" * 256, True])
def test_odd_name_of_a_key_is_refused(kid: Any) -> None:
    """It is text, and not endless."""
    assert refused(forge({"alg": "HS256", "typ": "JWT", "kid": kid})) == "malformed"


def test_key_that_a_token_brings_along_is_not_used() -> None:
    """`jwk`, `jku`, `x5u` and `x5c` are whatever the sender likes (CVE-2018-0114)."""
    stranger = JwtKeys.of_pem([private_pem(rsa.generate_private_key(65537, 2048))])
    token = sign_jwt(CLAIMS, stranger, "RS256")
    payload = token.split(".")[1]
    own = {"alg": "RS256", "typ": "JWT", "jwk": {"kty": "RSA"}, "jku": "https://evil.example", "x5c": ["x"]}
    signed = f"{b64(own)}.{payload}"
    made = stranger.signing("RS256").key.raw_value.sign(signed.encode(), *_padding())
    assert refused(f"{signed}.{b64(made)}", keys_for("RS256"), ("RS256",)) == "signature"


def _padding() -> tuple[Any, Any]:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    return padding.PKCS1v15(), hashes.SHA256()


@pytest.mark.parametrize(
    "token",
    [
        *("", ".", "..", "a.b", "a.b.c.d", "a.b.c.d.e", "ä.b.c", " a.b.c", "a.b.c\n"),
        "A" * 20_000,
        "." * 20_000,
        *(None, 7, b"a.b.c", ["a"]),
        f"{b64(b'[' * 5000)}.{b64(CLAIMS)}.AAAA",
        f"{b64(b'{' * 3000)}.{b64(CLAIMS)}.AAAA",
        f"{b64([])}.{b64(CLAIMS)}.AAAA",
        f"{b64(b'x')}.{b64(CLAIMS)}.AAAA",
        f"{b64(bytes((0xFF, 0xFE)))}.{b64(CLAIMS)}.AAAA",
    ],
)
def test_what_is_no_token_is_refused(token: Any) -> None:
    """Other shapes, endless ones, deep ones."""
    assert refused(token) == "malformed"


def test_deep_and_huge_claims_are_refused() -> None:
    """Also with a right signature: what is signed may come from somebody else."""
    assert refused(forge({"alg": "HS256", "typ": "JWT"}, b'{"a":' * 3000 + b"1" + b"}" * 3000)) in (
        "malformed",
        "claims",
    )
    assert refused(forge({"alg": "HS256", "typ": "JWT"}, {"a": "x" * 20_000})) == "malformed"
    assert refused(forge({"alg": "HS256", "typ": "JWT"}, [CLAIMS])) == "malformed"
    assert refused(forge({"alg": "HS256", "typ": "JWT"}, b'{"exp": NaN}')) == "malformed"


@pytest.mark.parametrize("change", ["pad", "slash", "space", "bits", "newline"])
def test_one_token_has_one_form(change: str) -> None:
    """No padding, no other alphabet, no spare bits: a list of tokens that were used cannot be evaded."""
    token = forge({"alg": "HS256", "typ": "JWT"}, {**CLAIMS, "a": "?>~"})
    head, payload, signature = token.split(".")
    bent = {
        "pad": f"{token}=",
        "slash": f"{head}.{payload.replace('_', '/').replace('-', '+')}/.{signature}",
        "space": f"{head}. {payload}.{signature}",
        "bits": f"{head}.{payload}.{signature[:-1]}{chr(ord(signature[-1]) + 1)}",
        "newline": f"{head}.{payload}\n.{signature}",
    }[change]
    assert refused(bent) == "malformed"


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": NOW - 31}, "expired"),
        ({"exp": NOW + 60, "nbf": NOW + 31}, "early"),
        ({"exp": NOW + 60, "iat": NOW + 31}, "early"),
        ({}, "claims"),
        ({"exp": None}, "claims"),
        ({"exp": "9999999999"}, "claims"),
        ({"exp": True}, "claims"),
        ({"exp": [NOW + 60]}, "claims"),
        ({"exp": -1}, "claims"),
        ({"exp": 1e300}, "claims"),
        ({"exp": NOW + 60, "nbf": "now"}, "claims"),
    ],
)
def test_moments_are_moments(claims: dict[str, Any], reason: str) -> None:
    """Half a minute between clocks is allowed, anything that is no moment is not."""
    assert refused(forge({"alg": "HS256", "typ": "JWT"}, claims)) == reason


def test_clocks_may_differ_by_half_a_minute() -> None:
    """A token that has just expired, or is just not valid yet, is taken."""
    for claims in ({"exp": NOW - 29}, {"exp": NOW + 60, "nbf": NOW + 29}):
        assert (
            check_jwt(forge({"alg": "HS256", "typ": "JWT"}, claims), keys_for("HS256"), ["HS256"], now=NOW)
            == claims
        )


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"iss": "https://b"}, "issuer"),
        ({"iss": None}, "issuer"),
        ({"aud": "other"}, "audience"),
        ({"aud": None}, "audience"),
        ({"aud": []}, "audience"),
        ({"aud": ["me", 7]}, "audience"),
        ({"aud": {"me": 1}}, "audience"),
        ({"aud": "me too"}, "audience"),
    ],
)
def test_issuer_and_audience_are_told_apart(claims: dict[str, Any], reason: str) -> None:
    """A token for somebody else is not for us (RFC 8725 3.8, 3.9)."""
    token = forge({"alg": "HS256", "typ": "JWT"}, {**CLAIMS, "iss": "https://a", "aud": "me"} | claims)
    assert refused(token, issuer="https://a", audience="me") == reason


@pytest.mark.parametrize("kind", ["at+jwt", "", None, 7, "JOSE"])
def test_kinds_of_tokens_are_told_apart(kind: Any) -> None:
    """One kind is not used as another (RFC 8725 3.11)."""
    header = {"alg": "HS256"} | ({} if kind is None else {"typ": kind})
    assert refused(forge(header)) == "type"
    if isinstance(kind, str):
        assert check_jwt(
            forge({"alg": "HS256", "typ": f"application/{kind}" if kind else ""}),
            keys_for("HS256"),
            ["HS256"],
            now=NOW,
            types=(kind,),
        )


def test_earlier_secrets_check_and_the_newest_signs() -> None:
    """A key is changed without signing everybody out; one that was taken away is worth nothing (reliability 91)."""
    older, newer = b"o" * 32, b"n" * 32
    token = sign_jwt(CLAIMS, JwtKeys.of_secrets([older]), "HS256")
    both = JwtKeys.of_secrets([newer, older])
    assert check_jwt(token, both, ["HS256"], now=NOW) == CLAIMS
    assert (
        check_jwt(sign_jwt(CLAIMS, both, "HS256"), JwtKeys.of_secrets([newer]), ["HS256"], now=NOW) == CLAIMS
    )
    assert refused(token, JwtKeys.of_secrets([newer])) == "signature"


def test_earlier_keys_are_found_by_their_name() -> None:
    """A PEM key has a name of its own, its thumbprint (RFC 7638)."""
    older, newer = private_pem(rsa.generate_private_key(65537, 2048)), private_pem(RSA)
    token = sign_jwt(CLAIMS, JwtKeys.of_pem([older]), "RS256")
    assert check_jwt(token, JwtKeys.of_pem([newer, older]), ["RS256"], now=NOW) == CLAIMS
    assert refused(token, JwtKeys.of_pem([newer]), ("RS256",)) == "key"


@pytest.mark.parametrize(
    "text",
    [
        *("", "text", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"),
        private_pem(rsa.generate_private_key(65537, 1024)),
        private_pem(ec.generate_private_key(ec.SECP256K1())),
        private_pem(x25519.X25519PrivateKey.generate()),
    ],
)
def test_key_that_cannot_be_read_or_is_weak_is_told(text: str) -> None:
    """With what is expected, and nothing of the key."""
    with pytest.raises(SetupError, match="RSA key of 2048 bits") as error:
        JwtKeys.of_pem([text])
    assert "AAAA" not in str(error.value)


def test_key_in_one_line_is_read() -> None:
    """As `.env` files have it, with `\\n` written out."""
    line = private_pem(RSA).replace("\n", "\\n")
    assert JwtKeys.of_pem([line]).signing("RS256").is_private


def jwk(key: rsa.RSAPrivateKey, **more: Any) -> dict[str, Any]:
    numbers = key.public_key().public_numbers()
    size = (key.key_size + 7) // 8
    return {"kty": "RSA", "n": b64(numbers.n.to_bytes(size, "big")), "e": "AQAB", "kid": "1"} | more


def test_keys_of_an_issuer_are_public_ones_for_signatures() -> None:
    """Shared secrets, keys for encryption, weak and unreadable ones are left out; one good one is enough."""
    listed = [
        {"kty": "oct", "k": b64(SECRET), "kid": "1"},
        jwk(RSA, use="enc"),
        jwk(RSA, kid=7),
        jwk(rsa.generate_private_key(65537, 1024)),
        {"kty": "RSA", "n": "?", "e": "AQAB"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "EC"},
        {"kty": "OKP", "crv": "X25519", "x": b64(b"x" * 32)},
        {"kty": ["RSA"]},
        "text",
        None,
        jwk(RSA, alg="PS256", kid="ps"),
        jwk(RSA, alg="HS256", kid="hs"),
        jwk(RSA, kid="good"),
    ]
    keys = JwtKeys.of_jwks({"keys": listed})
    assert [key.id for key in keys.checking("RS256", None)] == ["good"]
    assert [key.id for key in keys.checking("PS256", None)] == ["ps", "good"]
    assert keys.checking("HS256", None) == []
    assert not any(key.is_private for key in keys.checking("PS256", None))


def test_private_key_that_an_issuer_publishes_signs_nothing_here() -> None:
    """Only its public half is taken."""
    numbers = RSA.private_numbers()
    leaked = jwk(RSA) | {"d": b64(numbers.d.to_bytes(256, "big"))}
    with pytest.raises(SetupError):
        JwtKeys.of_jwks({"keys": [leaked]}).signing("RS256")


@pytest.mark.parametrize("document", [None, [], {}, {"keys": {}}, {"keys": "a"}, "text"])
def test_what_is_no_set_of_keys_is_refused(document: Any) -> None:
    """An answer of an issuer may be anything."""
    with pytest.raises(JwtRefused):
        JwtKeys.of_jwks(document)


def test_endless_set_of_keys_is_cut() -> None:
    """Whoever is asked for keys does not decide how long it takes."""
    began = time.monotonic()
    keys = JwtKeys.of_jwks({"keys": [jwk(RSA, kid=str(number)) for number in range(5000)]})
    assert len(keys.checking("RS256", None)) == 100
    assert time.monotonic() - began < 2


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.characters(codec="ascii"), max_size=200) | st.binary(max_size=200).map(b64))
def test_no_text_is_a_token(text: str) -> None:
    """Whatever comes in, it is refused, with no other error."""
    for token in (text, f"{text}.{text}.{text}", f"{b64({'alg': 'HS256', 'typ': 'JWT'})}.{text}.{text}"):
        refused(token)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 400), st.sampled_from("ABCabc019-_"))
def test_no_character_of_a_token_can_be_changed(place: int, character: str) -> None:
    """A changed character is a refusal."""
    for algorithm in ("HS256", "ES256", "EdDSA"):
        token = sign_jwt(CLAIMS, keys_for(algorithm), algorithm)
        at = place % len(token)
        if token[at] not in (character, "."):
            refused(f"{token[:at]}{character}{token[at + 1 :]}", keys_for(algorithm), (algorithm,))


def test_missing_library_is_told_with_its_install_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an extra."""
    monkeypatch.setitem(sys.modules, "joserfc.jwk", None)
    with pytest.raises(SetupError, match=r'pip install "asok\[auth\]"'):
        JwtKeys.of_secrets([SECRET])
