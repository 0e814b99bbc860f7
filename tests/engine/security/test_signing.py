"""Signatures: per purpose, per key, and nothing else passes."""

from __future__ import annotations

import pytest

from asok_engine.errors import UsageError
from asok_engine.security.signing import Signer

SECRET = "a-secret-of-enough-characters-0123456789"
OLD = "the-one-before-with-enough-characters-01"


def test_what_was_signed_verifies() -> None:
    """The value comes back, also with dots and letters beyond ASCII in it."""
    signer = Signer(SECRET, "session")
    for value in ("abc", "a.b.c", "", "ü☃", "half \ud800"):
        verified = signer.verify(signer.sign(value))
        assert verified is not None
        assert (verified.value, verified.is_current) == (value, True)


def test_purposes_and_secrets_are_kept_apart() -> None:
    """What is signed for one place never verifies in another (D6, CVE-2026-6873)."""
    signed = Signer(SECRET, "session").sign("7")
    assert Signer(SECRET, "csrf").verify(signed) is None
    assert Signer(OLD, "session").verify(signed) is None
    # A purpose that ends as the value of another begins does not meet it.
    assert Signer(SECRET, "sessio").verify(Signer(SECRET, "session").sign("")) is None


def test_earlier_key_verifies_and_is_told_apart() -> None:
    """While a key is being changed both count; only the newest signs (case 91)."""
    signed = Signer(OLD, "session").sign("7")
    verified = Signer(SECRET, "session", [OLD]).verify(signed)
    assert verified is not None
    assert (verified.value, verified.is_current) == ("7", False)
    assert Signer(SECRET, "session", [OLD]).sign("7") == Signer(SECRET, "session").sign("7")
    assert len(Signer(SECRET, "session", [OLD]).macs("7")) == 2


@pytest.mark.parametrize(
    "change", [lambda s: s[:-1], lambda s: s + "A", lambda s: "8" + s[1:], lambda s: "7"]
)
def test_changed_text_does_not_verify(change: object) -> None:
    """A character more, less or other, or no signature at all."""
    signer = Signer(SECRET, "session")
    assert signer.verify(change(signer.sign("7"))) is None  # type: ignore[operator]
    for junk in ("", ".", "7.", "7.ü", "7.\udc80", "." * 100_000):
        assert signer.verify(junk) is None


def test_empty_secret_is_refused() -> None:
    """A key made of nothing protects nothing."""
    with pytest.raises(UsageError, match="secret"):
        Signer("", "session")
    with pytest.raises(UsageError, match="secret"):
        Signer(SECRET, "session", [""])
