"""The ASGI adapter: mounts, lifespan, clients that leave, shutdown, WebSockets."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from asok_engine.dispatch.site import Site
from asok_engine.errors import SetupError
from asok_engine.servers.asgi import AsgiAdapter, AsgiExchange
from asok_engine.wire.request import Request
from asok_engine.wire.response import FileBody, Response
from tests.engine.dispatch.sites import make_site
from tests.engine.servers.drivers import GONE, Answer, asgi_scope, ask_asgi


async def ask(
    site: Site | dict[str, Callable[..., Any]], target: str = "/", method: str = "GET", **more: Any
) -> Answer:
    """Ask a site for one page; `scope` overrides parts of the scope."""
    site = site if isinstance(site, Site) else make_site(site)
    scope = asgi_scope(method, target, [("Host", "server.test")], **more.pop("scope", {}))
    return await ask_asgi(AsgiAdapter(site), scope, **more)


# --- paths ----------------------------------------------------------------------------------------


def where(request: Request) -> str:
    """Tell what the page sees of its address."""
    return f"{request.path} {request.root_path} {request.url}"


@pytest.mark.parametrize(
    ("root", "target", "seen"),
    [
        ("", "/a/x", "/a/x  http://server.test/a/x"),
        ("/app", "/a/x", "/a/x /app http://server.test/app/a/x"),
        ("/app/", "/a/x", "/a/x /app http://server.test/app/a/x"),
        ("/app", "/a/caf%C3%A9?q=1", "/a/café /app http://server.test/app/a/caf%C3%A9?q=1"),
        ("/é", "/a/x", "/a/x /é http://server.test/%C3%A9/a/x"),
    ],
)
async def test_mount_prefix_is_taken_off_once(root: str, target: str, seen: str) -> None:
    """Servers put root_path in front of the path; pages see the rest, addresses hold both."""
    scope = asgi_scope("GET", target, [("Host", "server.test")])
    prefix = root.rstrip("/")
    scope.update(root_path=root, path=prefix + scope["path"])
    scope["raw_path"] = prefix.encode().replace("é".encode(), b"%C3%A9") + scope["raw_path"]
    answer = await ask_asgi(AsgiAdapter(make_site({"/a/[x]": where})), scope)
    assert answer.body.decode() == seen


@pytest.mark.parametrize(
    ("path", "seen"), [("/apple", "/apple"), ("/app", "/"), ("/app/", "/"), ("/app/apple", "/apple")]
)
async def test_prefix_ends_at_a_slash(path: str, seen: str) -> None:
    """A server that leaves the prefix out is not punished, and /apple is not below /app."""
    site = make_site({"/": lambda request: request.path, "/[x]": lambda request: request.path})
    answer = await ask(site, path, scope={"root_path": "/app", "path": path, "raw_path": path.encode()})
    assert answer.body.decode() == seen


@pytest.mark.parametrize(
    ("path", "url"), [("/50% of café", "/50%25%20of%20caf%C3%A9"), ("/a/b", "/a/b"), ("/%41", "/%2541")]
)
async def test_server_without_raw_path_loses_nothing(path: str, url: str) -> None:
    """The path is encoded anew, and never decoded a second time."""
    site = make_site({"/[x:path]": lambda request: f"{request.path} {request.url}"})
    answer = await ask(site, scope={"path": path, "raw_path": None})
    assert answer.body.decode() == f"{path} http://server.test{url}"


async def test_scope_with_little_in_it_is_enough() -> None:
    """Client, server, scheme and root_path may be absent (ASGI HTTP 2.5)."""
    scope = asgi_scope("GET", "/")
    for name in ("client", "server", "scheme", "root_path", "http_version", "raw_path"):
        del scope[name]
    site = make_site({"/": lambda request: f"{request.ip!r} {request.url} {request.exchange.peer()}"})
    assert (await ask_asgi(AsgiAdapter(site), scope)).body.decode() == "'' http://localhost/ ('', 0)"


# --- lifespan ---------------------------------------------------------------------------------------


async def lifespan(site: Site, *, until: str = "shutdown") -> list[dict[str, Any]]:
    """Run the lifespan protocol; give what the application sent."""
    sent: list[dict[str, Any]] = []
    incoming = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

    async def receive() -> dict[str, Any]:
        return incoming.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    await AsgiAdapter(site)({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send)
    return sent


async def test_lifespan_runs_the_hooks_on_the_server_s_loop() -> None:
    """Start-up before the first request, shutdown after the last, each once."""
    ran: list[Any] = []
    site = make_site({})

    async def note() -> None:
        ran.append(asyncio.get_running_loop())

    site.lifecycle.startup.append(note)
    site.lifecycle.shutdown.append(lambda: ran.append("end"))
    sent = await lifespan(site)
    assert [message["type"] for message in sent] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]
    assert ran == [asyncio.get_running_loop(), "end"]
    assert site.streams.ending(endless=True)


async def test_failed_start_is_told_to_the_server(caplog: pytest.LogCaptureFixture) -> None:
    """The server stops with the reason, and the log has it."""
    site = make_site({})

    def no_database() -> None:
        raise SetupError("Setting DATABASE_URL is empty.")

    site.lifecycle.startup.append(no_database)
    sent = await lifespan(site)
    assert sent == [{"type": "lifespan.startup.failed", "message": "Setting DATABASE_URL is empty."}]
    (record,) = caplog.records
    assert record.levelno == logging.CRITICAL


async def test_many_first_requests_start_the_application_once() -> None:
    """A server without lifespan starts it with its first requests, which wait and do not block the loop."""
    ran: list[str] = []
    site = make_site({"/": lambda request: "ok"})

    async def slow() -> None:
        ran.append("start")
        await asyncio.sleep(0.05)

    site.lifecycle.startup.append(slow)
    adapter = AsgiAdapter(site)
    answers = await asyncio.wait_for(
        asyncio.gather(*(ask_asgi(adapter, asgi_scope("GET", "/")) for _ in range(20))), 5
    )
    assert [answer.body for answer in answers] == [b"ok"] * 20
    assert ran == ["start"]


# --- clients that leave --------------------------------------------------------------------------------


class Source:
    """Gives pieces without an end, and notes when it is closed."""

    def __init__(self) -> None:
        self.begun = False
        self.closed = threading.Event()

    def plain(self) -> Iterator[str]:
        """Give pieces from a plain generator."""
        try:
            while True:
                self.begun = True
                yield "tick "
                time.sleep(0.001)
        finally:
            self.closed.set()

    async def waits(self) -> AsyncIterator[str]:
        """Give pieces from an async generator."""
        try:
            while True:
                self.begun = True
                yield "tick "
                await asyncio.sleep(0.001)
        finally:
            self.closed.set()


@pytest.mark.parametrize("kind", ["plain", "waits"])
@pytest.mark.parametrize("form", ["stream", "events"])
@pytest.mark.parametrize("by_error", [True, False])
async def test_source_is_closed_when_the_client_leaves(
    kind: str, form: str, by_error: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Whether the server says so with a message or with an error, the generator's `finally` runs, and no line is logged."""
    source = Source()
    site = make_site({"/": lambda request: getattr(request, form)(getattr(source, kind)())})
    async with asyncio.timeout(3):
        answer = await ask(site, leave_after=3, gone_while_sending=by_error)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    assert answer.body.count(b"tick") >= 3
    assert not answer.whole
    assert await asyncio.to_thread(source.closed.wait, 2)
    assert site.streams.count == 0
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_client_that_leaves_during_its_upload_is_no_defect(caplog: pytest.LogCaptureFixture) -> None:
    """The page does not run with half a body, and nothing is logged as an error."""
    ran: list[str] = []
    site = make_site({"POST /": lambda request: ran.append("page") or "ok"})
    answer = await ask(site, method="POST", body=[b"half", GONE])
    assert answer.status == 400
    assert ran == []
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_streaming_page_learns_that_the_client_left(caplog: pytest.LogCaptureFixture) -> None:
    """A page that answers while it reads ends quietly when the upload breaks off."""

    async def loud(request: Request) -> Response:
        return request.stream(piece.upper() async for piece in request.chunks())

    site = make_site({"POST /": loud}, streaming=["POST /"])
    answer = await asyncio.wait_for(ask(site, method="POST", body=[b"half", GONE]), 3)
    assert (answer.body, answer.whole) == (b"HALF", False)
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_client_that_leaves_after_its_upload_ends_the_answer() -> None:
    """Once the body was read to its end, leaving is noticed while the answer is sent."""
    source = Source()

    async def page(request: Request) -> Response:
        async def pieces() -> AsyncIterator[Any]:
            async for piece in request.chunks():
                yield piece
            async for piece in source.waits():
                yield piece

        return request.stream(pieces())

    site = make_site({"POST /": page}, streaming=["POST /"])
    answer = await asyncio.wait_for(ask(site, method="POST", body=[b"a", b"b"], leave_after=5), 3)
    assert answer.body.startswith(b"abtick")
    assert source.closed.is_set()


async def test_broken_stream_is_cut() -> None:
    """Without the last message the server closes the connection, so a client never takes half for the whole."""

    async def pieces() -> AsyncIterator[str]:
        yield "half"
        raise OSError("the disk is gone")

    answer = await ask({"/": lambda request: request.stream(pieces())})
    assert (answer.body, answer.whole) == (b"half", False)


async def test_defect_while_closing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A `finally` that fails is a line in the log and not a server error."""

    async def pieces() -> AsyncIterator[str]:
        try:
            yield "one"
            yield "two"
        finally:
            raise LookupError("cleaning up")

    await ask({"/": lambda request: request.stream(pieces())}, leave_after=1, gone_while_sending=True)
    assert "The stream of GET / broke: cleaning up" in [record.getMessage() for record in caplog.records]


async def test_cancelling_server_is_obeyed() -> None:
    """A server that cancels the task of a request ends it; the source is closed."""
    source = Source()
    site = make_site({"/": lambda request: request.stream(source.waits())})
    task = asyncio.ensure_future(ask(site))
    while not source.begun:
        await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 3)
    assert source.closed.is_set()


# --- shutdown ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["plain", "waits"])
async def test_shutdown_ends_event_streams_cleanly(kind: str) -> None:
    """The body gets its end, so that the browser comes back instead of reporting an error."""
    source = Source()
    site = make_site({"/": lambda request: request.events(getattr(source, kind)(), retry_ms=500)})
    task = asyncio.ensure_future(ask(site))
    while not site.lifecycle.started or not site.streams.count:
        await asyncio.sleep(0.005)
    await asyncio.sleep(0.02)
    site.streams.end()
    answer = await asyncio.wait_for(task, 1)
    assert answer.whole
    assert answer.body.startswith(b"retry: 500\n\n")
    assert await asyncio.to_thread(source.closed.wait, 2)


async def test_stream_that_begins_during_the_shutdown_is_a_complete_answer() -> None:
    """Even when it is ended before its start was sent, start and end are sent in order."""
    site = make_site({"/": lambda request: request.events(Source().waits())})
    site.lifecycle.start()
    site.streams.end()
    answer = await asyncio.wait_for(ask(site), 1)
    assert (answer.status, answer.whole) == (200, True)


# --- the rest -------------------------------------------------------------------------------------------------


def socket_scope(path: str = "/", **more: Any) -> dict[str, Any]:
    """Make the scope of a handshake."""
    return {**asgi_scope("GET", path, [("Host", "server.test")]), "type": "websocket", "scheme": "ws", **more}


async def talk(site: Site, scope: dict[str, Any]) -> list[Any]:
    """Send a handshake; give what the application answers."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await AsgiAdapter(site)(scope, receive, send)
    return sent


async def test_websocket_is_refused_where_there_are_none() -> None:
    """Closing before accepting makes the server answer 403."""
    assert [message["type"] for message in await talk(make_site({}), socket_scope())] == ["websocket.close"]


async def test_websocket_goes_to_the_door_as_a_request() -> None:
    """The handshake is a request with the path below the mount, headers and an http scheme."""
    site, seen = make_site({}), []

    async def door(request: Request, link: Any) -> None:
        seen.append((request.path, request.scheme, request.host, request.query["q"], request.root_path))
        await link.accept(None)

    site.socket_door = door
    scope = socket_scope("/app/chat/caf%C3%A9?q=1", root_path="/app", scheme="wss")
    assert [message["type"] for message in await talk(site, scope)] == ["websocket.accept"]
    assert seen == [("/chat/café", "https", "server.test", "1", "/app")]


async def test_websocket_to_a_path_that_cannot_be_one_is_refused() -> None:
    """Bad UTF-8 reaches no door."""
    site = make_site({})

    async def door(request: Request, link: Any) -> None:
        raise AssertionError("it was let in")

    site.socket_door = door
    scope = socket_scope("/%ff", extensions={"websocket.http.response": {}})
    assert [message.get("status") for message in await talk(site, scope)] == [400, None]


async def test_unknown_scope_is_an_error() -> None:
    """The specification wants an exception for a protocol that an application does not know."""
    with pytest.raises(RuntimeError, match="'carrier-pigeon'"):
        await AsgiAdapter(make_site({}))({"type": "carrier-pigeon"}, None, None)  # type: ignore[arg-type]


async def test_server_may_send_the_file_itself(tmp_path: Path) -> None:
    """With the pathsend extension a large whole file does not pass through Python."""
    path = tmp_path / "large.bin"
    path.write_bytes(b"x" * 100_000)
    site = make_site({"/": lambda request: Response(FileBody(path, 100_000, 0.0), content_type="text/plain")})
    answer = await ask(site, scope={"extensions": {"http.response.pathsend": {}}})
    assert (len(answer.body), answer["content-length"]) == (100_000, "100000")


async def test_plain_reading_on_a_loop_is_refused() -> None:
    """An ASGI server cannot be read without its loop."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    with pytest.raises(RuntimeError, match="event loop"):
        AsgiExchange(asgi_scope("GET", "/"), receive).read()
