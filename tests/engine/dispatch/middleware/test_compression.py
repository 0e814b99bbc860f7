"""Text travels compressed where the client takes it, and nothing else changes for anyone."""

from __future__ import annotations

import gzip
import os
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import brotli
import pytest
from backports import zstd

from asok_engine.dispatch.middleware.compression import Codec, Compression, available_codecs, is_compressible
from asok_engine.wire.response import FileBody, Response, bare
from tests.engine.dispatch.exchanges import make_request, page

TEXT = b"<p>Words are repeated, and words that are repeated are short.</p>\n" * 40
DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": zstd.decompress,
}


def read_file(body: FileBody) -> bytes:
    """Read as a server does."""
    return Path(body.path).read_bytes()[body.offset :][: len(body)]


def finished(
    response: Response,
    accept: str | None = "gzip",
    middleware: Compression | None = None,
    method: str = "GET",
) -> Response:
    """Give a response as it leaves the middleware."""
    headers = {} if accept is None else {"Accept-Encoding": accept}
    (middleware or Compression(read_file=read_file)).finish(
        make_request(method=method, headers=headers), response
    )
    return response


def body_of(response: Response) -> bytes:
    """Give a body that is bytes."""
    assert isinstance(response.body, bytes)
    return response.body


def test_text_is_compressed() -> None:
    """The client gets fewer bytes that say the same, and caches learn what it depends on."""
    response = finished(page(TEXT))
    assert len(body_of(response)) < len(TEXT) / 5
    assert gzip.decompress(body_of(response)) == TEXT
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.headers["Vary"] == "Accept-Encoding"
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd"])
def test_every_coding_gives_the_same_text(coding: str) -> None:
    """At once, in pieces, and for files, each coding can be undone."""
    codec = available_codecs()[coding]
    stream = codec.stream()
    pieces = b"".join(stream.compress(TEXT[i : i + 100]) + stream.flush() for i in range(0, len(TEXT), 100))
    for compressed in (codec.whole(TEXT), codec.thorough(TEXT), pieces + stream.finish()):
        assert DECODERS[coding](compressed) == TEXT


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, deflate, br", "br"),
        ("gzip, deflate", "gzip"),
        ("GZIP", "gzip"),
        ("br;q=0.5, gzip;q=0.9", "gzip"),
        ("zstd;q=0, *", "br"),
        ("*", "zstd"),
        ("gzip;q=0", None),
        ("*;q=0", None),
        ("identity", None),
        ("gzip;q=0.5, identity;q=1", None),
        ("deflate, compress", None),
        ("", None),
        (None, None),
        ("gzip;q=abc, br;q=-1, zstd;q=9", None),
        (", ".join(f"x{n}" for n in range(4000)), None),
        ("\xff\xfe;q=\xb2, gzip", "gzip"),
    ],
)
def test_client_decides_which_coding(accept: str | None, coding: str | None) -> None:
    """Weights, zero, stars and nonsense are honoured as RFC 9110 12.5.3 says."""
    response = finished(page(TEXT), accept)
    assert response.headers.get("Content-Encoding") == coding
    assert response.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    "response",
    [
        page(TEXT[:499]),
        page(b""),
        page(TEXT, content_type=b"image/png"),
        page(TEXT, content_type=b"application/octet-stream"),
        page(TEXT, content_type=b"application/zip"),
        Response(TEXT, headers={"Content-Encoding": "br"}),
        Response(TEXT, headers={"Cache-Control": "public, No-Transform"}),
        Response(TEXT, status=206, headers={"Content-Range": "bytes 0-99/200"}),
        Response(b"", 304),
        Response(b"", 204),
    ],
)
def test_what_must_stay_as_it_is_stays(response: Response) -> None:
    """Small, binary, encoded, partial and empty bodies are not touched."""
    before, encoding = response.body, response.headers.get("Content-Encoding")
    assert finished(response).body == before
    assert response.headers.get("Content-Encoding") == encoding


def test_bytes_that_do_not_shrink_are_sent_plain() -> None:
    """A compressed body is never longer than the plain one."""
    noise = bytes((n * n * 167 + n * 13) % 251 for n in range(600))
    squeezed = zlib.compress(noise, 9)[:500].ljust(500, b"x")
    response = page(squeezed, content_type=b"text/plain")
    if len(gzip.compress(squeezed)) >= len(squeezed):
        assert finished(response).body == squeezed
        assert "Content-Encoding" not in response.headers


def test_size_is_a_setting() -> None:
    """GZIP_MIN_SIZE is the smallest body that is compressed."""
    middleware = Compression(min_size_bytes=100)
    assert "Content-Encoding" not in finished(page(b"a" * 99), middleware=middleware).headers
    assert finished(page(b"a" * 100), middleware=middleware).headers["Content-Encoding"] == "gzip"


def test_error_pages_are_compressed_too() -> None:
    """The status makes no difference to text."""
    assert finished(page(TEXT, status=404)).headers["Content-Encoding"] == "gzip"


def test_head_has_the_headers_of_get() -> None:
    """HEAD tells what GET would send (RFC 9110 9.3.2)."""
    head, get = finished(page(TEXT), method="HEAD"), finished(page(TEXT))
    assert head.raw == get.raw
    assert len(body_of(head)) == len(body_of(get))


def test_vary_of_the_handler_is_kept() -> None:
    """What the answer depends on already stays named."""
    assert finished(Response(TEXT, headers={"Vary": "Cookie"})).headers["Vary"] == "Cookie, Accept-Encoding"


def test_strong_tag_becomes_weak() -> None:
    """Different bytes cannot share a strong tag; a weak one still answers If-None-Match."""
    assert finished(Response(TEXT, headers={"ETag": '"abc"'})).headers["ETag"] == 'W/"abc"'
    assert finished(Response(TEXT, headers={"ETag": 'W/"abc"'})).headers["ETag"] == 'W/"abc"'
    assert finished(Response(TEXT, headers={"ETag": '"abc"'}), None).headers["ETag"] == '"abc"'


def test_ranges_are_not_offered_on_compressed_bytes() -> None:
    """Whoever continues a download must not mix two codings."""
    response = Response(TEXT, headers={"Accept-Ranges": "bytes", "Content-Length": str(len(TEXT))})
    headers = finished(response).headers
    assert "Accept-Ranges" not in headers
    assert "Content-Length" not in headers


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        (b"text/html; charset=utf-8", True),
        (b"TEXT/PLAIN", True),
        (b"application/json", True),
        (b"application/problem+json", True),
        (b"image/svg+xml", True),
        (b"text/javascript", True),
        (b"font/ttf", True),
        (b"text/event-stream; charset=utf-8", False),
        (b"image/jpeg", False),
        (b"font/woff2", False),
        (b"", False),
        (b"nonsense", False),
    ],
)
def test_compressible_types(content_type: bytes, expected: bool) -> None:
    """Text in its many names, and nothing that is compressed by its nature."""
    assert is_compressible(content_type) is expected


# --- streams ----------------------------------------------------------------------------


class Decoder:
    """Undoes a coding piece by piece, as a browser does."""

    def __init__(self, coding: str) -> None:
        makers: dict[str, Callable[[], Callable[[bytes], bytes]]] = {
            "gzip": lambda: zlib.decompressobj(31).decompress,
            "br": lambda: brotli.Decompressor().process,
            "zstd": lambda: zstd.ZstdDecompressor().decompress,
        }
        self.read = makers[coding]()


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd"])
def test_each_piece_of_a_stream_can_be_read_at_once(coding: str) -> None:
    """Nothing waits in the compressor for the next piece."""
    made = []

    def pieces() -> Iterator[str | bytes]:
        for word in ("first ", b"", b"second ", "dritter f\xfcr alle"):
            made.append(word)
            yield word

    response = finished(bare(pieces(), b"text/html"), coding)
    decoder = Decoder(coding)
    stream = iter(response.body)  # type: ignore[arg-type]
    assert decoder.read(next(stream)) == b"first "
    assert made == ["first "]
    assert decoder.read(next(stream)) == b"second "
    assert decoder.read(next(stream)) == "dritter f\xfcr alle".encode()
    assert decoder.read(b"".join(stream)) == b""
    assert response.headers["Content-Encoding"] == coding


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd"])
async def test_each_piece_of_an_async_stream_can_be_read_at_once(coding: str) -> None:
    """The same for a stream on the event loop."""
    closed = []

    async def pieces() -> AsyncIterator[str]:
        try:
            for word in ("one ", "two ", "three"):
                yield word
        finally:
            closed.append(True)

    response = finished(bare(pieces(), b"text/html"), coding)
    decoder, body = Decoder(coding), response.body
    words = [decoder.read(piece) async for piece in body]  # type: ignore[union-attr]
    assert [word for word in words if word] == [b"one ", b"two ", b"three"]
    assert closed == [True]


async def test_closing_a_compressed_stream_closes_its_source() -> None:
    """A client that leaves frees what the handler has opened, begun or not."""
    closed = []

    class Rows:
        def __iter__(self) -> Iterator[bytes]:
            return self

        def __next__(self) -> bytes:
            return b"row"

        def close(self) -> None:
            closed.append("plain")

    class AsyncRows:
        def __aiter__(self) -> AsyncIterator[bytes]:
            return self

        async def __anext__(self) -> bytes:
            return b"row"

        async def aclose(self) -> None:
            closed.append("async")

    plain: Any = finished(bare(Rows(), b"text/csv")).body
    plain.close()
    assert list(plain) == []
    waiting: Any = finished(bare(AsyncRows(), b"text/csv")).body
    assert await anext(waiting)
    await waiting.aclose()
    assert [piece async for piece in waiting] == []
    assert closed == ["plain", "async"]


def test_event_stream_is_left_alone() -> None:
    """Events are small and must not wait for anything."""
    source = iter([b"data: 1\n\n"])
    response = finished(bare(source, b"text/event-stream; charset=utf-8"))
    assert response.body is source
    assert "Content-Encoding" not in response.headers


def test_large_body_is_compressed_while_it_is_sent() -> None:
    """Megabytes do not hold up the event loop: they become a stream of small steps."""
    rows = b"".join(b"<tr><td>%d</td></tr>\n" % n for n in range(60_000))
    response = finished(page(rows))
    assert not isinstance(response.body, bytes)
    pieces = list(response.body)  # type: ignore[arg-type]
    assert len(pieces) > 1
    assert gzip.decompress(b"".join(pieces)) == rows


# --- files ------------------------------------------------------------------------------


def stylesheet(folder: Path, content: bytes = TEXT) -> Response:
    """A static file as a face answers it."""
    path = folder / "site.css"
    path.write_bytes(content)
    os.utime(path, (1, 1))
    facts = path.stat()
    return bare(FileBody(path, facts.st_size, facts.st_mtime), b"text/css")


def test_small_file_is_compressed_once(tmp_path: Path) -> None:
    """The second visitor gets the bytes that were made for the first; a changed file is made anew."""
    reads = []

    def counted(body: FileBody) -> bytes:
        reads.append(body.path)
        return read_file(body)

    middleware = Compression(read_file=counted)
    for _ in range(3):
        response = finished(stylesheet(tmp_path), middleware=middleware)
        assert gzip.decompress(body_of(response)) == TEXT
    assert len(reads) == 1
    changed = stylesheet(tmp_path, TEXT + b"more")
    assert gzip.decompress(body_of(finished(changed, middleware=middleware))) == TEXT + b"more"


@pytest.mark.parametrize("size", [10, 600 * 1024])
def test_tiny_and_large_files_are_sent_from_disk(tmp_path: Path, size: int) -> None:
    """What is not worth it, or too large for memory, stays a file."""
    response = stylesheet(tmp_path, b"a" * size)
    body = response.body
    assert finished(response).body is body


def test_part_of_a_file_is_not_compressed(tmp_path: Path) -> None:
    """A slice is what somebody asked for by its bytes."""
    response = stylesheet(tmp_path)
    whole = response.body
    assert isinstance(whole, FileBody)
    response.body = FileBody(whole.path, whole.size, whole.modified_at, 10, 1000)
    assert isinstance(finished(response).body, FileBody)


def test_file_that_has_gone_is_left_to_the_server(tmp_path: Path) -> None:
    """The middleware breaks nothing when a file vanishes between look and read."""
    response = stylesheet(tmp_path)
    (tmp_path / "site.css").unlink()
    assert isinstance(finished(response).body, FileBody)
    assert "Content-Encoding" not in response.headers


def test_compressed_files_take_bounded_memory(tmp_path: Path) -> None:
    """However many files there are, those kept are a few megabytes."""
    codec = Codec("gzip", lambda body: body[1:], lambda body: body[1:], available_codecs()["gzip"].stream)
    content = b"a" * 500_000
    middleware = Compression(read_file=lambda body: content, codecs={"gzip": codec})
    tracemalloc.start()
    try:
        for n in range(40):
            finished(bare(FileBody(f"/{n}.css", len(content), 1.0), b"text/css"), "gzip", middleware)
        assert tracemalloc.get_traced_memory()[0] < 12_000_000
    finally:
        tracemalloc.stop()


def test_without_a_reader_files_are_left_alone(tmp_path: Path) -> None:
    """Whoever composes without a way to read files gets them from disk."""
    assert isinstance(finished(stylesheet(tmp_path), middleware=Compression()).body, FileBody)


def test_many_different_fields_take_bounded_memory() -> None:
    """What clients and handlers write is remembered, but not without end."""
    middleware = Compression()
    for n in range(2000):
        finished(page(b"x", content_type=b"text/x%d" % n), f"gzip;q=0.{n}", middleware)
    assert len(middleware._choices) <= 512
    assert len(middleware._kinds) <= 512
