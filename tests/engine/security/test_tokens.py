"""Tokens for links: one purpose, one state, one time span, and an id by which they are taken once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from asok_engine.backends.counters.memory import MemoryCounters
from asok_engine.errors import UsageError
from asok_engine.security.tokens import TimedTokens, TokenRefused

SECRET = "a-secret-of-enough-characters-0123456789"
OLD = "the-one-before-with-enough-characters-01"


class Clock:
    """A clock that a test moves."""

    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_token_says_for_whom_and_when_it_was_made(clock: Clock) -> None:
    """It stands in an address as it is, and differs each time."""
    tokens = TimedTokens(SECRET, "reset", clock=clock)
    made = tokens.make("17", state="hash|a@b.c")
    read = tokens.read(made, max_age_seconds=60, state="hash|a@b.c")
    assert (read.subject, read.made_at) == ("17", clock.now)
    assert len(read.id) >= 22
    assert set(made) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~")
    assert (
        tokens.read(tokens.make("17"), max_age_seconds=60).id
        != tokens.read(tokens.make("17"), max_age_seconds=60).id
    )
    assert tokens.subject(made) == "17"


def test_purposes_do_not_read_each_other(clock: Clock) -> None:
    """Also not where names and states, put together, would read alike (CVE-2026-6873, D6)."""
    made = TimedTokens(SECRET, "reset", clock=clock).make("17", state="x")
    for purpose, state in (("verify", "x"), ("reset", ""), ("reset", "y"), ("resetx", ""), ("rese", "tx")):
        with pytest.raises(TokenRefused):
            TimedTokens(SECRET, purpose, clock=clock).read(made, max_age_seconds=60, state=state)


def test_change_of_state_kills_every_link(clock: Clock) -> None:
    """A new password or address, and what was sent before is worth nothing (case 90)."""
    tokens = TimedTokens(SECRET, "magic", clock=clock)
    made = tokens.make("17", state="old hash")
    assert tokens.read(made, max_age_seconds=60, state="old hash").subject == "17"
    with pytest.raises(TokenRefused) as refusal:
        tokens.read(made, max_age_seconds=60, state="new hash")
    assert refusal.value.is_expired is False


def test_time_runs_out(clock: Clock) -> None:
    """After that the refusal says that another link helps; a token of the future is none."""
    tokens = TimedTokens(SECRET, "magic", clock=clock)
    made = tokens.make("17")
    clock.now += 60
    assert tokens.read(made, max_age_seconds=60)
    clock.now += 1
    with pytest.raises(TokenRefused) as refusal:
        tokens.read(made, max_age_seconds=60)
    assert (refusal.value.is_expired, refusal.value.status) == (True, 400)
    clock.now -= 1000
    with pytest.raises(TokenRefused):
        tokens.read(made, max_age_seconds=60)


@pytest.mark.parametrize(
    "change", [lambda t: t[:-1], lambda t: t + "A", lambda t: "18" + t[2:], lambda t: t * 100]
)
def test_changed_token_is_refused(clock: Clock, change: object) -> None:
    """A character more, less or other."""
    tokens = TimedTokens(SECRET, "magic", clock=clock)
    with pytest.raises(TokenRefused):
        tokens.read(change(tokens.make("17")), max_age_seconds=60)  # type: ignore[operator]
    for junk in ("", ".", "..", "17~x", "ü", "\udc80", "~", "a.b.c", "." * 100_000):
        with pytest.raises(TokenRefused):
            tokens.read(junk, max_age_seconds=60)
        assert tokens.subject(junk) in (None, "17")


def test_earlier_secret_reads_and_the_newest_writes(clock: Clock) -> None:
    """Links that are on their way while the key is changed still work (case 91)."""
    made = TimedTokens(OLD, "magic", clock=clock).make("17")
    assert TimedTokens(SECRET, "magic", [OLD], clock=clock).read(made, max_age_seconds=60)
    fresh = TimedTokens(SECRET, "magic", [OLD], clock=clock).make("17")
    assert TimedTokens(SECRET, "magic", clock=clock).read(fresh, max_age_seconds=60)
    with pytest.raises(TokenRefused):
        TimedTokens(SECRET, "magic", clock=clock).read(made, max_age_seconds=60)


@pytest.mark.parametrize("subject", ["", "a.b", "a~b", "ü"])
def test_subject_must_be_a_plain_key(clock: Clock, subject: str) -> None:
    """What would be read in parts is refused when it is made."""
    with pytest.raises(UsageError, match="subject"):
        TimedTokens(SECRET, "magic", clock=clock).make(subject)


def test_twenty_clicks_at_once_take_a_link_once(clock: Clock) -> None:
    """By the id of the token and counters, in the way that `read` names (case 90)."""
    tokens, counters = TimedTokens(SECRET, "magic", clock=clock), MemoryCounters()
    made = tokens.make("17")

    def click(_: int) -> bool:
        token = tokens.read(made, max_age_seconds=60)
        return counters.hit(f"link:{token.id}", 1, 60, clock.now).allowed

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(click, range(20))) == 1
