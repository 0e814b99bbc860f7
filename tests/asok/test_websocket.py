"""`WebSocketServer` as people use it: handlers, settings, who is there, broadcasts from pages."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin

from asok import Asok, TestClient, WebSocketServer
from asok_engine.backends.broadcast.memory import MemoryBroadcast
from asok_engine.database.running import run_async
from asok_engine.errors import ForbiddenError, SetupError, UsageError
from asok_engine.realtime.limits import Limits
from asok_engine.security.bearer import make_bearer
from tests import servers
from tests.asok.auth.desk import make_desk, person, sign_in
from tests.asok.auth.test_bearertoken import TOKEN
from tests.asok.effects.sites import BOTH, make_app, write_project

Start = Callable[..., Awaitable[int]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Start the stand-alone server of an application; it is stopped when the test ends."""
    started: list[tuple[Asok, WebSocketServer]] = []

    async def begin(app: Asok, ws: WebSocketServer) -> int:
        app.startup()
        ws.start()
        started.append((app, ws))
        assert await asyncio.to_thread(ws._engine.is_serving.wait, 5)
        assert ws.own_port is not None
        return ws.own_port

    yield begin
    for app, ws in started:
        await asyncio.to_thread(ws.stop)
        await asyncio.to_thread(app.shutdown)


def made(root: Path, settings: dict[str, Any] | None = None, **options: Any) -> tuple[Asok, WebSocketServer]:
    """Make an application and its WebSocket server."""
    base = {"LOG_LEVEL": "ERROR", "WS_ADAPTER": "memory", "ALLOWED_HOSTS": ["127.0.0.1"]}
    app = make_app(root, {**base, **(settings or {})})
    options.setdefault("port", servers.free_port())
    return app, WebSocketServer(app=app, **options)


async def test_handlers_of_the_document_work(tmp_path: Path, start: Start) -> None:
    """Parameters, the guest's name, a greeting, and a broadcast when somebody leaves."""
    app, ws = made(tmp_path)

    @ws.on("/chat/[room]")
    def on_message(conn: Any, message: str) -> None:
        room = conn.params["room"]
        name = conn.user.name if conn.user else "Guest"
        ws.broadcast(f"/chat/{room}", f"{name}: {message}")

    @ws.on_connect("/notifications")
    def on_connect(conn: Any) -> None:
        conn.send("Connected to notification stream")

    @ws.on_disconnect("/chat")
    def on_disconnect(conn: Any) -> None:
        ws.broadcast("/chat", "Someone left the chat")

    port = await start(app, ws)
    url = f"ws://127.0.0.1:{port}"
    async with (
        connect(f"{url}/chat/a") as one,
        connect(f"{url}/chat/a") as two,
        connect(f"{url}/chat/b") as three,
    ):
        await one.send("hello")
        assert [await one.recv(), await two.recv()] == ["Guest: hello", "Guest: hello"]
        await three.send("alone")
        assert await three.recv() == "Guest: alone"
    async with connect(f"{url}/notifications") as client:
        assert await client.recv() == "Connected to notification stream"
    async with connect(f"{url}/chat") as stays:
        async with connect(f"{url}/chat"):
            pass
        assert await stays.recv() == "Someone left the chat"


async def test_pages_and_programs_send_to_sockets(tmp_path: Path, start: Start) -> None:
    """broadcast, broadcast_json, rooms and exclude, from wherever; connections tells who is there."""
    app, ws = made(tmp_path)

    @ws.on_connect("/feed")
    def enter(conn: Any) -> None:
        conn.join("everybody")
        conn.send("in")

    port = await start(app, ws)
    async with connect(f"ws://127.0.0.1:{port}/feed") as one, connect(f"ws://127.0.0.1:{port}/feed") as two:
        assert [await one.recv(), await two.recv()] == ["in", "in"]
        first, second = ws.connections("/feed")
        assert ws.connections() == [first, second]
        ws.broadcast_json("/feed", {"type": "alert", "content": "System restart"})
        ws.broadcast("/feed", "not to the first", exclude=first)
        ws.broadcast_to("everybody", b"bytes")
        ws.broadcast_to_json("everybody", [1])
        assert json.loads(await one.recv()) == {"type": "alert", "content": "System restart"}
        assert [await one.recv(), await one.recv()] == [b"bytes", "[1]"]
        assert [await two.recv() for _ in range(4)][1:] == ["not to the first", b"bytes", "[1]"]
        assert ws.get_online_users() == []
        assert not ws.is_user_online(1)


async def test_person_of_a_request_is_the_person_of_a_socket(
    tmp_path: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """conn.user is whom request.user gives, looked up once, and presence knows their id."""

    class Person:
        def __init__(self, number: str) -> None:
            self.id = int(number)
            self.name = f"Person {number}"

    def user(request: Any) -> Person | None:
        number = request.query.get("as")
        return None if number is None else Person(number)

    monkeypatch.setattr("asok.request.Request.user", property(user), raising=False)
    app, ws = made(tmp_path)

    @ws.on_connect("/")
    def enter(conn: Any) -> None:
        conn.send(conn.user.name if conn.user else "Guest")

    port = await start(app, ws)
    async with connect(f"ws://127.0.0.1:{port}/?as=7") as one, connect(f"ws://127.0.0.1:{port}/") as two:
        assert [await one.recv(), await two.recv()] == ["Person 7", "Guest"]
        assert ws.get_online_users() == [7]
        assert (ws.is_user_online(7), ws.is_user_online(8)) == (True, False)


async def test_conn_user_is_the_person_who_signed_in(tmp_path: Path, start: Start) -> None:
    """The cookie of the pages says who it is; a password changed elsewhere leaves a guest."""
    app = make_desk(tmp_path, {"LOG_LEVEL": "ERROR", "WS_ADAPTER": "memory", "ALLOWED_HOSTS": ["127.0.0.1"]})
    ws = WebSocketServer(app=app, port=servers.free_port())

    @ws.on_connect("/")
    def enter(conn: Any) -> None:
        conn.send(conn.user.name if conn.user else "Guest")

    app.shutdown()
    port = await start(app, ws)
    user = await asyncio.to_thread(person, app)
    client = TestClient(app, "wsgi", "http://127.0.0.1")
    await asyncio.to_thread(sign_in, client)
    cookie = {"Cookie": "; ".join(f"{name}={client.cookies[name]}" for name in client.cookies)}
    address, origin = f"ws://127.0.0.1:{port}/", Origin("http://localhost")
    async with connect(address, origin=origin, additional_headers=cookie) as one, connect(address) as two:
        assert [await one.recv(), await two.recv()] == ["Ada", "Guest"]
        assert ws.get_online_users() == [user.id]
    await user.update_async(password="set by somebody in a shell")
    async with connect(address, origin=origin, additional_headers=cookie) as one:
        assert await one.recv() == "Guest"


async def test_connection_of_somebody_who_is_switched_off_is_closed(tmp_path: Path, start: Start) -> None:
    """Though nobody has ended their session; a guest goes on."""
    app = make_desk(tmp_path, {"LOG_LEVEL": "ERROR", "WS_ADAPTER": "memory", "ALLOWED_HOSTS": ["127.0.0.1"]})
    ws = WebSocketServer(app=app, port=servers.free_port())

    @ws.on_connect("/")
    def enter(conn: Any) -> None:
        conn.send(conn.user.name if conn.user else "Guest")

    @ws.on("/")
    def heard(conn: Any, message: str) -> None:
        conn.send(message)

    app.shutdown()
    port = await start(app, ws)
    user = await asyncio.to_thread(person, app)
    client = TestClient(app, "wsgi", "http://127.0.0.1")
    await asyncio.to_thread(sign_in, client)
    cookie = {"Cookie": "; ".join(f"{name}={client.cookies[name]}" for name in client.cookies)}
    address, origin = f"ws://127.0.0.1:{port}/", Origin("http://localhost")
    async with connect(address, origin=origin, additional_headers=cookie) as one, connect(address) as two:
        assert [await one.recv(), await two.recv()] == ["Ada", "Guest"]
        await user.update_async(_trust=True, is_active=False)
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(one.recv(), 10)
        await two.send("still here")
        assert await two.recv() == "still here"


async def test_message_after_a_right_was_taken_is_refused(tmp_path: Path, start: Start) -> None:
    """`conn.user` is who they are now, for plain and async handlers, and a room is left with the right (114)."""
    app = make_desk(tmp_path, {"LOG_LEVEL": "ERROR", "WS_ADAPTER": "memory", "ALLOWED_HOSTS": ["127.0.0.1"]})
    ws = WebSocketServer(app=app, port=servers.free_port())
    done: list[str] = []

    def do(conn: Any, message: str) -> None:
        if not conn.user.can("tickets.edit"):
            raise ForbiddenError("You may not edit tickets.")
        done.append(message)
        conn.send("done")

    @ws.on("/plain")
    def plain(conn: Any, message: str) -> None:
        do(conn, message)

    @ws.on("/async")
    async def heard(conn: Any, message: str) -> None:
        do(conn, message)

    @ws.on("/room")
    def join(conn: Any, message: str) -> None:
        conn.send(str(conn.join("agents")))

    @ws.room_authorizer
    def may_join(conn: Any, room: str) -> bool:
        return conn.user is not None and conn.user.has_role("agent")

    app.shutdown()
    port = await start(app, ws)
    user = await asyncio.to_thread(person, app, roles=["agent"])
    client = TestClient(app, "wsgi", "http://127.0.0.1")
    await asyncio.to_thread(sign_in, client)
    cookie = {"Cookie": "; ".join(f"{name}={client.cookies[name]}" for name in client.cookies)}
    tabs = [
        await connect(
            f"ws://127.0.0.1:{port}{path}", origin=Origin("http://localhost"), additional_headers=cookie
        )
        for path in ("/plain", "/async", "/room")
    ]
    for tab, answer in zip(tabs, ("done", "done", "True"), strict=True):
        await tab.send("with the right")
        assert await asyncio.wait_for(tab.recv(), 5) == answer
    await user.update_async(_trust=True, roles=[])
    began = time.monotonic()
    async with asyncio.timeout(10):
        while ws.is_user_online(user.id, "agents"):
            await asyncio.sleep(0.05)
    assert time.monotonic() - began < 5
    for tab in tabs[:2]:
        await tab.send("without the right")
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(tab.recv(), 5)
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "You may not edit tickets.")
    assert done == ["with the right"] * 2
    ws.broadcast_to("agents", "secret")
    await tabs[2].send("let me in")
    assert await asyncio.wait_for(tabs[2].recv(), 5) == "False"
    await tabs[2].close()


async def test_conn_user_is_the_person_of_a_token(tmp_path: Path, start: Start) -> None:
    """A program connects as somebody, until the token is revoked; one that is not good is refused with 401."""
    settings = {"LOG_LEVEL": "CRITICAL", "WS_ADAPTER": "memory", "ALLOWED_HOSTS": ["127.0.0.1"]}
    app = make_desk(tmp_path, settings, files={"src/models/access_token.py": TOKEN})
    ws = WebSocketServer(app=app, port=servers.free_port())

    @ws.on_connect("/")
    def enter(conn: Any) -> None:
        conn.send(f"{conn.user.name} {conn.user.can('tickets.edit')}" if conn.user else "Guest")

    app.shutdown()
    port = await start(app, ws)
    user = await asyncio.to_thread(person, app, roles=["agent"])
    people = app.services.people
    token = await run_async(people.bearers.create(user, "bot", ["tickets.view"], 60, people.clock()))
    address = f"ws://127.0.0.1:{port}/"
    async with connect(address, additional_headers={"Authorization": f"Bearer {token}"}) as one:
        assert await one.recv() == "Ada False"
    with pytest.raises(InvalidStatus) as refused:
        await connect(address, additional_headers={"Authorization": f"Bearer {make_bearer()}"})
    assert refused.value.response.status_code == 401
    async with connect(address, additional_headers={"Authorization": f"Bearer {token}"}) as one:
        assert await one.recv() == "Ada False"
        await run_async(people.bearers.revoke(people.bearers.of(user), people.clock()))
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(one.recv(), 10)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008


async def test_room_authorizer_decides(tmp_path: Path, start: Start) -> None:
    """Only True lets a client in."""
    app, ws = made(tmp_path)
    answers = {"yes": True, "truthy": "something", "no": False, "none": None}

    @ws.room_authorizer
    def may(conn: Any, room: str) -> Any:
        return answers[room]

    @ws.on("/")
    def join(conn: Any, message: str) -> None:
        conn.send(str(conn.join(message)))

    port = await start(app, ws)
    async with connect(f"ws://127.0.0.1:{port}/") as client:
        for room in answers:
            await client.send(room)
        assert [await client.recv() for _ in answers] == ["True", "False", "False", "False"]
    with pytest.raises(UsageError, match="plain function"):

        @ws.room_authorizer
        async def later(conn: Any, room: str) -> bool:
            return True


@pytest.mark.setting("asok.WS_PORT")
@BOTH
async def test_port_is_that_of_the_setting_unless_it_is_given(tmp_path: Path, by: str, start: Start) -> None:
    """WS_PORT is the port of the server; what the constructor says counts more."""
    port, other = servers.free_port(), servers.free_port()
    settings = {"WS_PORT": port, "LOG_LEVEL": "ERROR", "ALLOWED_HOSTS": ["127.0.0.1"]}
    app = make_app(tmp_path / "a", settings, by=by)
    ws = WebSocketServer(app=app)
    ws.on_connect("/")(lambda conn: conn.send("in"))
    assert await start(app, ws) == port
    async with connect(f"ws://127.0.0.1:{port}/") as client:
        assert await client.recv() == "in"
    app, ws = made(tmp_path / "b", {"WS_PORT": port}, port=other)
    assert await start(app, ws) == other


async def let_in(port: int, origin: str) -> bool:
    try:
        async with connect(f"ws://127.0.0.1:{port}/", origin=origin):  # type: ignore[arg-type]
            return True
    except InvalidStatus as refusal:
        assert refusal.response.status_code == 403
        return False


@pytest.mark.setting("asok.WS_ALLOWED_ORIGINS")
@BOTH
async def test_origins_are_those_of_the_setting(tmp_path: Path, by: str, start: Start) -> None:
    """Listed ones and the application's own address; not even this machine outside of DEBUG."""
    settings = {"WS_ALLOWED_ORIGINS": ["https://a.com", "https://*.b.com"], "APP_URL": "https://own.com"}
    app = make_app(tmp_path, {"LOG_LEVEL": "CRITICAL", "ALLOWED_HOSTS": ["127.0.0.1"], **settings}, by=by)
    ws = WebSocketServer(app=app, port=servers.free_port())
    ws.on_connect("/")(lambda conn: None)
    port = await start(app, ws)
    for origin in ("https://a.com", "https://x.b.com", "https://own.com"):
        assert await let_in(port, origin), origin
    for origin in ("https://c.com", "http://a.com", "https://b.com", "http://localhost:8000"):
        assert not await let_in(port, origin), origin


@pytest.mark.setting("asok.WS_ALLOWED_ORIGINS")
async def test_origins_fall_back_and_are_overruled(tmp_path: Path, start: Start) -> None:
    """CORS_ORIGINS stands in, but its "*" does not; the constructor counts most; DEBUG lets this machine in."""
    base = {"ALLOWED_HOSTS": ["127.0.0.1"], "LOG_LEVEL": "CRITICAL"}
    app, ws = made(tmp_path / "a", {**base, "CORS_ORIGINS": ["https://a.com"]})
    ws.on_connect("/")(lambda conn: None)
    assert await let_in(await start(app, ws), "https://a.com")
    app, ws = made(tmp_path / "b", {**base, "CORS_ORIGINS": "*"})
    ws.on_connect("/")(lambda conn: None)
    assert not await let_in(await start(app, ws), "https://a.com")
    app, ws = made(
        tmp_path / "c",
        {**base, "WS_ALLOWED_ORIGINS": ["https://a.com"]},
        allowed_origins=["https://myapp.com"],
    )
    ws.on_connect("/")(lambda conn: None)
    port = await start(app, ws)
    assert await let_in(port, "https://myapp.com")
    assert not await let_in(port, "https://a.com")
    app, ws = made(tmp_path / "d", {**base, "DEBUG": True})
    ws.on_connect("/")(lambda conn: None)
    assert await let_in(await start(app, ws), "http://localhost:8000")


@pytest.mark.setting("asok.WS_ADAPTER")
@BOTH
@pytest.mark.parametrize(
    ("adapter", "expected"),
    [
        ("auto", "SqliteBroadcast"),
        ("memory", "MemoryBroadcast"),
        ("sqlite", "SqliteBroadcast"),
        ("redis", "RedisBroadcast"),
        ("postgres", "PostgresBroadcast"),
    ],
)
def test_adapter_carries_broadcasts(tmp_path: Path, by: str, adapter: str, expected: str) -> None:
    """Each name has its backend."""
    settings: dict[str, Any] = {"WS_ADAPTER": adapter, "LOG_LEVEL": "ERROR"}
    if adapter == "redis":
        settings["REDIS_URL"] = "redis://127.0.0.1:1/0"
    if adapter == "postgres":
        settings["DATABASE_URL"] = "postgresql://127.0.0.1:1/none"
    app = make_app(tmp_path, settings, by=by)
    ws = WebSocketServer(app=app)
    app.startup()
    plan = ws._engine._plan
    assert plan is not None
    assert type(plan.broadcast).__name__ == expected
    app.shutdown()


def test_adapter_follows_redis_and_may_be_an_object(tmp_path: Path) -> None:
    """Auto takes Redis where there is one; the constructor's word counts most."""
    for name, options, expected in (
        ("a", {}, "RedisBroadcast"),
        ("b", {"adapter": "memory"}, "MemoryBroadcast"),
        ("c", {"adapter": MemoryBroadcast()}, "MemoryBroadcast"),
    ):
        settings = {"REDIS_URL": "redis://127.0.0.1:1/0", "LOG_LEVEL": "ERROR", "RATE_LIMIT": False}
        app = make_app(tmp_path / name, settings)
        ws = WebSocketServer(app=app, **options)  # type: ignore[arg-type]
        app.startup()
        assert ws._engine._plan is not None
        assert type(ws._engine._plan.broadcast).__name__ == expected
        app.shutdown()


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"WS_ADAPTER": "redis"}, "REDIS_URL"), ({"WS_ADAPTER": "postgres"}, "another kind of database")],
)
def test_adapter_without_what_it_needs_stops_the_start(
    tmp_path: Path, settings: dict[str, str], message: str
) -> None:
    """The error names the setting that is missing."""
    app = make_app(tmp_path, settings)
    WebSocketServer(app=app)
    with pytest.raises(SetupError, match=message):
        app.startup()
    with pytest.raises(UsageError, match="expected one of"):
        WebSocketServer(app=app, adapter="carrier pigeon")


def test_limits_are_given_as_a_whole_or_as_their_best_known_one(tmp_path: Path) -> None:
    """max_connections changes one limit and keeps the others."""
    app = make_app(tmp_path)
    ws = WebSocketServer(app=app, max_connections=5, limits=Limits(max_message_bytes=100))
    assert (ws._engine.limits.max_connections, ws._engine.limits.max_message_bytes) == (5, 100)


PROGRAM = """
import sys
sys.path.insert(0, {root!r})
from asok import WebSocketServer
ws = WebSocketServer(port={port})
from asok import Asok
app = Asok({root!r})
app.startup()
print(app.sockets == [ws], ws.own_port)
ws.start()
print(ws.own_port)
print(repr(ws))
app.shutdown()
"""


def test_server_that_was_made_before_the_application_finds_it(tmp_path: Path) -> None:
    """The order in a file does not matter, as long as there is one application."""
    write_project(tmp_path, {"LOG_LEVEL": "ERROR"})
    port = servers.free_port()
    program = PROGRAM.format(root=str(tmp_path), port=port)
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert run.stdout.splitlines() == ["True None", str(port), "<WebSocketServer without handlers>"]
    early = "from asok import WebSocketServer\ntry:\n    WebSocketServer().start()\nexcept Exception as e:\n    print(e)"
    run = subprocess.run(
        [sys.executable, "-c", early], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert "before there was an application" in run.stdout


def test_start_does_nothing_when_a_command_imports_the_project(tmp_path: Path) -> None:
    """`asok routes` and its kin open no port."""
    port = servers.free_port()
    wsgi = (
        "from asok import Asok, WebSocketServer\n"
        "app = Asok()\n"
        f"ws = WebSocketServer(port={port})\n"
        "ws.start()\n"
        "app.on_startup(lambda: print('PORT', ws.own_port))\n"
    )
    write_project(tmp_path, wsgi=wsgi)
    run = subprocess.run(
        [sys.executable, "-m", "asok.cli", "routes"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "PORT None" in run.stdout


def test_test_client_needs_no_port(tmp_path: Path) -> None:
    """Pages of an application with sockets are tested like any others, and broadcasts reach nobody."""
    app = make_app(tmp_path, {"WS_ADAPTER": "memory", "LOG_LEVEL": "ERROR"})
    ws = WebSocketServer(app=app)
    with TestClient(app) as client:
        ws.broadcast("/chat", "nobody is there")
        assert client.get("/").text == "hello"


TICKET = """
from asok import Field, Model
from asok.auth import Allow, Policy


class TicketPolicy(Policy):
    def rules(self, principal, action):
        yield Allow("agents", principal.has_role("agent"))
        if principal.id is not None:
            yield Allow("one's own", Ticket.owner_id == principal.id)


class Ticket(Model):
    __policy__ = TicketPolicy
    title = Field.String(max_length=100)
    owner_id = Field.Integer()
"""


async def test_people_who_signed_in_follow_what_their_policy_shows(tmp_path: Path, start: Start) -> None:
    """An agent hears of every ticket with that name, a customer of their own."""
    app = make_desk(tmp_path, {"ALLOWED_HOSTS": ["127.0.0.1"]}, files={"src/models/ticket.py": TICKET})
    ticket: Any = app.models["Ticket"]
    ws = WebSocketServer(
        app=app, port=servers.free_port(), adapter="memory", allowed_origins=["http://a.test"]
    )

    @ws.on_connect("/tickets")
    async def follow(conn: Any) -> None:
        await conn.follow(ticket.where(title="tea"))
        conn.send("following")

    ws.announce(ticket)
    # Again, with its sockets.
    await asyncio.to_thread(app.shutdown)
    url = f"ws://127.0.0.1:{await start(app, ws)}/tickets"
    keys, options = [], []
    for name, roles in (("ada", []), ("agnes", ["agent"])):
        someone = await asyncio.to_thread(person, app, f"{name}@example.com", roles=roles)
        keys.append(someone.id)
        client = TestClient(app)
        await asyncio.to_thread(sign_in, client, someone.email)
        cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        options.append({"origin": Origin("http://a.test"), "additional_headers": {"Cookie": cookies}})
    async with connect(url, **options[0]) as ada, connect(url, **options[1]) as agnes:
        assert await ada.recv() == await agnes.recv() == "following"
        await asyncio.to_thread(ticket.create, title="tea", owner_id=keys[1])
        await asyncio.to_thread(ticket.create, title="ink", owner_id=keys[0])
        mine = await asyncio.to_thread(ticket.create, title="tea", owner_id=keys[0])
        async with asyncio.timeout(5):
            assert json.loads(await ada.recv())["key"] == mine.id
            assert [json.loads(await agnes.recv())["key"] for _ in range(2)] == [1, mine.id]


def test_port_of_its_own_can_be_for_wsgi_alone(tmp_path: Path) -> None:
    """It is opened at the first request of a WSGI server; others have sockets on the pages' port."""
    app, ws = made(tmp_path)
    assert ws.start(only_beside_wsgi=True) is ws
    client = TestClient(app)
    assert client.get("/").status_code
    assert ws.own_port is None
    client = TestClient(app, "wsgi")
    assert client.get("/").status_code
    assert ws.own_port is not None
    assert ws._engine.is_serving.wait(5)
    ws.stop()
    app.shutdown()


@pytest.mark.parametrize("name", ["on", "on_connect", "on_disconnect"])
def test_decorator_without_its_address_is_refused(tmp_path: Path, name: str) -> None:
    """Without brackets it would be given the function, and never call it."""
    server = WebSocketServer(app=make_app(tmp_path, {}))

    def handler(conn: Any, message: Any) -> None:
        """Do nothing."""

    with pytest.raises(
        UsageError, match=rf"^{name} was given .*handler in the place of an address.*@ws\.{name}\("
    ):
        getattr(server, name)(handler)
