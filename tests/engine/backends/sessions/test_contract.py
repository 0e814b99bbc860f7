"""How long sessions live, as the contract counts it."""

from __future__ import annotations

from asok_engine.backends.sessions.contract import Lifetimes


def test_the_earlier_of_both_limits_ends_a_session() -> None:
    """Not used for a while, or simply too old, whichever comes first."""
    lifetimes = Lifetimes(ttl_seconds=10, max_age_seconds=100)
    assert lifetimes.ends_at(0, 0, False) == 10
    assert lifetimes.ends_at(0, 50, False) == 60
    assert lifetimes.ends_at(0, 95, False) == 100


def test_a_remembered_session_has_its_greatest_age_only() -> None:
    """It need not be used to live."""
    assert Lifetimes(ttl_seconds=10, max_age_seconds=100).ends_at(0, 0, True) == 100
