"""What a visitor has begun: finished once, by who has its secret, within its time."""

from __future__ import annotations

from asok.auth.begun import MOST_WAITING, Begun
from asok_engine.backends.sessions.session import Session


def test_what_was_begun_is_finished_once() -> None:
    """By its purpose and its secret; another of either finds nothing and takes nothing away."""
    begun, session = Begun("trips", 60), Session(lambda: "id")
    begun.keep(session, "out", "secret", ["/next", 7], 1000.0)
    assert begun.take(session, "back", "secret", 1001.0) is None
    assert begun.take(session, "out", "another", 1001.0) is None
    assert Begun("others", 60).take(session, "out", "secret", 1001.0) is None
    assert begun.take(session, "out", "secret", 1001.0) == ["/next", 7]
    assert begun.take(session, "out", "secret", 1001.0) is None


def test_what_was_begun_is_over_after_its_time() -> None:
    """To the second, and what is over is not kept."""
    begun, session = Begun("trips", 60), Session(lambda: "id")
    begun.keep(session, "out", "a", [], 1000.9)
    begun.keep(session, "out", "b", [], 1050.0)
    assert begun.take(session, "out", "a", 1060.0) == []
    begun.keep(session, "out", "a", [], 1000.9)
    assert begun.take(session, "out", "a", 1060.1) is None
    assert begun.take(session, "out", "b", 1060.1) == []


def test_few_wait_at_a_time() -> None:
    """The oldest gives way, so that a session does not grow."""
    begun, session = Begun("trips", 60), Session(lambda: "id")
    for number in range(MOST_WAITING + 1):
        begun.keep(session, "out", f"secret {number}", [], 1000.0)
    assert len(session.own["trips"]) == MOST_WAITING
    assert begun.take(session, "out", "secret 0", 1000.0) is None
    assert begun.take(session, "out", f"secret {MOST_WAITING}", 1000.0) == []


def test_what_stands_there_otherwise_is_none() -> None:
    """A session that another version has written has nothing that was begun."""
    session = Session(lambda: "id")
    session.own["trips"] = "what"
    assert Begun("trips", 60).take(session, "out", "secret", 1000.0) is None
