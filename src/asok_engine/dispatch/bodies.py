"""Reads a request's body before its handler runs, limited while it is read.

A multipart form is parsed as it arrives, its files go to temporary files past a
threshold; every other body is kept as bytes. A body that is larger than the
limit is refused from its Content-Length alone where that is known, else at the
piece that crosses the limit, chunked bodies included. A handler that streams
gets the pieces instead. Sources: RFC 9110 8.6, 15.5.14; RFC 9112 6.
"""

from __future__ import annotations

import asyncio
import errno
import tempfile
from collections.abc import AsyncIterator, Iterator
from typing import BinaryIO, cast

from msgspec import Struct, field

from asok_engine.dispatch.threads import running_loop
from asok_engine.errors import BodyTooLarge, InputError, MalformedBody, StorageFull, UnsupportedBody
from asok_engine.wire.multipart import FormLimits, FormReader
from asok_engine.wire.request import Request
from asok_engine.wire.uploads import UploadedFile

__all__ = ["BodyReader", "ClientGone"]

SPOOL_BYTES = 256 * 1024
_FULL = (errno.ENOSPC, errno.EDQUOT)


class ClientGone(InputError):
    """The client left before its request was complete."""

    code = "client-gone"
    status = 400


class _Spool(tempfile.SpooledTemporaryFile[bytes]):
    # An upload lives as long as someone holds its file; then its space is given back at once.
    def __del__(self) -> None:
        self.close()


def _spool() -> BinaryIO:
    return cast(BinaryIO, _Spool(max_size=SPOOL_BYTES))


class BodyReader(Struct, frozen=True):
    """Reads bodies of at most `max_bytes` bytes."""

    max_bytes: int
    form_limits: FormLimits = field(default_factory=FormLimits)
    #: What describes an uploaded file; a face gives its own.
    file_class: type[UploadedFile] = UploadedFile

    def check(self, request: Request) -> int | None:
        """Refuse what the header fields alone rule out; give the announced length, None without one."""
        headers = request.headers
        coding = headers.raw(b"content-encoding")
        if coding is not None and coding.strip().lower() not in (b"", b"identity"):
            raise UnsupportedBody(
                f"The body is encoded with {coding.decode('latin-1')!r}; send it without Content-Encoding."
            )
        announced = headers.raw(b"content-length")
        if announced is None:
            return None
        # Why isascii: int() also takes digits of other scripts, and "+1" or "1_0".
        if not (announced.isdigit() and len(announced) < 20):
            raise MalformedBody("Content-Length is not a whole number.")
        length = int(announced)
        if length > self.max_bytes:
            raise self._too_large()
        return length

    async def read_async(self, request: Request) -> None:
        """Read the body of a request under an event loop."""
        length = self.check(request)
        if length == 0:
            request._body = b""
            return
        read = request.exchange.read_async
        if request.media_type == "multipart/form-data":
            reader = self._form_reader(request)
            total = 0
            try:
                while piece := await read():
                    total += len(piece)
                    self._limit(total)
                    if total > SPOOL_BYTES:
                        # From here on a file is on the disk, which may be slow.
                        await asyncio.to_thread(reader.feed, piece)
                    else:
                        reader.feed(piece)
                _complete(total, length)
                request._fields, request._files = reader.finish()
            except OSError as error:
                reader.close()
                if error.errno in _FULL:
                    raise StorageFull("There is no space left to receive the upload.") from error
                raise
            except BaseException:
                reader.close()
                raise
            return
        piece = await read()
        if length is not None and len(piece) == length:
            request._body = piece
            return
        pieces = bytearray()
        while piece:
            pieces += piece
            self._limit(len(pieces))
            piece = await read()
        _complete(len(pieces), length)
        request._body = bytes(pieces)

    def read(self, request: Request) -> None:
        """Read the body of a request from a server that reads synchronously."""
        length = self.check(request)
        if length == 0:
            request._body = b""
            return
        read = request.exchange.read
        total = 0
        if request.media_type == "multipart/form-data":
            reader = self._form_reader(request)
            try:
                while piece := read():
                    total += len(piece)
                    self._limit(total)
                    reader.feed(piece)
                _complete(total, length)
                request._fields, request._files = reader.finish()
            except OSError as error:
                reader.close()
                if error.errno in _FULL:
                    raise StorageFull("There is no space left to receive the upload.") from error
                raise
            except BaseException:
                reader.close()
                raise
            return
        pieces = bytearray()
        while piece := read():
            pieces += piece
            self._limit(len(pieces))
        _complete(len(pieces), length)
        request._body = bytes(pieces)

    def stream_async(self, request: Request) -> None:
        """Hand the body over as an async iterator of pieces."""
        self.check(request)
        request._reader = self._pieces_async(request)

    def stream(self, request: Request) -> None:
        """Hand the body over as an iterator of pieces."""
        self.check(request)
        request._reader = self._pieces(request)

    def stream_bridged(self, request: Request) -> None:
        """Hand the body over as a plain iterator to a handler in a thread of ours, fed by the event loop."""
        self.check(request)
        pieces = self._pieces_async(request)

        def bridged() -> Iterator[bytes]:
            while True:
                piece = asyncio.run_coroutine_threadsafe(_next(pieces), running_loop()).result()
                if not piece:
                    return
                yield piece

        request._reader = bridged()

    def stream_unbridged(self, request: Request) -> None:
        """Hand the body of a plain server over as an async iterator to an async handler."""
        self.check(request)
        pieces = self._pieces(request)

        async def unbridged() -> AsyncIterator[bytes]:
            while piece := await asyncio.to_thread(next, pieces, b""):
                yield piece

        request._reader = unbridged()

    async def _pieces_async(self, request: Request) -> AsyncIterator[bytes]:
        length, total = self.check(request), 0
        while piece := await request.exchange.read_async():
            total += len(piece)
            self._limit(total)
            yield piece
        _complete(total, length)

    def _pieces(self, request: Request) -> Iterator[bytes]:
        length, total = self.check(request), 0
        while piece := request.exchange.read():
            total += len(piece)
            self._limit(total)
            yield piece
        _complete(total, length)

    def _form_reader(self, request: Request) -> FormReader:
        return FormReader(
            request.headers.get("content-type") or "",
            limits=self.form_limits,
            open_file=_spool,
            file_class=self.file_class,
        )

    def _limit(self, total: int) -> None:
        if total > self.max_bytes:
            raise self._too_large()

    def _too_large(self) -> BodyTooLarge:
        return BodyTooLarge(f"The body is larger than the {self.max_bytes} bytes that are accepted.")


async def _next(pieces: AsyncIterator[bytes]) -> bytes:
    return await anext(pieces, b"")


def _complete(total: int, announced: int | None) -> None:
    if announced is not None and total < announced:
        raise MalformedBody(f"The body ended after {total} of the {announced} bytes that were announced.")
