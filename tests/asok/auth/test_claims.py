"""What a session says of its person: read as it was kept, and nothing from what cannot be read."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from asok.auth.claims import ANONYMOUS_CLAIM, Acting, Claim, claim_in, stamp_of
from asok_engine.backends.cache.values import MISSING
from asok_engine.records.fields.secret import PasswordHash
from asok_engine.security.passwords import Passwords

GOOD = "correct horse battery"


def test_a_claim_is_read_as_it_was_kept() -> None:
    """Key and stamp of the owner, and whom they act for."""
    assert claim_in([1, "stamp"], None) == Claim(1, "stamp")
    assert claim_in(["a-key", "stamp"], [2, 9.5]) == Claim("a-key", "stamp", Acting(2, 9.5))


@pytest.mark.parametrize("value", [MISSING, None, "1", [], [1], [1, 2], [None, "stamp"], [1, "stamp", 3]])
def test_what_is_no_claim_says_nothing(value: Any) -> None:
    """It signs nobody in."""
    assert claim_in(value, None) is ANONYMOUS_CLAIM


@pytest.mark.parametrize("acting", ["2", [2], [2, "now"], {}])
def test_acting_that_cannot_be_read_makes_nobody_the_owner(acting: Any) -> None:
    """What was meant for somebody else must not become the owner's."""
    assert claim_in([1, "stamp"], acting) is ANONYMOUS_CLAIM


def test_the_stamp_follows_the_password_and_does_not_tell_it() -> None:
    """Another hash is another stamp; nothing of the hash is in it."""
    texts = [Passwords(memory_kib=7168, passes=1).hash(GOOD) for _ in range(2)]
    one, other = (SimpleNamespace(password=PasswordHash(text)) for text in texts)
    assert stamp_of(one, "password") != stamp_of(other, "password")
    assert stamp_of(one, "password") == stamp_of(SimpleNamespace(password=PasswordHash(texts[0])), "password")
    assert not any(part in stamp_of(one, "password") for part in texts[0].split("$") if part)
    assert stamp_of(SimpleNamespace(password=None), "password") == stamp_of(one, "")
