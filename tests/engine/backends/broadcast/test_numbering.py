"""Numbers before messages: repeats are dropped, gaps are noticed."""

from __future__ import annotations

import os

from asok_engine.backends.broadcast.numbering import MOST_NODES, Numbering


def test_message_of_another_process_is_taken_once() -> None:
    """A message that comes twice counts once; our own counts never."""
    sender, receiver = Numbering(), Numbering()
    message = sender.stamp(b"hello")
    assert receiver.take(message) == (sender.node, b"hello", 0)
    assert receiver.take(message) == (sender.node, None, 0)
    assert sender.take(message) == (sender.node, None, 0)


def test_missing_messages_are_counted() -> None:
    """A number that is skipped is a message that did not arrive; a late one is dropped as a repeat."""
    sender, receiver = Numbering(), Numbering()
    first, late, third = sender.stamp(b"1"), sender.stamp(b"2"), sender.stamp(b"3")
    receiver.take(first)
    assert receiver.take(third) == (sender.node, b"3", 1)
    assert receiver.take(late)[1] is None


def test_body_of_several_messages_counts_as_many() -> None:
    """A batch that is lost is as many missing messages as it held; so is what was never sent."""
    sender, receiver = Numbering(), Numbering()
    receiver.take(sender.stamp(b"three", 3))
    sender.stamp(b"lost", 4)
    assert receiver.take(sender.stamp(b"two", 2)) == (sender.node, b"two", 4)
    sender.skip(7)
    assert receiver.take(sender.stamp(b"one")) == (sender.node, b"one", 7)


def test_sender_that_is_new_here_has_missed_nothing() -> None:
    """Who joins late begins with the number that it hears."""
    sender = Numbering()
    for _ in range(5):
        sender.stamp(b"unheard")
    assert Numbering().take(sender.stamp(b"heard")) == (sender.node, b"heard", 0)


def test_what_is_no_message_is_dropped() -> None:
    """Bytes that are too short for a number are nobody's."""
    assert Numbering().take(b"short")[1] is None


def test_memory_of_senders_is_bounded() -> None:
    """Processes come and go for years; only the last thousand are remembered."""
    receiver = Numbering()
    for _ in range(MOST_NODES + 50):
        receiver.take(Numbering(os.urandom(8)).stamp(b"x"))
    assert len(receiver._heard) == MOST_NODES
