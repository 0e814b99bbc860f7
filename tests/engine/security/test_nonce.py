"""Nonces."""

from __future__ import annotations

import pytest

from asok_engine.security.nonce import is_nonce, make_nonce


def test_each_nonce_is_new_and_may_stand_in_a_policy() -> None:
    """A hundred nonces differ, have 128 bits and need no escaping."""
    nonces = {make_nonce() for _ in range(100)}
    assert len(nonces) == 100
    assert all(is_nonce(nonce) and len(nonce) == 22 for nonce in nonces)


@pytest.mark.parametrize(
    "text", ["", "short", "a" * 22 + "'", "a" * 22 + ";", "a" * 22 + "\n", "a" * 200, "é" * 22, " " * 22]
)
def test_other_text_is_no_nonce(text: str) -> None:
    """Too short to be a secret, too long, or with a character that would end the source."""
    assert not is_nonce(text)
