"""The connections of one loop."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from asok_engine.realtime.connection import Connection, Identity
from asok_engine.realtime.parcel import Parcel
from asok_engine.realtime.station import Station
from tests.engine.realtime.served import made_request


class Recorder:
    """A pipe that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def write(self, parcel: Parcel) -> None:
        self.told.append(parcel.message)

    def close(self, code: int, reason: str) -> None:
        self.told.append(code)

    async def drained(self) -> None:
        return None

    async def receive(self) -> str | bytes:
        return ""


def entered(
    station: Station, path: str = "/", key: str = "", query: str = ""
) -> tuple[Connection, list[Any]]:
    pipe = Recorder()
    request = made_request(path)
    request.query_string = query
    connection = Connection(request, {}, Identity(key=key), station, pipe)
    station.enter(connection)
    return connection, pipe.told


async def test_posts_of_a_thread_keep_their_order_and_run_on_the_loop() -> None:
    """However many there are, they run one after the other in the loop's thread."""
    station, ran = Station(), []
    here = threading.get_ident()

    def post_all() -> None:
        for number in range(1000):
            station.post(lambda number=number: ran.append((number, threading.get_ident() == here)))

    await asyncio.to_thread(post_all)
    async with asyncio.timeout(5):
        while len(ran) < 1000:
            await asyncio.sleep(0)
    assert ran == [(number, True) for number in range(1000)]


async def test_post_that_fails_does_not_hold_up_the_others() -> None:
    """The loop tells of the mistake, and what was posted behind it runs soon."""
    station, ran, told = Station(), [], []
    station.loop.set_exception_handler(lambda loop, context: told.append(type(context["exception"])))

    def post_all() -> None:
        for post in (lambda: ran.append("before"), lambda: 1 / 0, lambda: ran.append("behind")):
            station.post(post)

    # Held up, so that all three are there before the first runs.
    thread = threading.Thread(target=post_all)
    thread.start()
    thread.join(5)
    async with asyncio.timeout(5):
        while len(ran) < 2:
            await asyncio.sleep(0)
    assert (ran, told) == (["before", "behind"], [ZeroDivisionError])


async def test_post_from_the_loop_runs_at_once_and_a_later_one_does_not() -> None:
    """A handler on the loop sees the effect of its call; a signal handler must not."""
    station, ran = Station(), []
    station.post(ran.append, "now")
    station.post_later(ran.append, "later")
    assert ran == ["now"]
    await asyncio.sleep(0)
    assert ran == ["now", "later"]


async def test_paths_and_rooms_are_apart() -> None:
    """A message to a path reaches its connections, one to a room those who have joined it."""
    station = Station()
    first, heard_first = entered(station, "/a")
    _, heard_second = entered(station, "/a")
    third, heard_third = entered(station, "/b")
    station.join(first, "r")
    station.join(third, "r")
    station.to_path("/a", Parcel("path"), exclude=first)
    station.to_room("r", Parcel("room"))
    assert (heard_first, heard_second, heard_third) == (["room"], ["path"], ["room"])
    station.leave_room(first, "r")
    station.leave(third)
    station.to_room("r", Parcel("nobody"))
    assert heard_first == ["room"]
    assert station._rooms == {}
    assert station.listed("/a") == [first, _]


async def test_room_cannot_be_joined_after_the_end() -> None:
    """A join that comes late does not keep a dead connection in a room."""
    station = Station()
    connection, _ = entered(station)
    station.leave(connection)
    station.leave(connection)
    station.join(connection, "r")
    assert station._rooms == {}


async def test_connections_of_a_session_are_closed() -> None:
    """All tabs of one session, and no other."""
    station = Station()
    _, one = entered(station, key="s1")
    _, two = entered(station, key="s2")
    station.close_session("s1", 1008, "over")
    assert (one, two) == ([1008], [])
    station.close_all(1001, "")
    assert (one, two) == ([1008, 1001], [1001])


async def test_who_enters_and_leaves_a_room_is_told() -> None:
    """Once each, also for the rooms of a connection that ends."""
    moves: list[tuple[str, bool]] = []
    station = Station(lambda connection, room, is_there: moves.append((room, is_there)))
    connection, _ = entered(station)
    for room in ("a", "a", "b"):
        station.join(connection, room)
    station.leave_room(connection, "b")
    station.leave_room(connection, "b")
    station.leave(connection)
    assert moves == [("a", True), ("b", True), ("b", False), ("a", False)]


async def test_sign_of_life_is_given_when_its_time_has_come() -> None:
    """As often as each client asked for it, and to nobody else."""

    class Clock:
        now = 100.0

        def time(self) -> float:
            return self.now

    station = Station()
    clock: Any = Clock()
    station.loop = clock
    (_, often), (_, seldom), (_, never) = (
        entered(station, "/", query=query) for query in ("_alive=2", "_alive=5", "")
    )
    for clock.now in (101.0, 102.0, 103.0, 104.0, 105.0):
        station.give_signs()
    assert (often, seldom, never) == (["\0", "\0"], ["\0"], [])
