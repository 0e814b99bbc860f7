"""Messages for the next page: in which order they are given, and taken once."""

from __future__ import annotations

import pytest

from asok.flash import leave, take
from asok_engine.backends.sessions.session import Session


def session() -> Session:
    """Make a session of nobody."""
    return Session(lambda: "x")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("Saved.",), ("message", "Saved.")),
        (("success", "Saved."), ("success", "Saved.")),
        (("Saved.", "success"), ("success", "Saved.")),
        (("error", "warning"), ("error", "warning")),
        (("mine", "Saved."), ("mine", "Saved.")),
    ],
)
def test_message_and_category_may_stand_either_way(given: tuple[str, ...], expected: tuple[str, str]) -> None:
    """A known category is one wherever it stands; else the first word is."""
    kept = session()
    leave(kept, *given)
    (message,) = take(kept)
    assert message == expected
    assert (message.category, message.message) == expected


def test_messages_come_in_order_and_once() -> None:
    """Taking leaves nothing behind, and nothing else is taken."""
    kept = session()
    kept.own["csrf"] = "seed"
    for number in range(20):
        leave(kept, f"message {number}")
    assert [message.message for message in take(kept)] == [f"message {number}" for number in range(20)]
    assert take(kept) == []
    assert kept.own == {"csrf": "seed"}


def test_record_that_is_no_message_is_passed_over() -> None:
    """What was tampered with is gone and breaks nothing."""
    kept = session()
    kept.own["flash:1"] = "junk"
    kept.own["flash:2"] = ["a", "b", "c"]
    assert take(kept) == []
    assert kept.own == {}
