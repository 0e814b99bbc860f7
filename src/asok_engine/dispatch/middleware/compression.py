"""Compresses text on its way out: zstd, br or gzip, whichever the client takes and is installed.

Small or already encoded bodies, event streams and partial content stay as they are. A
stream is compressed piece by piece and each piece is flushed, so nothing waits for
the next one. The strong entity tag of a body becomes weak, because the bytes differ
by coding; it still matches when the client asks again. Sources: RFC 9110 8.4, 8.8.3,
12.5.3; RFC 9111 5.2.2.6 (no-transform); RFC 8878; RFC 7932; RFC 1952.
"""

from __future__ import annotations

import importlib
import zlib
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from threading import Lock
from typing import Any, Protocol, cast

from asok_engine.errors import InputError
from asok_engine.wire.negotiation import accepted_encodings
from asok_engine.wire.request import Request
from asok_engine.wire.response import FileBody, Response

__all__ = ["Codec", "Compression", "available_codecs", "is_compressible"]

# Larger bodies are compressed while they are sent, off the event loop.
LARGEST_AT_ONCE = 128 * 1024
PIECE_BYTES = 64 * 1024
LARGEST_FILE = 512 * 1024
KEPT_FILE_BYTES = 8 * 1024 * 1024
MEMORY = 512

TEXTUAL = frozenset(
    b"application/" + name
    for name in (
        b"ecmascript",
        b"graphql-response+json",
        b"javascript",
        b"json",
        b"json5",
        b"rtf",
        b"sql",
        b"toml",
        b"wasm",
        b"x-javascript",
        b"x-ndjson",
        b"xml",
        b"yaml",
    )
) | {b"font/otf", b"font/ttf", b"image/bmp", b"image/vnd.microsoft.icon", b"image/x-icon"}


class Stream(Protocol):
    """Compresses one body in pieces."""

    def compress(self, data: bytes) -> bytes:
        """Take a piece; give what is ready."""

    def flush(self) -> bytes:
        """Give everything that was taken so far."""

    def finish(self) -> bytes:
        """End the body; give the rest."""


class Codec:
    """One content coding: `whole` compresses a body at once, `stream` one that comes in pieces.

    `thorough` compresses what is kept, such as a static file, and may take longer.
    """

    __slots__ = ("name", "stream", "thorough", "whole")

    def __init__(
        self,
        name: str,
        whole: Callable[[bytes], bytes],
        thorough: Callable[[bytes], bytes],
        stream: Callable[[], Stream],
    ) -> None:
        self.name = name
        self.whole = whole
        self.thorough = thorough
        self.stream = stream


class _GzipStream:
    def __init__(self, library: Any, level: int) -> None:
        self._flush_mode = library.Z_SYNC_FLUSH
        self._compressor = library.compressobj(level, zlib.DEFLATED, 31)
        self.compress = self._compressor.compress

    def flush(self) -> bytes:
        return cast(bytes, self._compressor.flush(self._flush_mode))

    def finish(self) -> bytes:
        return cast(bytes, self._compressor.flush())


class _BrotliStream:
    def __init__(self, library: Any) -> None:
        compressor = library.Compressor(quality=4)
        self.compress = compressor.process
        self.flush = compressor.flush
        self.finish = compressor.finish


class _ZstdStream:
    def __init__(self, library: Any) -> None:
        self._compressor = library.ZstdCompressor(3)
        self.compress = self._compressor.compress

    def flush(self) -> bytes:
        return cast(bytes, self._compressor.flush(self._compressor.FLUSH_BLOCK))

    def finish(self) -> bytes:
        return cast(bytes, self._compressor.flush())


def available_codecs() -> dict[str, Codec]:
    """Give a codec for each coding whose library is there, the preferred one first; gzip always is."""
    codecs = {}
    if (zstd := _imported("compression.zstd", "backports.zstd")) is not None:
        codecs["zstd"] = Codec(
            "zstd",
            lambda body: cast(bytes, zstd.compress(body, 3)),
            lambda body: cast(bytes, zstd.compress(body, 12)),
            lambda: _ZstdStream(zstd),
        )
    if (brotli := _imported("brotli", "brotlicffi")) is not None:
        codecs["br"] = Codec(
            "br",
            lambda body: cast(bytes, brotli.compress(body, quality=4)),
            lambda body: cast(bytes, brotli.compress(body, quality=7)),
            lambda: _BrotliStream(brotli),
        )
    # Why: isal compresses a page three times as fast as zlib's quickest level.
    quick = _imported("isal.isal_zlib") or zlib
    level = 1 if quick is not zlib else 4
    codecs["gzip"] = Codec(
        "gzip",
        lambda body: cast(bytes, quick.compress(body, level, 31)),
        lambda body: zlib.compress(body, 6, 31),
        lambda: _GzipStream(quick, level),
    )
    return codecs


def _imported(*names: str) -> Any:
    for name in names:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return None


def is_compressible(content_type: bytes) -> bool:
    """Tell whether bodies of a content type gain from compression; an event stream counts as none."""
    kind = content_type.partition(b";")[0].strip().lower()
    if kind.startswith(b"text/"):
        return kind != b"text/event-stream"
    return kind in TEXTUAL or kind.endswith((b"+json", b"+xml", b"+text"))


class Compression:
    """Compresses bodies of at least `min_size_bytes` bytes, and streams.

    `read_file` gives the bytes of a FileBody; without it files are sent as they are.
    Compressed files of up to 512 KiB are kept in memory, 8 MiB in all, so each is
    compressed once; larger files are not touched.
    """

    def __init__(
        self,
        *,
        min_size_bytes: int = 500,
        read_file: Callable[[FileBody], bytes] | None = None,
        codecs: dict[str, Codec] | None = None,
    ) -> None:
        self._min_size_bytes = max(min_size_bytes, 1)
        self._read_file = read_file
        self._codecs = available_codecs() if codecs is None else codecs
        self._files = _CompressedFiles()
        # Both are answers to questions that few clients ask differently.
        self._choices: dict[bytes, Codec | None] = {}
        self._kinds: dict[bytes, bool] = {}

    def finish(self, request: Request, response: Response) -> None:
        """Compress a response where that is possible and worth it."""
        raw = response.raw
        content_type = raw.get(b"content-type")
        if content_type is None:
            return
        compressible = self._kinds.get(content_type)
        if compressible is None:
            compressible = _remember(self._kinds, content_type, is_compressible(content_type))
        if not compressible or b"content-encoding" in raw:
            return
        vary = raw.get(b"vary")
        if vary is None:
            raw[b"vary"] = b"Accept-Encoding"
        else:
            response.headers.add_vary("Accept-Encoding")
        body = response.body
        if type(body) is bytes and len(body) < self._min_size_bytes:
            return
        accepted = request.sent.get(b"accept-encoding")
        if accepted is None:
            return
        codec = self._choices.get(accepted)
        if codec is None and accepted not in self._choices:
            codec = _remember(self._choices, accepted, self._chosen(accepted))
        if codec is None or b"content-range" in raw or response.status_code in (204, 206, 304):
            return
        if b"no-transform" in raw.get(b"cache-control", b"").lower():
            return
        self._compress(response, codec)

    def _chosen(self, accepted: bytes) -> Codec | None:
        liked = accepted_encodings(accepted.decode("latin-1"), self._codecs)
        return self._codecs[liked[0]] if liked else None

    def _compress(self, response: Response, codec: Codec) -> None:
        body = response.body
        if isinstance(body, bytes):
            if len(body) > LARGEST_AT_ONCE:
                response.body = _Squeezed(_cut(body), codec.stream(), flushes=False)
            else:
                smaller = codec.whole(body)
                if len(smaller) >= len(body):
                    return
                response.body = smaller
        elif isinstance(body, FileBody):
            content = self._compressed_file(body, codec)
            if content is None:
                return
            response.body = content
        elif hasattr(body, "__aiter__"):
            response.body = _SqueezedAsync(body, codec.stream())
        else:
            response.body = _Squeezed(cast(Iterable[Any], body), codec.stream(), flushes=True)
        raw = response.raw
        raw[b"content-encoding"] = codec.name.encode("ascii")
        raw.pop(b"content-length", None)
        # Why: a range of compressed bytes, asked for later, would come from the plain ones.
        raw.pop(b"accept-ranges", None)
        etag = raw.get(b"etag")
        if etag is not None and etag.startswith(b'"'):
            raw[b"etag"] = b"W/" + etag

    def _compressed_file(self, body: FileBody, codec: Codec) -> bytes | None:
        size = len(body)
        if self._read_file is None or not self._min_size_bytes <= size <= LARGEST_FILE or size != body.size:
            return None
        key = (str(body.path), body.modified_at, size, codec.name)
        known = self._files.get(key)
        if known is None:
            try:
                content = self._read_file(body)
            except (OSError, InputError):
                # It has gone since it was looked at: the server says so when it opens it.
                return None
            known = codec.thorough(content)
            self._files.put(key, known if len(known) < size else b"")
        return known or None


class _CompressedFiles:
    """The compressed files that were asked for lately."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[tuple[str, float, int, str], bytes] = OrderedDict()
        self._bytes = 0

    def get(self, key: tuple[str, float, int, str]) -> bytes | None:
        with self._lock:
            content = self._kept.get(key)
            if content is not None:
                self._kept.move_to_end(key)
            return content

    def put(self, key: tuple[str, float, int, str], content: bytes) -> None:
        with self._lock:
            if key in self._kept:
                return
            self._kept[key] = content
            # An entry costs something even when the file did not get smaller.
            self._bytes += len(content) + MEMORY
            while self._bytes > KEPT_FILE_BYTES:
                _, gone = self._kept.popitem(last=False)
                self._bytes -= len(gone) + MEMORY


class _Squeezed:
    """A plain stream, compressed; `close` closes what it reads from."""

    def __init__(self, source: Iterable[Any], stream: Stream, *, flushes: bool) -> None:
        self._source = source
        self._pieces = iter(source)
        self._stream = stream
        self._flushes = flushes
        self._ended = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        while not self._ended:
            piece = next(self._pieces, None)
            if piece is None:
                self._ended = True
                return self._stream.finish()
            if ready := _taken(self._stream, piece, flushes=self._flushes):
                return ready
        raise StopIteration

    def close(self) -> None:
        self._ended = True
        for part in (self._pieces, self._source):
            if (close := getattr(part, "close", None)) is not None:
                close()
                return


class _SqueezedAsync:
    """An asynchronous stream, compressed; `aclose` closes what it reads from."""

    def __init__(self, source: Any, stream: Stream) -> None:
        self._source = source
        self._pieces: AsyncIterator[Any] = aiter(source)
        self._stream = stream
        self._ended = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        while not self._ended:
            piece = await anext(self._pieces, None)
            if piece is None:
                self._ended = True
                return self._stream.finish()
            if ready := _taken(self._stream, piece, flushes=True):
                return ready
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self._ended = True
        for part in (self._pieces, self._source):
            if (aclose := getattr(part, "aclose", None)) is not None:
                await aclose()
                return


def _taken(stream: Stream, piece: str | bytes, *, flushes: bool) -> bytes:
    if not piece:
        return b""
    ready = stream.compress(piece.encode() if isinstance(piece, str) else piece)
    return ready + stream.flush() if flushes else ready


def _cut(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), PIECE_BYTES):
        yield body[start : start + PIECE_BYTES]


def _remember(memory: dict[bytes, Any], key: bytes, value: Any) -> Any:
    # Why: the keys come from clients or handlers; the memory of them is bounded.
    if len(memory) >= MEMORY:
        memory.clear()
    memory[key] = value
    return value
