"""The socket path of the application's own server, with a link whose client is the test."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from asok_engine.dispatch.threads import Threads
from asok_engine.realtime.attendant import Attendant
from asok_engine.realtime.connection import Connection
from asok_engine.realtime.door import Door
from asok_engine.realtime.gate import Gate
from asok_engine.realtime.hub import Hub
from asok_engine.realtime.limits import Admission, Limits
from asok_engine.realtime.origins import Origins
from asok_engine.realtime.routes import SocketRoutes
from tests.engine.realtime.served import FakeLink, People, made_request


class House:
    """A door with the handlers of a test behind it."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.routes = SocketRoutes()
        self.hub = Hub()
        self.limits = limits or Limits()
        self.admission = Admission(self.limits)
        gate = Gate(self.routes.match, Origins(), self.admission, People())
        self.door = Door(gate, Attendant(self.hub, Threads(2)), self.limits)

    def opens(self, link: FakeLink, path: str = "/") -> asyncio.Task[None]:
        return asyncio.ensure_future(self.door(made_request(path), link))


async def until(true: Callable[[], Any], seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.001)


@pytest.mark.parametrize("at_once", [False, True])
async def test_messages_are_answered_in_order(at_once: bool) -> None:
    """Text stays text, bytes stay bytes, and the end of the client ends the call."""
    house, link = House(), FakeLink(sends_at_once=at_once)

    async def echo(conn: Connection, message: Any) -> None:
        conn.send(message)

    house.routes.on_message("/", echo)
    link.says("one", b"two", "three")
    link.leaves(4001, "enough")
    await house.opens(link)
    assert link.sent == ["one", b"two", "three"]
    assert link.accepted == (None,)
    assert house.admission.count == 0


async def test_what_is_sent_before_a_pause_arrives_before_it() -> None:
    """A handler that sends and then works for long does not hold up what it has sent."""
    house, link = House(), FakeLink()
    goes_on = asyncio.Event()

    async def slow(conn: Connection, message: Any) -> None:
        conn.send("at once")
        await goes_on.wait()

    house.routes.on_message("/", slow)
    link.says("x")
    task = house.opens(link)
    await until(lambda: link.sent == ["at once"])
    goes_on.set()
    link.leaves()
    await task


@pytest.mark.parametrize("at_once", [False, True])
async def test_reader_that_has_stopped_is_closed_with_1013_and_hurts_nobody(at_once: bool) -> None:
    """Its queue is bounded, the others get everything, and nobody waits for it."""
    house = House(Limits(max_queue_bytes=10_000, close_seconds=0.2))
    stuck, fine = FakeLink(sends_at_once=at_once), FakeLink(sends_at_once=at_once)
    left: list[int | None] = []
    house.routes.on_connect("/", lambda conn: None)
    house.routes.on_disconnect("/", lambda conn: left.append(conn.close_code))
    tasks = [house.opens(stuck), house.opens(fine)]
    await until(lambda: len(house.hub.connections("/")) == 2)
    stuck.reads.clear()
    for number in range(500):
        house.hub.broadcast("/", f"{number} " + "x" * 100)
        await asyncio.sleep(0)
    await until(lambda: len(fine.sent) == 500)
    await until(lambda: left == [1013])
    stuck.reads.set()
    await tasks[0]
    assert stuck.closed is None or stuck.closed[0] == 1013
    fine.leaves()
    await tasks[1]


@pytest.mark.parametrize("at_once", [False, True])
async def test_reader_that_pauses_gets_everything_in_order(at_once: bool) -> None:
    """What waits while a client does not read is sent when it reads again, behind the one that waited."""
    house, link = House(), FakeLink(sends_at_once=at_once)
    house.routes.on_connect("/", lambda conn: None)
    task = house.opens(link)
    await until(lambda: house.hub.connections("/"))
    for number in range(30):
        if number == 10:
            link.reads.clear()
        house.hub.broadcast("/", str(number))
        await asyncio.sleep(0)
    assert len(link.sent) <= 10
    link.reads.set()
    await until(lambda: len(link.sent) == 30)
    assert link.sent == [str(number) for number in range(30)]
    link.reads.clear()
    house.hub.broadcast("/", "last")
    await asyncio.sleep(0)
    link.leaves()
    link.reads.set()
    await task
    assert link.sent[-1] == "last"


async def test_reader_that_comes_back_in_time_learns_why_it_was_closed() -> None:
    """When it reads again it gets the close frame with 1013."""
    house, link = House(Limits(max_queue_bytes=1000)), FakeLink()
    house.routes.on_connect("/", lambda conn: None)
    task = house.opens(link)
    await until(lambda: house.hub.connections("/"))
    link.reads.clear()
    for _ in range(100):
        house.hub.broadcast("/", "x" * 100)
    await asyncio.sleep(0.01)
    link.reads.set()
    await task
    assert link.closed is not None
    assert link.closed[0] == 1013


async def test_one_message_larger_than_the_queue_is_sent() -> None:
    """The bound is for what piles up, and not for a single large answer."""
    house, link = House(Limits(max_queue_bytes=1000)), FakeLink()

    async def answer(conn: Connection, message: Any) -> None:
        conn.send(b"x" * 100_000)

    house.routes.on_message("/", answer)
    link.says("please")
    link.leaves()
    await house.opens(link)
    assert link.sent == [b"x" * 100_000]


async def closing_code(limits: Limits, *messages: str | bytes) -> int | None:
    house, link = House(limits), FakeLink()

    async def echo(conn: Connection, message: Any) -> None: ...

    house.routes.on_message("/", echo)
    link.says(*messages)
    await asyncio.wait_for(house.opens(link), 5)
    return link.closed[0] if link.closed else None


async def test_message_that_is_too_large_is_closed_with_1009() -> None:
    """The limit is in bytes, whatever the server let through; a text of few signs may have many."""
    assert await closing_code(Limits(max_message_bytes=10), b"x" * 11) == 1009
    assert await closing_code(Limits(max_message_bytes=10), "é" * 6) == 1009


async def test_flood_of_messages_is_closed_with_1008() -> None:
    """More messages than a client may send end its connection."""
    assert await closing_code(Limits(messages_per_second=1, burst_messages=3), *["x"] * 5) == 1008


async def test_silent_client_is_closed_where_that_is_wanted() -> None:
    """With an idle limit, and only then."""
    assert await closing_code(Limits(idle_seconds=0.05)) == 1000


async def test_closing_handler_ends_the_connection_behind_what_it_sent() -> None:
    """conn.close takes effect at once, and what was sent before it arrives."""
    house, link = House(), FakeLink()

    async def goodbye(conn: Connection, message: Any) -> None:
        conn.send("goodbye")
        conn.close(4000, "done")
        conn.send("never")

    house.routes.on_message("/", goodbye)
    link.says("x")
    await asyncio.wait_for(house.opens(link), 5)
    assert (link.sent, link.closed) == (["goodbye"], (4000, "done"))


async def test_connection_is_closed_from_elsewhere_while_it_waits() -> None:
    """A connection that waits for its client ends when somebody else closes it."""
    house, link = House(), FakeLink()
    house.routes.on_connect("/", lambda conn: None)
    task = house.opens(link)
    await until(lambda: house.hub.connections("/"))
    house.hub.connections("/")[0].close(4002, "elsewhere")
    await asyncio.wait_for(task, 5)
    assert link.closed == (4002, "elsewhere")


async def test_conversation_reads_for_itself() -> None:
    """`async for message in conn` gives the messages and ends with the client."""
    house, link = House(), FakeLink()
    heard: list[Any] = []

    async def feed(conn: Connection) -> None:
        async for message in conn:
            heard.append(message)
            await conn.send(f"got {message}")
        heard.append("over")

    house.routes.on_message("/", feed)
    link.says("a", "b")
    link.leaves()
    await asyncio.wait_for(house.opens(link), 5)
    assert heard == ["a", "b", "over"]
    assert link.sent == ["got a", "got b"]


async def test_server_that_stops_takes_no_one_in() -> None:
    """A handshake during the shutdown is refused with 503."""
    house, link = House(), FakeLink()
    house.door.is_ending = True
    await house.opens(link)
    assert link.refused is not None
    assert link.refused[0] == 503


async def test_cancelled_connection_sees_its_client_off() -> None:
    """A server that cancels the call does not keep the disconnect handler from running."""
    house, link = House(), FakeLink()
    left: list[int | None] = []
    house.routes.on_disconnect("/", lambda conn: left.append(conn.close_code))
    task = house.opens(link)
    await until(lambda: house.hub.connections("/"))
    task.cancel()
    await asyncio.wait({task})
    assert left == [1001]
    assert house.admission.count == 0
    assert house.hub.connections() == []
