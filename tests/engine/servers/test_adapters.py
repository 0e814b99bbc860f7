"""One law for three protocols: the same request gets the same answer from every adapter."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from asok_engine.dispatch.context import current_request
from asok_engine.dispatch.site import Site
from asok_engine.errors import SetupError
from asok_engine.wire.headers import ASKED
from asok_engine.wire.request import Request
from asok_engine.wire.response import FileBody, Response
from tests.engine.dispatch.sites import make_site
from tests.engine.servers.drivers import DRIVERS, Answer

Ask = Callable[..., Answer]


@pytest.fixture(params=DRIVERS)
def ask(request: pytest.FixtureRequest) -> Iterator[Ask]:
    """Ask a site of the given pages over one of the protocols."""
    sites: list[Site] = []
    driver = DRIVERS[request.param]

    def send(
        pages: dict[str, Callable[..., Any]] | Site,
        target: str = "/",
        method: str = "GET",
        headers: Iterable[tuple[str, str]] = (),
        body: Iterable[bytes] = (),
        **options: Any,
    ) -> Answer:
        site = pages if isinstance(pages, Site) else make_site(pages, **options)
        sites.append(site)
        return driver(site, method, target, [("Host", "server.test"), *headers], body)

    yield send
    for site in sites:
        site.lifecycle.stop()


def test_whole_body_has_its_length(ask: Ask) -> None:
    """Text arrives as it was returned, with length and type."""
    answer = ask({"/": lambda request: "Zoë"})
    assert (answer.status, answer.body, answer["content-length"], answer.whole) == (
        200,
        "Zoë".encode(),
        "4",
        True,
    )
    assert answer["content-type"] == "text/html; charset=utf-8"


def test_fields_that_every_request_is_asked_for_are_there_at_once(ask: Ask) -> None:
    """The adapter hands them over by lower-case name, so that nothing else is parsed for them."""

    def page(request: Request) -> dict[str, Any]:
        return {
            "parsed": "headers" in vars(request),
            "sent": {name.decode(): value.decode() for name, value in request.sent.items() if name in ASKED},
            "repeats": request.repeats_fields,
        }

    fields = [("If-None-Match", '"a"'), ("X-Request-ID", "front-0001"), ("User-Agent", "probe")]
    assert json.loads(ask({"/": page}, headers=fields).body) == {
        "parsed": False,
        "sent": {"host": "server.test", "if-none-match": '"a"', "x-request-id": "front-0001"},
        "repeats": False,
    }


def test_field_that_was_sent_twice_is_noticed(ask: Ask) -> None:
    """A second Host is an attack; under WSGI the server has joined the two into one that is no host."""

    def page(request: Request) -> dict[str, Any]:
        return {"host": request.sent[b"host"].decode(), "repeats": request.repeats_fields}

    answer = json.loads(ask({"/": page}, headers=[("Host", "evil.test")]).body)
    assert answer["repeats"] or answer["host"] == "server.test,evil.test"


def test_empty_body_has_length_zero(ask: Ask) -> None:
    """An empty page is complete, not endless."""
    answer = ask({"/": lambda request: ""})
    assert (answer.status, answer.body, answer["content-length"]) == (200, b"", "0")


def streaming(request: Request) -> Response:
    """A page in three pieces."""
    return request.stream(iter(["one ", b"", "two ", b"three"]), "text/plain")


async def streaming_async(request: Request) -> Response:
    """The same from an async generator."""

    async def pieces() -> AsyncIterator[str | bytes]:
        for piece in ("one ", b"", "two ", b"three"):
            await asyncio.sleep(0)
            yield piece

    return request.stream(pieces(), "text/plain")


def in_memory(request: Request) -> str:
    """A page at once."""
    return "one two three"


@pytest.mark.parametrize("page", [in_memory, streaming, streaming_async])
def test_head_is_get_without_a_body(ask: Ask, page: Callable[..., Any]) -> None:
    """Status and fields are those of GET."""
    got, head = ask({"/": page}), ask({"/": page}, method="HEAD")
    assert got.body == b"one two three"
    assert (head.status, head.fields, head.body) == (got.status, got.fields, b"")


@pytest.mark.parametrize("page", [in_memory, streaming, streaming_async])
@pytest.mark.parametrize("status", [204, 304])
def test_status_without_a_body_sends_none(ask: Ask, page: Callable[..., Any], status: int) -> None:
    """204 and 304 have neither body nor length, whatever the page returned (RFC 9110 8.6)."""

    def bodiless(request: Request) -> Any:
        request.status(status)
        return asyncio.run(page(request)) if asyncio.iscoroutinefunction(page) else page(request)

    answer = ask({"/": bodiless})
    assert (answer.status, answer.body) == (status, b"")
    assert "content-length" not in answer


@pytest.mark.parametrize("page", [streaming, streaming_async])
def test_stream_arrives_in_order_and_whole(ask: Ask, page: Callable[..., Any]) -> None:
    """Pieces of text and bytes are sent as they come; empty ones are left out."""
    answer = ask({"/": page})
    assert (answer.status, answer.body, answer.whole) == (200, b"one two three", True)
    assert "content-length" not in answer


@pytest.mark.parametrize(
    ("path", "status", "seen"),
    [
        ("/p/caf%C3%A9", 200, "café"),
        ("/p/caf%c3%a9", 200, "café"),
        ("/p/%F0%9F%90%A6", 200, "🐦"),
        ("/p/a+b", 200, "a+b"),
        ("/p/a%20b", 200, "a b"),
        ("/p/100%25", 200, "100%"),
        ("/p/100%2525", 200, "100%25"),
        ("/p/%252e%252e", 200, "%2e%2e"),
        ("/p/%ff", 400, ""),
        ("/p/%c0%ae", 400, ""),
        ("/p/%ed%a0%80", 400, ""),
        ("/p/a%00b", 400, ""),
        ("/p/a%0d%0aX-Evil:1", 400, ""),
        ("/p/a%1bb", 400, ""),
        ("/p/a%7fb", 400, ""),
    ],
)
def test_path_is_decoded_the_same_everywhere(ask: Ask, path: str, status: int, seen: str) -> None:
    """Once, as UTF-8; what is no text or has control characters is refused and never routed."""
    answer = ask({"/p/[name]": lambda request: request.text(request.params["name"])}, path)
    assert answer.status == status
    if status == 200:
        assert answer.body.decode() == seen
    assert "x-evil" not in answer


def test_query_and_fields_arrive(ask: Ask) -> None:
    """Repeated fields are kept, blank values are values, percent signs are decoded."""

    def page(request: Request) -> Any:
        return {
            "a": request.query.getlist("a"),
            "blank": request.query["blank"],
            "ip": request.ip,
            "host": request.host,
            "url": request.url,
            "agent": request.user_agent,
            "version": request.exchange.http_version(),
        }

    answer = ask({"/p/[x]": page}, "/p/caf%C3%A9?a=1&a=%C3%A9+2&blank=", headers=[("User-Agent", "tests")])
    assert json.loads(answer.body) == {
        "a": ["1", "é 2"],
        "blank": "",
        "ip": "203.0.113.9",
        "host": "server.test",
        "url": "http://server.test/p/caf%C3%A9?a=1&a=%C3%A9+2&blank=",
        "agent": "tests",
        "version": "1.1",
    }


def test_environ_is_there_on_every_protocol(ask: Ask) -> None:
    """Code that was written for WSGI finds what it knows."""

    def page(request: Request) -> Any:
        environ = request.environ
        names = (
            "REQUEST_METHOD",
            "PATH_INFO",
            "QUERY_STRING",
            "SERVER_PROTOCOL",
            "REMOTE_ADDR",
            "HTTP_X_ONE",
        )
        return {name: environ[name] for name in names}

    answer = ask({"/[x]": page}, "/caf%C3%A9?q=1", headers=[("X-One", "1")])
    assert json.loads(answer.body) == {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/cafÃ©",
        "QUERY_STRING": "q=1",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "203.0.113.9",
        "HTTP_X_ONE": "1",
    }


def test_cookies_are_sent_one_by_one(ask: Ask) -> None:
    """Set-Cookie is never joined."""

    def page(request: Request) -> str:
        request.set_cookie("a", "1").set_cookie("b", "2")
        return "ok"

    answer = ask({"/": page})
    assert len([value for name, value in answer.fields if name.lower() == "set-cookie"]) == 2


@pytest.mark.parametrize("pieces", [[b"x" * 100], [b"x" * 60, b"", b"x" * 40], [b"x"] * 100])
def test_body_is_read_and_limited(ask: Ask, pieces: list[bytes]) -> None:
    """A hundred bytes pass, one more does not."""
    pages = {"POST /": lambda request: str(len(request.body))}
    assert ask(pages, method="POST", body=pieces, max_body_bytes=100).body == b"100"
    assert ask(pages, method="POST", body=[*pieces, b"x"], max_body_bytes=100).status == 413


def test_streamed_request_body_reaches_plain_and_async_pages(ask: Ask) -> None:
    """STREAM_BODY works in both kinds of handlers."""

    def plain(request: Request) -> str:
        return str(sum(len(piece) for piece in request.chunks()))

    async def waits(request: Request) -> str:
        return str(sum([len(piece) async for piece in request.chunks()]))

    for page in (plain, waits):
        answer = ask({"POST /": page}, method="POST", body=[b"x" * 300] * 3, streaming=["POST /"])
        assert (answer.status, answer.body) == (200, b"900")
        answer = ask({"POST /": page}, method="POST", body=[b"x" * 600] * 3, streaming=["POST /"])
        assert answer.status == 413


def test_body_may_be_sent_back_while_it_is_read(ask: Ask) -> None:
    """A page that answers with what it reads gets every piece of the request."""

    async def loud(request: Request) -> Response:
        async def pieces() -> AsyncIterator[bytes]:
            async for piece in request.chunks():
                yield piece.upper()

        return request.stream(pieces())

    def loud_plain(request: Request) -> Response:
        return request.stream(piece.upper() for piece in request.chunks())

    for page in (loud, loud_plain):
        answer = ask({"POST /": page}, method="POST", body=[b"one ", b"two ", b"three"], streaming=["POST /"])
        assert (answer.body, answer.whole) == (b"ONE TWO THREE", True)


# --- files ---------------------------------------------------------------------------------------


def file_page(path: Path, offset: int = 0, length: int | None = None) -> Callable[..., Response]:
    """Make a page that sends a file or a slice of it."""
    size = path.stat().st_size

    def page(request: Request) -> Response:
        return Response(FileBody(path, size, 0.0, offset, length), content_type="text/plain")

    return page


@pytest.mark.parametrize("size", [0, 10, 70_000, 300_000])
@pytest.mark.parametrize(("offset", "length"), [(0, None), (3, None), (0, 4), (3, 4)])
def test_file_is_sent_whole_or_in_part(
    ask: Ask, tmp_path: Path, size: int, offset: int, length: int | None
) -> None:
    """Small and large files, from any place and of any length, with the right Content-Length."""
    if size == 0 and (offset or length):
        return
    path = tmp_path / "data.txt"
    content = bytes(n % 251 for n in range(size))
    path.write_bytes(content)
    wanted = content[offset:] if length is None else content[offset : offset + length]
    answer = ask({"/": file_page(path, offset, length)})
    assert (answer.status, answer.body == wanted, answer["content-length"]) == (200, True, str(len(wanted)))
    head = ask({"/": file_page(path, offset, length)}, method="HEAD")
    assert (head.body, head["content-length"]) == (b"", str(len(wanted)))


def test_file_that_is_gone_is_404_and_passes_the_finishers(ask: Ask, tmp_path: Path) -> None:
    """A file removed or locked between look-up and sending is an answer and no raw server error."""
    path = tmp_path / "data.txt"
    path.write_bytes(b"x")
    page = file_page(path)
    path.unlink()

    def finish(request: Request, response: Response) -> None:
        response.headers["X-All"] = "yes"

    answer = ask({"/": page}, finishers=[finish])
    assert (answer.status, answer["x-all"], answer.whole) == (404, "yes", True)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are counted in /proc")
def test_files_are_closed(ask: Ask, tmp_path: Path) -> None:
    """Fifty files sent leave none open, also those of HEAD and of 304."""
    path = tmp_path / "data.txt"
    path.write_bytes(b"x" * 100_000)

    def unchanged(request: Request) -> Any:
        request.status(304)
        return file_page(path)(request)

    site = make_site({"/": file_page(path), "/same": unchanged})
    ask(site)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(10):
        assert len(ask(site).body) == 100_000
        assert ask(site, method="HEAD").status == 200
        assert (ask(site, "/same").status, ask(site, "/same").body) == (304, b"")
    assert len(os.listdir("/proc/self/fd")) <= before + 1


# --- errors ----------------------------------------------------------------------------------------


def test_broken_stream_is_logged_and_closed(ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
    """A defect behind the headers is one line in the log; the source is closed."""
    closed: list[str] = []

    def pieces() -> Iterator[str]:
        try:
            yield "half"
            raise FileNotFoundError("the other half")
        finally:
            closed.append("plain")

    async def pieces_async() -> AsyncIterator[str]:
        try:
            yield "half"
            raise ValueError("the other half")
        finally:
            closed.append("async")

    for source in (pieces, pieces_async):
        answer = ask({"/": lambda request, source=source: request.stream(source())})
        assert answer.body == b"half"
    assert closed == ["plain", "async"]
    lines = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [record.getMessage() for record in lines] == ["The stream of GET / broke: the other half"] * 2


def test_defect_is_an_answer(ask: Ask) -> None:
    """No adapter lets an error of a page through to its server."""

    def broken(request: Request) -> Any:
        raise ZeroDivisionError("a defect")

    answer = ask({"/": broken})
    assert answer.status == 500
    assert b"a defect" not in answer.body


def test_start_that_fails_is_raised_and_logged_for_each_request(
    ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    """The server learns that there is no application to serve."""
    site = make_site({"/": in_memory})

    def no_database() -> None:
        raise SetupError("no database")

    site.lifecycle.startup.append(no_database)
    for _ in range(2):
        with pytest.raises(SetupError, match="no database"):
            ask(site)


def test_hooks_run_once_for_many_requests(ask: Ask) -> None:
    """The first request starts the application, the others find it started."""
    ran: list[str] = []
    site = make_site({"/": in_memory})

    async def note() -> None:
        ran.append("start")

    site.lifecycle.startup.append(note)
    for _ in range(3):
        assert ask(site).status == 200
    assert ran == ["start"]


def test_stream_knows_its_request(ask: Ask) -> None:
    """Code that runs while the body is sent still finds the request, and nothing is left afterwards."""

    def pieces() -> Iterator[str]:
        yield str(current_request.path)
        yield str(current_request.query["a"])

    async def pieces_async() -> AsyncIterator[str]:
        for piece in pieces():
            yield piece

    for source in (pieces, pieces_async):
        answer = ask({"/p": lambda request, source=source: request.stream(source())}, "/p?a=7")
        assert (answer.body, answer.whole) == (b"/p7", True)
    assert not current_request
