"""The WSGI adapter: reading, mounts, files, threads, streams that end."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from asok_engine.dispatch.bodies import ClientGone
from asok_engine.dispatch.site import Site
from asok_engine.servers import files
from asok_engine.servers.wsgi import WsgiAdapter, WsgiExchange
from asok_engine.wire.request import Request
from asok_engine.wire.response import FileBody, Response
from tests.engine.dispatch.sites import make_site
from tests.engine.servers.drivers import environ_of


def call(
    site: Site | dict[str, Callable[..., Any]], environ: dict[str, Any]
) -> tuple[int, dict[str, str], Any]:
    """Call once; give status, fields and the iterable as the server gets it."""
    begun: list[Any] = []
    adapter = WsgiAdapter(site if isinstance(site, Site) else make_site(site))
    body = adapter(environ, lambda status, fields: begun.append((int(status[:3]), dict(fields))))
    (status, fields) = begun[0]
    return status, fields, body


# --- reading -----------------------------------------------------------------------------------------


class Input:
    """A body that fails the test when it is read further than it may be."""

    def __init__(self, content: bytes, *, ends: bool = True) -> None:
        self._content = io.BytesIO(content)
        self._ends = ends
        self.asked: list[int] = []

    def read(self, size: int) -> bytes:
        """Read at most `size` bytes."""
        self.asked.append(size)
        piece = self._content.read(size)
        assert piece or self._ends, "read beyond the end: a real server would block here"
        return piece


def read_all(environ: dict[str, Any]) -> bytes:
    """Read an exchange's body to its end."""
    exchange = WsgiExchange(environ)
    pieces = []
    while piece := exchange.read():
        pieces.append(piece)
    assert exchange.read() == b""
    return b"".join(pieces)


def test_no_byte_behind_the_announced_length_is_asked_for() -> None:
    """On a connection that stays open, reading further would wait for the next request."""
    stream = Input(b"x" * 100_000 + b"GET / HTTP/1.1", ends=False)
    environ = environ_of("POST", "/", [("Content-Length", "100000")], **{"wsgi.input": stream})
    assert read_all(environ) == b"x" * 100_000
    assert sum(stream.asked) == 100_000


def test_body_without_length_or_end_is_not_read() -> None:
    """A request that announces no body has none."""
    stream = Input(b"", ends=False)
    assert read_all(environ_of("POST", "/", **{"wsgi.input": stream})) == b""
    assert stream.asked == []


@pytest.mark.parametrize("more", [{"wsgi.input_terminated": True}, {"HTTP_TRANSFER_ENCODING": "Chunked"}])
def test_chunked_body_is_read_to_its_end(more: dict[str, Any]) -> None:
    """Servers that decode chunked bodies say so."""
    assert read_all(environ_of("POST", "/", body=b"x" * 70_000, **more)) == b"x" * 70_000


@pytest.mark.parametrize("length", ["-1", "+5", "²", "٣", "1e3", "0x5", "5 5"])
def test_strange_length_is_refused(length: str) -> None:
    """A length that is no number is 400, before anything is read."""
    site = make_site({"POST /": lambda request: "ok"})
    status, _, _ = call(
        site, environ_of("POST", "/", **{"CONTENT_LENGTH": length, "wsgi.input": Input(b"", ends=False)})
    )
    assert status == 400


def test_client_that_leaves_during_its_upload_is_no_defect(caplog: pytest.LogCaptureFixture) -> None:
    """A connection that resets while it is read is the client's end, not an error of ours."""

    class Reset:
        def read(self, size: int) -> bytes:
            raise ConnectionResetError("reset by peer")

    environ = environ_of("POST", "/", [("Content-Length", "10")], **{"wsgi.input": Reset()})
    with pytest.raises(ClientGone):
        WsgiExchange(environ).read()
    status, _, _ = call({"POST /": lambda request: "ok"}, environ)
    assert status == 400
    assert caplog.records == []


def test_reading_on_a_loop_is_refused() -> None:
    """A WSGI server is read where it calls."""
    with pytest.raises(RuntimeError, match="its own thread"):
        asyncio.run(WsgiExchange(environ_of("GET", "/")).read_async())


# --- what the exchange tells -------------------------------------------------------------------------------


def test_fields_come_from_the_environ() -> None:
    """CGI names become field names; an empty CONTENT_TYPE is none."""
    environ = environ_of(
        "GET", "/", [("X-Two-Words", "é"), ("Host", "h")], CONTENT_TYPE="", CONTENT_LENGTH="3"
    )
    headers = WsgiExchange(environ).headers()
    assert headers["x-two-words"] == "é"
    assert headers["content-length"] == "3"
    assert "content-type" not in headers


@pytest.mark.parametrize(
    ("more", "raw"),
    [
        ({"RAW_URI": "/app/caf%c3%a9?q=1"}, b"/caf%c3%a9"),
        ({"REQUEST_URI": "/app/a%2Fb"}, b"/a%2Fb"),
        ({"RAW_URI": "http://h/app/x"}, b"/caf%C3%A9%25"),
        ({}, b"/caf%C3%A9%25"),
    ],
)
def test_raw_path_is_below_the_mount(more: dict[str, Any], raw: bytes) -> None:
    """As it was sent where the server tells, else encoded anew."""
    environ = environ_of("GET", "/caf%C3%A9%25", SCRIPT_NAME="/app", **more)
    assert WsgiExchange(environ).raw_path() == raw


def test_mounted_application_knows_its_addresses() -> None:
    """SCRIPT_NAME is in the addresses and not in the path."""
    site = make_site({"/a/[x]": lambda request: f"{request.path} {request.root_path} {request.url}"})
    _, _, body = call(site, environ_of("GET", "/a/caf%C3%A9?q=1", [("Host", "h:81")], SCRIPT_NAME="/app/"))
    assert b"".join(body).decode() == "/a/café /app http://h:81/app/a/caf%C3%A9?q=1"


def test_mount_of_another_script_is_text() -> None:
    """SCRIPT_NAME comes as bytes in disguise (PEP 3333), and is text for the application."""
    environ = environ_of("GET", "/x", SCRIPT_NAME="/cafÃ©", RAW_URI="/caf%C3%A9/x")
    exchange = WsgiExchange(environ)
    assert (exchange.root_path(), exchange.raw_path()) == ("/café", b"/x")


def test_odd_environ_is_read_with_care() -> None:
    """Missing and empty values of the server have a meaning each."""
    environ = environ_of("GET", "/")
    for name in ("REMOTE_ADDR", "REMOTE_PORT", "QUERY_STRING", "SCRIPT_NAME"):
        del environ[name]
    environ.update(PATH_INFO="", SERVER_PORT="", SERVER_NAME="", SERVER_PROTOCOL="HTTP/2")
    exchange = WsgiExchange(environ)
    assert (exchange.peer(), exchange.server(), exchange.root_path()) == (("", 0), ("localhost", None), "")
    assert (exchange.http_version(), exchange.raw_path()) == ("2", b"/")
    assert exchange.environ() is environ
    assert call({"/": lambda request: "home"}, environ)[0] == 200


# --- sending ------------------------------------------------------------------------------------------------


def test_stream_is_handed_over_piece_by_piece() -> None:
    """The first piece is there before the second is made."""
    made: list[str] = []

    def pieces() -> Iterator[str]:
        for name in ("one", "two"):
            made.append(name)
            yield name

    _, _, body = call({"/": lambda request: request.stream(pieces())}, environ_of("GET", "/"))
    iterator = iter(body)
    assert next(iterator) == b"one"
    assert made == ["one"]
    assert next(iterator) == b"two"
    body.close()


def closing(kind: str, closed: list[str]) -> Any:
    """Make a source of one kind that notes its closing."""

    def plain() -> Iterator[str]:
        try:
            while True:
                yield "tick"
        finally:
            closed.append("closed")

    async def waits() -> AsyncIterator[str]:
        try:
            while True:
                yield "tick"
                await asyncio.sleep(0)
        finally:
            closed.append("closed")

    class Iterable:
        def __iter__(self) -> Iterator[str]:
            return plain()

    return {"plain": plain, "async": waits, "iterable": Iterable}[kind]()


@pytest.mark.parametrize("kind", ["plain", "async", "iterable"])
@pytest.mark.parametrize("form", ["stream", "events"])
def test_source_is_closed_when_the_server_closes(kind: str, form: str) -> None:
    """Servers close the iterable when the client has left (PEP 3333); the generator's `finally` runs then."""
    closed: list[str] = []
    source = closing(kind, closed)
    _, _, body = call({"/": lambda request: getattr(request, form)(source)}, environ_of("GET", "/"))
    assert b"tick" in next(iter(body))
    assert closed == []
    body.close()
    assert closed == ["closed"]


def test_broken_stream_aborts_the_connection(caplog: pytest.LogCaptureFixture) -> None:
    """An error that the server sees makes it cut the connection; the traceback is ours, once."""

    def pieces() -> Iterator[str]:
        yield "half"
        raise ValueError("the other half")

    _, _, body = call({"/": lambda request: request.stream(pieces())}, environ_of("GET", "/"))
    with pytest.raises(ConnectionAbortedError) as caught:
        list(body)
    assert caught.value.__cause__ is None
    body.close()
    (record,) = caplog.records
    assert (record.levelno, record.getMessage()) == (
        logging.ERROR,
        "The stream of GET / broke: the other half",
    )


@pytest.mark.parametrize("kind", ["plain", "async"])
def test_shutdown_ends_streams(kind: str) -> None:
    """Event streams end at the next piece, others after the grace."""
    site = make_site(
        {
            "/e": lambda request: request.events(closing(kind, [])),
            "/s": lambda request: request.stream(closing(kind, [])),
        }
    )
    site.lifecycle.start()
    site.streams.grace_seconds = 0.05
    _, _, events = call(site, environ_of("GET", "/e"))
    _, _, stream = call(site, environ_of("GET", "/s"))
    next(iter(events))
    next(iter(stream))
    site.streams.end()
    assert list(events) == []
    assert next(iter(stream)) == b"tick"
    time.sleep(0.06)
    assert list(stream) == []
    events.close()
    stream.close()


def test_file_goes_through_the_server_s_wrapper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A whole file that is not small is left to sendfile; a slice is not: the wrapper sends to the end."""
    monkeypatch.setattr(files, "SMALL_BYTES", 1)
    path = tmp_path / "data.bin"
    path.write_bytes(b"0123456789")
    wrapped: list[Any] = []

    def wrapper(file: Any, size: int) -> Any:
        wrapped.append(file)
        return iter([file.read()])

    def page(request: Request) -> Response:
        return Response(
            FileBody(path, 10, 0.0, *((2, 3) if "part" in request.query else ())), content_type="text/plain"
        )

    environ = environ_of("GET", "/", **{"wsgi.file_wrapper": wrapper})
    assert list(call({"/": page}, environ)[2]) == [b"0123456789"]
    assert len(wrapped) == 1
    wrapped[0].close()
    _, fields, body = call({"/": page}, {**environ, "QUERY_STRING": "part"})
    assert (list(body), fields["content-length"]) == ([b"234"], "3")
    assert len(wrapped) == 1


# --- threads --------------------------------------------------------------------------------------------------


async def slowly(request: Request) -> dict[str, str]:
    """An async page."""
    await asyncio.sleep(0.002)
    return {"n": request.query["n"], "thread": threading.current_thread().name}


def test_many_threads_share_one_loop_for_async_pages() -> None:
    """Sixteen server threads, two hundred requests, each gets its own answer."""
    site = make_site({"/": slowly})
    adapter = WsgiAdapter(site)

    def one(n: int) -> Any:
        return json.loads(b"".join(adapter(environ_of("GET", f"/?n={n}"), lambda *_: None)))

    with ThreadPoolExecutor(16) as server:
        answers = list(server.map(one, range(200)))
    assert answers == [{"n": str(n), "thread": "asok-loop"} for n in range(200)]
    site.lifecycle.stop()


def test_first_requests_of_many_threads_start_the_application_once() -> None:
    """The others wait for it."""
    ran: list[str] = []
    site = make_site({"/": lambda request: "ok"})

    def slow() -> None:
        ran.append("start")
        time.sleep(0.05)

    site.lifecycle.startup.append(slow)
    adapter = WsgiAdapter(site)
    with ThreadPoolExecutor(8) as server:
        bodies = list(
            server.map(lambda _: b"".join(adapter(environ_of("GET", "/"), lambda *_: None)), range(8))
        )
    assert (bodies, ran) == ([b"ok"] * 8, ["start"])
    site.lifecycle.stop()
