"""The RSGI adapter: whole bodies, files and streams each by their own call; hooks of the worker."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from asok_engine.errors import SetupError
from asok_engine.servers.rsgi import RsgiAdapter, RsgiExchange
from asok_engine.wire.request import Request
from asok_engine.wire.response import Response
from tests.engine.dispatch.sites import make_site
from tests.engine.servers.drivers import GONE, RsgiProtocol, RsgiScope


def exchange(scope: RsgiScope, *body: bytes) -> RsgiExchange:
    """Make an exchange with nobody."""
    return RsgiExchange(scope, RsgiProtocol(body))


def test_exchange_reads_the_scope() -> None:
    """Addresses, scheme, version and fields are those of granian; the path is encoded anew."""
    scope = RsgiScope("GET", "/caf%C3%A9 %25", [("Host", "h"), ("X-A", "1"), ("x-a", "2")])
    scope.client, scope.server, scope.http_version = "[2001:db8::1]:5000", "10.0.0.1:8000", "2"
    made = exchange(scope)
    assert (made.peer(), made.server(), made.scheme()) == (("2001:db8::1", 5000), ("10.0.0.1", 8000), "http")
    assert (made.http_version(), made.root_path(), made.raw_path()) == ("2", "", b"/caf%C3%A9%20%25")
    assert made.headers().getlist("x-a") == ["1", "2"]
    assert made.environ()["REQUEST_METHOD"] == "GET"
    scope.client = ""
    assert exchange(scope).peer() == ("", 0)


def test_authority_stands_for_host() -> None:
    """HTTP/2 has no Host field (RFC 9113 8.3.1); a Host that is sent wins."""
    scope = RsgiScope("GET", "/")
    scope.authority = "h2.test"
    assert exchange(scope).headers()["host"] == "h2.test"
    scope = RsgiScope("GET", "/", [("Host", "sent.test")])
    scope.authority = "h2.test"
    assert exchange(scope).headers().getlist("host") == ["sent.test"]


async def test_body_is_read_to_its_end() -> None:
    """Empty pieces are no end; after the end there is nothing."""
    made = exchange(RsgiScope("POST", "/"), b"one", b"", b"two")
    assert [await made.read_async() for _ in range(4)] == [b"one", b"two", b"", b""]
    with pytest.raises(RuntimeError, match="event loop"):
        made.read()


async def test_client_that_leaves_during_its_upload_is_no_defect(caplog: pytest.LogCaptureFixture) -> None:
    """The page does not run, and nothing is logged as an error."""
    ran: list[str] = []
    site = make_site({"POST /": lambda request: ran.append("page") or "ok"})
    protocol = RsgiProtocol([b"half", GONE])
    await RsgiAdapter(site)(RsgiScope("POST", "/"), protocol)
    assert (protocol.answer.status, ran, caplog.records) == (400, [], [])


async def test_websocket_is_refused_where_there_are_none() -> None:
    """There is no WebSocket here."""
    scope, protocol = RsgiScope("GET", "/"), RsgiProtocol()
    scope.proto = "ws"
    await RsgiAdapter(make_site({}))(scope, protocol)
    assert protocol.closed == 404


async def test_websocket_goes_to_the_door_as_a_request() -> None:
    """The handshake is a request with an http scheme; a path that cannot be one is refused."""
    site, seen = make_site({}), []

    async def door(request: Request, link: object) -> None:
        seen.append((request.path, request.scheme))

    site.socket_door = door
    scope, protocol = RsgiScope("GET", "/chat/a"), RsgiProtocol()
    scope.proto, scope.scheme = "ws", "wss"
    await RsgiAdapter(site)(scope, protocol)
    assert seen == [("/chat/a", "https")]
    scope.path = "/a\ufffd"
    await RsgiAdapter(site)(scope, protocol)
    assert (protocol.closed, len(seen)) == (400, 1)


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
@pytest.mark.parametrize("tells", [True, False])
async def test_source_is_closed_when_the_client_leaves(
    kind: str, tells: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Told by the server or by a failing send: the generator's `finally` runs, no line is logged."""
    source = Source()
    site = make_site({"/": lambda request: request.stream(getattr(source, kind)())})
    protocol = RsgiProtocol(leave_after=3, tells=tells)
    async with asyncio.timeout(3):
        await RsgiAdapter(site)(RsgiScope("GET", "/"), protocol)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    assert protocol.answer.body.count(b"tick") == 3
    assert await asyncio.to_thread(source.closed.wait, 2)
    assert caplog.records == []
    assert site.streams.count == 0


async def test_silent_stream_notices_that_the_client_left() -> None:
    """A stream that has nothing to say is ended as well."""
    closed = asyncio.Event()

    async def silent() -> AsyncIterator[str]:
        try:
            yield "one"
            await asyncio.sleep(60)
        finally:
            closed.set()

    site = make_site({"/": lambda request: request.stream(silent())})
    await asyncio.wait_for(RsgiAdapter(site)(RsgiScope("GET", "/"), RsgiProtocol(leave_after=1)), 3)
    assert closed.is_set()


async def test_shutdown_ends_event_streams() -> None:
    """The stream returns when the application stops."""
    source = Source()
    site = make_site({"/": lambda request: request.events(source.waits())})
    task = asyncio.ensure_future(RsgiAdapter(site)(RsgiScope("GET", "/"), RsgiProtocol()))
    while not site.lifecycle.started or not site.streams.count:
        await asyncio.sleep(0.005)
    site.streams.end()
    await asyncio.wait_for(task, 1)
    assert source.closed.is_set()


async def test_cancelling_server_is_obeyed() -> None:
    """A cancellation that is neither the client's nor ours goes through."""
    site = make_site({"/": lambda request: request.stream(Source().waits())})
    task = asyncio.ensure_future(RsgiAdapter(site)(RsgiScope("GET", "/"), RsgiProtocol()))
    while not site.lifecycle.started or not site.streams.count:
        await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 1)


async def test_defect_while_closing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A `finally` that fails is a line in the log."""

    async def pieces() -> AsyncIterator[str]:
        try:
            yield "one"
            yield "two"
        finally:
            raise LookupError("cleaning up")

    site = make_site({"/": lambda request: request.stream(pieces())})
    await RsgiAdapter(site)(RsgiScope("GET", "/"), RsgiProtocol(leave_after=1))
    assert "The stream of GET / broke: cleaning up" in [record.getMessage() for record in caplog.records]


def test_worker_starts_and_stops_the_application_on_its_loop() -> None:
    """granian calls these when a worker begins and ends."""
    ran: list[Any] = []
    site = make_site({"/": lambda request: "ok"})

    async def note() -> None:
        ran.append(asyncio.get_running_loop())

    site.lifecycle.startup.append(note)
    site.lifecycle.shutdown.append(note)
    adapter, loop = RsgiAdapter(site), asyncio.new_event_loop()
    adapter.begin(loop)
    protocol = RsgiProtocol()
    loop.run_until_complete(adapter(RsgiScope("GET", "/"), protocol))
    adapter.end(loop)
    loop.close()
    assert protocol.answer.body == b"ok"
    assert ran == [loop, loop]


def test_worker_does_not_begin_without_an_application(caplog: pytest.LogCaptureFixture) -> None:
    """A failed start ends the worker, with the reason in the log."""
    site = make_site({})

    def no_database() -> None:
        raise SetupError("no database")

    site.lifecycle.startup.append(no_database)
    loop = asyncio.new_event_loop()
    with pytest.raises(SetupError, match="no database"):
        RsgiAdapter(site).begin(loop)
    loop.close()
    assert [record.levelno for record in caplog.records] == [logging.CRITICAL]


async def test_error_in_a_page_is_an_answer() -> None:
    """granian never sees an error of a page."""

    async def broken(request: Request) -> Response:
        raise ZeroDivisionError

    protocol = RsgiProtocol()
    await RsgiAdapter(make_site({"/": broken}))(RsgiScope("GET", "/"), protocol)
    assert protocol.answer.status == 500
