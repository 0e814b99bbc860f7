"""What is said to other processes, when the backend is well and when it is not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from asok_engine.backends.broadcast.contract import Gap
from asok_engine.backends.broadcast.memory import MemoryBroadcast, MemoryChannel
from asok_engine.backends.broadcast.numbering import Numbering
from asok_engine.errors import BackendUnavailable, OutsideError, UsageError
from asok_engine.realtime.relay import MOST_WAITING, Relay


class Faulty(MemoryBroadcast):
    """A backend that loses or repeats what it is told to."""

    def __init__(self, channel: MemoryChannel) -> None:
        super().__init__(channel)
        self.away = False
        self.repeats = False
        self.loses = False
        self.refuses = False

    async def publish(self, message: bytes) -> None:
        if self.refuses:
            self.refuses = False
            raise OutsideError("too much at once")
        if self.away:
            raise BackendUnavailable("away")
        if not self.loses:
            await super().publish(message)
        if self.repeats:
            self.repeats = False
            raise BackendUnavailable("nobody knows whether it was sent")


async def until(true: Callable[[], Any], seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.005)


async def pair() -> tuple[Relay, Faulty, Relay, list[Any], list[Gap]]:
    channel = MemoryChannel()
    heard: list[Any] = []
    gaps: list[Gap] = []
    backend = Faulty(channel)
    speaker = Relay(backend, lambda node, said: None, gaps.append)
    listener = Relay(MemoryBroadcast(channel), lambda node, said: heard.append(said), gaps.append)
    await listener.open()
    return speaker, backend, listener, heard, gaps


async def test_what_is_said_arrives_once_and_in_order() -> None:
    """Also what was said before the relay was open, and text and bytes as what they are."""
    speaker, _, listener, heard, gaps = await pair()
    speaker.say(0, "/before", "text")
    await speaker.open()
    for number in range(1000):
        speaker.say(0, "/after", number)
    speaker.say(0, "/bytes", b"\x00\xff")
    await until(lambda: len(heard) == 1002)
    assert heard[0] == (0, "/before", "text")
    assert [said[2] for said in heard[1:1001]] == list(range(1000))
    assert heard[1001] == (0, "/bytes", b"\x00\xff")
    assert gaps == []
    await speaker.close()
    await listener.close()


async def test_backend_that_is_away_loses_nothing_that_fits() -> None:
    """What is said meanwhile waits and arrives when the backend is back."""
    speaker, backend, listener, heard, _ = await pair()
    await speaker.open()
    backend.away = True
    for number in range(10):
        speaker.say(number)
    await asyncio.sleep(0.02)
    backend.away = False
    await until(lambda: len(heard) == 10)
    assert heard == [(number,) for number in range(10)]
    await speaker.close()
    await listener.close()


async def test_message_whose_fate_is_unknown_arrives_once() -> None:
    """It is sent again with the same number, and the listener drops the second."""
    speaker, backend, listener, heard, gaps = await pair()
    await speaker.open()
    backend.repeats = True
    speaker.say("once")
    speaker.say("next")
    await until(lambda: ("next",) in heard)
    assert heard == [("once",), ("next",)]
    assert gaps == []
    await speaker.close()
    await listener.close()


async def test_message_that_was_lost_is_noticed() -> None:
    """The next number tells how many are missing."""
    speaker, backend, listener, heard, gaps = await pair()
    await speaker.open()
    speaker.say("first")
    await until(lambda: heard)
    backend.loses = True
    speaker.say("lost")
    await until(lambda: not speaker._waiting)
    backend.loses = False
    await asyncio.sleep(0.01)
    speaker.say("third")
    await until(lambda: len(heard) == 2)
    assert [gap.missed for gap in gaps] == [1]
    await speaker.close()
    await listener.close()


async def test_message_that_is_refused_holds_up_no_other(caplog: pytest.LogCaptureFixture) -> None:
    """It would be refused again; the others notice that it is missing."""
    speaker, backend, listener, heard, gaps = await pair()
    await speaker.open()
    speaker.say("first")
    await until(lambda: heard == [("first",)])
    backend.refuses = True
    speaker.say("refused")
    await until(lambda: not backend.refuses)
    speaker.say("last")
    await until(lambda: len(heard) == 2)
    assert heard[1] == ("last",)
    assert [gap.missed for gap in gaps] == [1]
    assert "too much at once" in caplog.text
    await speaker.close()
    await listener.close()


@pytest.mark.parametrize("wrong", ["half a \ud800 character", object()])
async def test_what_cannot_be_sent_is_told_to_who_says_it(wrong: object) -> None:
    """And nobody else's message is lost with it."""
    speaker, _, listener, heard, gaps = await pair()
    await speaker.open()
    with pytest.raises(UsageError, match="cannot be told to other processes"):
        speaker.say(0, wrong)
    speaker.say("next")
    await until(lambda: heard == [("next",)])
    assert gaps == []
    await speaker.close()
    await listener.close()


async def test_queue_is_bounded() -> None:
    """A backend that stays away costs the oldest messages, and not all memory."""
    relay = Relay(MemoryBroadcast(), lambda node, said: None, lambda gap: None)
    for number in range(MOST_WAITING + 100):
        relay.say(number)
    assert len(relay._waiting) == MOST_WAITING
    assert bytes(relay._waiting[0]) == msgspec.msgpack.encode((100,))


async def test_what_was_dropped_is_noticed_by_the_others() -> None:
    """A queue that overflowed is a gap for those who would have heard it."""
    speaker, backend, listener, heard, gaps = await pair()
    await speaker.open()
    speaker.say("first")
    await until(lambda: heard)
    backend.away = True
    speaker.say("held up")
    await asyncio.sleep(0.01)
    for number in range(MOST_WAITING + 5):
        speaker.say(number)
    backend.away = False
    await until(lambda: heard[-1] == (MOST_WAITING + 4,))
    assert len(heard) == MOST_WAITING + 2
    assert [gap.missed for gap in gaps] == [5]
    await speaker.close()
    await listener.close()


async def test_close_sends_what_waits() -> None:
    """A goodbye that was said just before the end arrives."""
    speaker, _, listener, heard, _ = await pair()
    await speaker.open()
    speaker.say("goodbye")
    await speaker.close()
    await until(lambda: heard == [("goodbye",)])
    await listener.close()


async def test_message_of_another_version_is_ignored() -> None:
    """During a rolling restart two versions share a channel; what cannot be read ends nothing."""
    channel = MemoryChannel()
    heard: list[Any] = []
    listener = Relay(MemoryBroadcast(channel), lambda node, said: heard.append(said), lambda gap: None)
    await listener.open()
    stranger = MemoryBroadcast(channel)
    await stranger.publish(Numbering().stamp(b"\xc1not msgpack"))
    speaker = Relay(MemoryBroadcast(channel), lambda node, said: None, lambda gap: None)
    await speaker.open()
    speaker.say("fine")
    await until(lambda: heard == [("fine",)])
    await speaker.close()
    await listener.close()
