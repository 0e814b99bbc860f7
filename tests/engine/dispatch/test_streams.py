"""A shutdown ends open streams: event streams at once, others after a grace."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from asok_engine.dispatch.streams import Streams


async def send(streams: Streams, *, endless: bool, begun: asyncio.Event | None = None) -> float:
    """Be a stream until it is ended; give how long that took."""
    since = time.monotonic()
    try:
        with streams.sent_by_task(endless=endless):
            if begun is not None:
                begun.set()
            await asyncio.sleep(10)
    except asyncio.CancelledError:
        return time.monotonic() - since
    raise AssertionError("the stream was not ended")


async def started(streams: Streams, *, endless: bool) -> asyncio.Task[float]:
    """Begin a stream in a task of its own."""
    begun = asyncio.Event()
    task = asyncio.ensure_future(send(streams, endless=endless, begun=begun))
    await begun.wait()
    return task


async def test_event_streams_end_at_once_and_others_after_the_grace() -> None:
    """A download gets the grace to finish; an event stream would never finish."""
    streams = Streams(grace_seconds=1)
    events, download = await started(streams, endless=True), await started(streams, endless=False)
    assert streams.count == 2
    streams.end()
    assert await asyncio.wait_for(events, 5) < 0.6
    assert not download.done()
    assert 0.9 < await asyncio.wait_for(download, 5) < 4
    assert streams.count == 0


async def test_stream_that_begins_late_is_ended_too() -> None:
    """Event streams of the last moment end at once, others within what is left of the grace."""
    streams = Streams(grace_seconds=1)
    streams.end()
    events, download = await started(streams, endless=True), await started(streams, endless=False)
    assert await asyncio.wait_for(events, 5) < 0.6
    assert not download.done()
    await asyncio.wait_for(download, 5)
    late = await started(streams, endless=False)
    assert await asyncio.wait_for(late, 5) < 0.6


async def test_stream_that_has_ended_is_forgotten() -> None:
    """A finished stream is not cancelled afterwards."""
    streams = Streams(grace_seconds=0.01)
    with streams.sent_by_task(endless=True):
        assert streams.count == 1
    assert streams.count == 0
    streams.end()
    await asyncio.sleep(0.03)


async def test_end_may_be_called_from_any_thread_and_twice() -> None:
    """A signal handler and a hook may both say it."""
    streams = Streams(grace_seconds=0.05)
    events = await started(streams, endless=True)
    await asyncio.to_thread(streams.end)
    await asyncio.to_thread(streams.end)
    assert await asyncio.wait_for(events, 1) < 0.5


def test_plain_sender_asks_between_two_pieces() -> None:
    """A thread that sends is told when to stop."""
    streams = Streams(grace_seconds=0.05)
    assert not streams.ending(endless=True)
    streams.end()
    assert streams.ending(endless=True)
    assert not streams.ending(endless=False)
    time.sleep(0.06)
    assert streams.ending(endless=False)


async def test_reopened_streams_run_again() -> None:
    """An application that is started once more in this process is not ended by the first shutdown."""
    streams = Streams(grace_seconds=0.03)
    streams.end()
    streams.reopen()
    assert not streams.ending(endless=True)
    task = await started(streams, endless=False)
    await asyncio.sleep(0.06)
    assert not task.done()
    task.cancel()
    await task


def test_what_is_open_besides_is_told() -> None:
    """By whoever has it, such as a server of sockets."""
    streams, sockets = Streams(), ["a socket"]
    assert not streams.has_more_open
    streams.still_open += [lambda: False, lambda: bool(sockets)]
    assert streams.has_more_open
    sockets.clear()
    assert not streams.has_more_open


def test_loop_that_is_gone_does_not_keep_the_others_from_ending() -> None:
    """A loop that was closed with a stream on it is passed over."""
    streams = Streams(grace_seconds=0.01)
    loop = asyncio.new_event_loop()

    async def begin() -> None:
        streams.sent_by_task(endless=True).__enter__()

    loop.run_until_complete(begin())
    loop.close()
    streams.end()
    assert streams.ending(endless=True)


async def test_only_a_task_can_send() -> None:
    """Outside a task there is nothing that could be ended."""
    raised: list[str] = []

    def outside() -> None:
        try:
            with Streams().sent_by_task(endless=True):
                pass
        except RuntimeError as error:
            raised.append(str(error))

    thread = threading.Thread(target=outside)
    thread.start()
    thread.join(2)
    assert len(raised) == 1
    with pytest.raises(asyncio.CancelledError):
        streams = Streams()
        streams.end()
        with streams.sent_by_task(endless=True):
            await asyncio.sleep(1)
    task = asyncio.current_task()
    assert task is not None
    task.uncancel()
