"""What `asok.auth` gives by name."""

from __future__ import annotations

import pytest

import asok.auth
from asok.auth.account import Account


def test_the_model_to_inherit_has_a_short_name() -> None:
    """`from asok.auth import Account`; other names are none."""
    assert asok.auth.Account is Account
    for name in asok.auth.__all__:
        assert getattr(asok.auth, name).__name__ == name
    with pytest.raises(AttributeError, match="Acount"):
        asok.auth.Acount  # noqa: B018
