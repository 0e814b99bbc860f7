"""The set of rules that every application has."""

from __future__ import annotations

import pytest

from asok_engine.validation.standard import STANDARD

PROMISED = (
    "required email min max unique ext size confirmed in numeric regex url date required_if required_with "
    "between digits boolean slug uuid alpha alpha_num alphanumeric integer tel image password_strength color "
    "month base64 same json daterange"
)


@pytest.mark.parametrize("name", PROMISED.split())
def test_promised_rule_exists_and_says_something(name: str) -> None:
    """Every rule has a sentence in English."""
    assert all(text.strip() for text in STANDARD[name].messages.values())
    assert STANDARD[name].messages
