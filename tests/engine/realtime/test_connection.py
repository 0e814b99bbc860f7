"""What handlers can do with a connection."""

from __future__ import annotations

import asyncio
import threading
import uuid
from pathlib import Path
from typing import Any

import pytest

from asok_engine.errors import UsageError
from asok_engine.realtime.connection import Connection, Identity
from asok_engine.realtime.door import QueuedPipe
from asok_engine.realtime.limits import Limits
from asok_engine.realtime.station import Station
from tests.engine.realtime.served import FakeLink, User, closed, made_request, serving


async def test_connection_knows_its_client(tmp_path: Path) -> None:
    """Person, session, parameters, path, headers, address and request are those of the handshake."""
    seen: dict[str, Any] = {}

    def register(server: Any) -> None:
        def connect(conn: Connection) -> None:
            seen.update(
                user=conn.user.id if conn.user else None,
                session=conn.session,
                params=conn.params,
                path=conn.path,
                agent=conn.headers["x-test"],
                host=conn.addr[0],
                port=conn.addr[1] > 0,
                query=conn.request.query["q"],
            )
            conn.send("seen")

        server.routes.on_connect("/room/[name]", connect)

    async with serving(register, tmp_path) as served:
        async with served.connect("/room/a%20b?q=1", additional_headers={"X-Test": "yes"}) as client:
            await client.recv()
        assert (seen["user"], seen["session"]) == (None, None)
        async with served.connect(
            "/room/a%20b?q=1",
            origin="http://localhost",
            additional_headers={"Cookie": "who=9", "X-Test": "yes"},
        ) as client:
            await client.recv()
    assert seen == {
        "user": 9,
        "session": {"who": "9"},
        "params": {"name": "a b"},
        "path": "/room/a b",
        "agent": "yes",
        "host": "127.0.0.1",
        "port": True,
        "query": "1",
    }


async def test_all_kinds_of_messages_are_sent(tmp_path: Path) -> None:
    """Text, bytes in every form, and JSON; anything else is refused with what to use."""
    refused: list[str] = []

    def register(server: Any) -> None:
        def handler(conn: Connection, message: Any) -> None:
            conn.send("text")
            conn.send(b"bytes")
            conn.send(bytearray(b"array"))
            conn.send(memoryview(b"view"))
            conn.send_json({"a": [1, None, "é"]})
            try:
                conn.send({"a": 1})  # type: ignore[arg-type]
            except UsageError as error:
                refused.append(str(error))

        server.routes.on_message("/", handler)

    async with serving(register, tmp_path) as served, served.connect() as client:
        await client.send("x")
        assert [await client.recv() for _ in range(5)] == [
            "text",
            b"bytes",
            b"array",
            b"view",
            '{"a":[1,null,"é"]}',
        ]
    assert "conn.send_json" in refused[0]


async def test_awaited_send_waits_for_the_client(tmp_path: Path) -> None:
    """A large amount goes out at the speed of its reader, and is not closed as too slow."""
    sent: list[int] = []

    def register(server: Any) -> None:
        async def handler(conn: Connection, message: Any) -> None:
            for number in range(400):
                await conn.send(bytes(50_000))
                sent.append(number)

        server.routes.on_message("/", handler)

    async with serving(register, tmp_path) as served:
        async with served.connect(max_queue=2, compression=None) as client:
            await client.send("x")
            for _ in range(10):
                await client.recv()
            assert len(sent) < 390
            for _ in range(390):
                await client.recv()


async def test_sending_after_the_end_does_nothing(tmp_path: Path) -> None:
    """Nobody has to ask first whether a client is still there."""
    over = threading.Event()
    kept: list[Connection] = []

    def register(server: Any) -> None:
        server.routes.on_connect("/", kept.append)
        server.routes.on_disconnect("/", lambda conn: over.set())

    async with serving(register, tmp_path) as served:
        client = await served.connect()
        await client.close()
        assert await asyncio.to_thread(over.wait, 5)
        assert kept[0].closed
        kept[0].send("into the void")
        kept[0].close()


async def test_close_code_that_may_not_be_sent_is_refused(tmp_path: Path) -> None:
    """The mistake is told where it is made, and the client is not confused."""
    refused: list[type[BaseException]] = []

    def register(server: Any) -> None:
        def handler(conn: Connection, message: Any) -> None:
            with pytest.raises(UsageError) as caught:
                conn.close(1006)
            refused.append(caught.type)
            conn.close(4000, "x" * 500)

        server.routes.on_message("/", handler)

    async with serving(register, tmp_path) as served:
        client = await served.connect()
        await client.send("x")
        code, reason = await closed(client)
    assert (code, len(str(reason)), refused) == (4000, 123, [UsageError])


async def test_visitor_is_a_person_a_session_or_themselves() -> None:
    """What presence counts: a key as it is or as text, one name for all tabs of a session, one for each other."""
    station, pipe, key = Station(), QueuedPipe(FakeLink(), Limits()), uuid.uuid4()

    def visitor(identity: Identity) -> Any:
        return Connection(made_request(), {}, identity, station, pipe).visitor

    people: list[Any] = [User(7), User(key), User("ada")]  # type: ignore[arg-type]
    assert [visitor(Identity(user=user)) for user in people] == [7, str(key), "ada"]
    one, two = (visitor(Identity(key=name)) for name in ("session-a", "session-b"))
    assert isinstance(one, bytes)
    assert (visitor(Identity(key="session-a")), one == two) == (one, False)
    assert visitor(Identity()) != visitor(Identity())


async def test_right_that_goes_while_a_room_is_joined_opens_nothing(tmp_path: Path) -> None:
    """Between the question and the entry nobody else would ask again."""
    answers: list[bool] = []

    def may_join(conn: Connection, room: str) -> bool:
        was_allowed = conn.user.name == "somebody"
        conn.identity.user = User(1, "demoted")
        return was_allowed

    def register(server: Any) -> None:
        server.routes.on_message("/", lambda conn, message: answers.append(conn.join("office")))

    async with serving(register, tmp_path, may_join=may_join) as served, served.connect(who=1) as client:
        await client.send("let me in")
        async with asyncio.timeout(5):
            while not answers:
                await asyncio.sleep(0.01)
        assert answers == [False]
        served.server.broadcast_to("office", "secret")
        served.server.broadcast("/", "hello")
        assert await client.recv() == "hello"


async def test_room_is_joined_with_permission_only(tmp_path: Path) -> None:
    """The authorizer decides; who is refused gets nothing of the room, and leaving ends it."""

    def register(server: Any) -> None:
        def handler(conn: Connection, message: str) -> None:
            verb, _, room = message.partition(" ")
            if verb == "join":
                conn.send(f"{conn.join(room)}")
            elif verb == "leave":
                conn.leave(room)
                conn.send("left")
            else:
                server.broadcast_to(room, f"to {room}", exclude=conn)

        server.routes.on_message("/", handler)

    async with serving(
        register, tmp_path, may_join=lambda conn, room: room != "board" or conn.user is not None
    ) as served:
        async with served.connect(who=1) as member, served.connect() as stranger, served.connect() as speaker:
            for client, expected in ((member, "True"), (stranger, "False")):
                await client.send("join board")
                assert await client.recv() == expected
            await stranger.send("join lobby")
            assert await stranger.recv() == "True"
            await speaker.send("say board")
            await speaker.send("say lobby")
            assert await member.recv() == "to board"
            assert await stranger.recv() == "to lobby"
            await member.send("leave board")
            assert await member.recv() == "left"
            await speaker.send("say board")
            await member.send("join lobby")
            assert await member.recv() == "True"


async def test_connection_keeps_what_a_handler_puts_there(tmp_path: Path) -> None:
    """A connection has attributes of its own, from its beginning to its end."""

    def register(server: Any) -> None:
        def connect(conn: Any) -> None:
            conn.count = 0

        def handler(conn: Any, message: str) -> None:
            conn.count += 1
            conn.send(str(conn.count))

        server.routes.on_connect("/", connect)
        server.routes.on_message("/", handler)

    async with serving(register, tmp_path) as served, served.connect() as client:
        for expected in ("1", "2"):
            await client.send("x")
            assert await client.recv() == expected
