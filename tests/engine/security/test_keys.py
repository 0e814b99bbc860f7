"""Key derivation against the vectors of RFC 5869, tokens, comparing."""

from __future__ import annotations

import pytest

from asok_engine.errors import UsageError
from asok_engine.security.keys import derive_key, equal, hkdf, random_token


@pytest.mark.parametrize(
    ("material", "salt", "info", "length", "output"),
    [
        (
            "0b" * 22,
            "000102030405060708090a0b0c",
            "f0f1f2f3f4f5f6f7f8f9",
            42,
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
        ),
        (
            bytes(range(0x50)).hex(),
            bytes(range(0x60, 0xB0)).hex(),
            bytes(range(0xB0, 0x100)).hex(),
            82,
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
            "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87",
        ),
        (
            "0b" * 22,
            "",
            "",
            42,
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
        ),
    ],
)
def test_the_vectors_of_the_rfc_hold(material: str, salt: str, info: str, length: int, output: str) -> None:
    """RFC 5869, appendix A.1 to A.3."""
    found = hkdf(bytes.fromhex(material), bytes.fromhex(salt), bytes.fromhex(info), length)
    assert found.hex() == output


def test_keys_of_two_purposes_differ_and_are_repeatable() -> None:
    """One secret gives another key for each purpose, and the same one each time."""
    assert derive_key("s" * 32, "session") == derive_key("s" * 32, "session")
    keys = {derive_key("s" * 32, purpose) for purpose in ("session", "csrf", "mail link")}
    assert len(keys) == 3
    assert derive_key("t" * 32, "session") not in keys
    assert {len(key) for key in keys} == {32}
    assert len(derive_key("s", "p", 64)) == 64


@pytest.mark.parametrize(
    ("secret", "purpose", "length"), [("", "p", 32), ("s", "", 32), ("s", "p", 0), ("s", "p", 8161)]
)
def test_a_key_needs_a_secret_and_a_purpose(secret: str, purpose: str, length: int) -> None:
    """An empty secret would be a key that everyone knows."""
    with pytest.raises(UsageError):
        derive_key(secret, purpose, length)


def test_tokens_are_long_fit_into_urls_and_differ() -> None:
    """Two tokens are never the same; every character may stand in a URL, a cookie and a header."""
    tokens = {random_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(token) == 43 for token in tokens)
    assert set("".join(tokens)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    with pytest.raises(UsageError, match="8"):
        random_token(8)


def test_equal_compares_text_and_bytes() -> None:
    """Equal content is equal, whatever the type; anything else is not, and nothing raises."""
    assert equal("abc", "abc")
    assert equal("naïve", "naïve".encode())
    assert not equal("abc", "abd")
    assert not equal("abc", "ab")
    assert not equal("", "a")
    assert not equal("\ud800", "a")
