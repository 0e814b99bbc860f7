"""Entity tags, "not modified", and parts of a body.

It looks at 200 answers to GET and HEAD only: whether a write may go ahead has to be
asked before it is done, which is the handler's business. A body in memory gets a tag
of its content, a file one of its size and time. What speaks to one client alone gets
none: a response that sets a cookie or that may not be stored. A response with a nonce
is always sent whole, since a 304 would leave the old body with a new policy. One with a
form token gets no tag, because its body is never the same again. Sources:
RFC 9110 8.8, 13, 14, 15.4.5; RFC 9111 3.5, 7.3.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import cast

from asok_engine.wire.conditional import evaluate, make_etag, range_applies, tag_of_short
from asok_engine.wire.dates import format_date, parse_date
from asok_engine.wire.ranges import RangeNotSatisfiable, multipart_length, multipart_pieces, parse_range
from asok_engine.wire.request import Request
from asok_engine.wire.response import TEXT, FileBody, Response

__all__ = ["Conditional"]

READING = frozenset({"GET", "HEAD"})
# Describe a body; an answer without that body has none of them (RFC 9110 15.4.5).
OF_THE_BODY = (
    b"content-type",
    b"content-length",
    b"content-encoding",
    b"content-language",
    b"content-disposition",
    b"accept-ranges",
)
OF_THE_RESOURCE = (b"etag", b"last-modified", b"cache-control", b"expires")
CONDITIONS = frozenset(
    {b"if-none-match", b"if-modified-since", b"range", b"if-match", b"if-unmodified-since"}
)
SHORT_BYTES = 256
FOR_ONE_READER = b"private, no-cache"

Ranges = list[tuple[int, int]]


class Conditional:
    """Tags responses and answers conditional and range requests.

    Without `etags` no tag is made; dates, ranges and tags that a handler sets itself
    still count. `varies_by_coding` tells for a content type whether it will be
    compressed, so that a 304 names the same Vary as the 200 did. `file_pieces` reads a
    slice of a file; without it a request for several parts of a file gets the whole.
    """

    def __init__(
        self,
        *,
        etags: bool = True,
        varies_by_coding: Callable[[bytes], bool] | None = None,
        file_pieces: Callable[[FileBody], Iterable[bytes]] | None = None,
    ) -> None:
        self._etags = etags
        self._varies_by_coding = varies_by_coding
        self._file_pieces = file_pieces

    def finish(self, request: Request, response: Response) -> None:
        """Tag a response; turn it into 304, 206, 412 or 416 where the request asks for that."""
        cookies = response.cookies
        if cookies and b"cache-control" not in response.raw:
            # Why: a shared cache that keeps a Set-Cookie gives one visitor's cookie to all others.
            response.raw[b"cache-control"] = FOR_ONE_READER
        if response.status_code != 200 or request.nonce_value or request.method not in READING:
            return
        body, own = response.body, response.own
        if type(body) is bytes:
            if self._etags and body and not cookies and not (request.is_personal and request.is_one_time):
                if own is None:
                    response.plain_tag = tag_of_short(body) if len(body) <= SHORT_BYTES else make_etag(body)
                elif b"etag" not in own and (b"cache-control" not in own or _may_be_stored(own)):
                    own[b"etag"] = tag_of_short(body) if len(body) <= SHORT_BYTES else make_etag(body)
        elif isinstance(body, FileBody):
            self._describe_file(body, response.raw if own is None else own)
        sent = request.sent
        # Why counted first: many clients send nothing of all this but Host.
        if len(sent) > (b"host" in sent) and not CONDITIONS.isdisjoint(sent):
            self._answer(request, response)

    def _describe_file(self, body: FileBody, raw: dict[bytes, bytes]) -> None:
        if b"accept-ranges" not in raw:
            raw[b"accept-ranges"] = b"bytes"
        if not _may_be_stored(raw):
            return
        date, tag = _date_and_tag(body.modified_at, body.size, body.offset, body.length)
        if b"last-modified" not in raw:
            raw[b"last-modified"] = date
        if self._etags and b"etag" not in raw:
            raw[b"etag"] = tag

    def _answer(self, request: Request, response: Response) -> None:
        raw, header = response.raw, request.headers.get
        tag = raw.get(b"etag")
        etag = None if tag is None else tag.decode("latin-1")
        modified_at = _modified_at(response)
        status = evaluate(request.method, header, etag, modified_at)
        if status == 304:
            self._not_modified(response, header("if-none-match") or "")
        elif status == 412:
            _refuse(response, 412, "The condition of this request does not hold: the resource has changed.\n")
        elif (
            request.method == "GET"
            and (field := header("range")) is not None
            and range_applies(header("if-range"), etag, modified_at)
        ):
            self._partial(response, field)

    def _not_modified(self, response: Response, known: str) -> None:
        raw = response.raw
        content_type = raw.get(b"content-type", b"")
        if self._varies_by_coding is not None and self._varies_by_coding(content_type):
            response.headers.add_vary("Accept-Encoding")
        etag = raw.get(b"etag")
        if etag is not None and not etag.startswith(b"W/") and f"W/{etag.decode('latin-1')}" in known:
            # Why: the client holds the compressed form, whose tag is weak; a strong one would name another.
            raw[b"etag"] = b"W/" + etag
        response.status_code = 304
        _drop_body(response)

    def _partial(self, response: Response, field: str) -> None:
        body = response.body
        if not isinstance(body, bytes | FileBody) or response.raw.get(b"accept-ranges") == b"none":
            return
        size = len(body)
        try:
            ranges = parse_range(field, size)
        except RangeNotSatisfiable:
            _refuse(response, 416, f"None of these ranges is in the {size} bytes that are here.\n")
            response.raw[b"content-range"] = b"bytes */%d" % size
            return
        if ranges is None:
            return
        response.raw.pop(b"content-length", None)
        if len(ranges) == 1:
            first, last = ranges[0]
            response.body = _slice(body, first, last)
            response.raw[b"content-range"] = b"bytes %d-%d/%d" % (first, last, size)
        elif not self._several(response, body, ranges):
            return
        response.status_code = 206

    def _several(self, response: Response, body: bytes | FileBody, ranges: Ranges) -> bool:
        raw, size = response.raw, len(body)
        boundary = os.urandom(16).hex()
        content_type = raw.get(b"content-type", b"application/octet-stream").decode("latin-1")
        pieces = multipart_pieces(ranges, boundary, content_type, size)
        if isinstance(body, bytes):
            response.body = b"".join(
                piece if isinstance(piece, bytes) else body[piece[0] : piece[1] + 1] for piece in pieces
            )
        elif self._file_pieces is not None:
            response.body = _parts(body, pieces, self._file_pieces)
        else:
            return False
        raw[b"content-type"] = f"multipart/byteranges; boundary={boundary}".encode("ascii")
        if not isinstance(response.body, bytes):
            # A server cannot count the bytes of a stream before it is sent.
            raw[b"content-length"] = b"%d" % multipart_length(ranges, boundary, content_type, size)
        return True


@lru_cache(maxsize=1024)
def _date_and_tag(modified_at: float, size: int, offset: int, length: int | None) -> tuple[bytes, bytes]:
    """Give Last-Modified and a strong entity tag for a file, or a slice of one."""
    sent = size - offset if length is None else length
    part = "" if sent == size else f"-{offset:x}-{sent:x}"
    tag = f'"{int(modified_at * 1_000_000):x}-{size:x}{part}"'
    return format_date(modified_at).encode("ascii"), tag.encode("ascii")


def _may_be_stored(raw: dict[bytes, bytes]) -> bool:
    cache_control = raw.get(b"cache-control")
    return cache_control is None or _allows_storing(cache_control)


@lru_cache(maxsize=256)
def _allows_storing(cache_control: bytes) -> bool:
    return b"no-store" not in cache_control.lower()


def _modified_at(response: Response) -> float | None:
    field = response.raw.get(b"last-modified")
    return None if field is None else parse_date(field.decode("latin-1"))


def _slice(body: bytes | FileBody, first: int, last: int) -> bytes | FileBody:
    if isinstance(body, bytes):
        return body[first : last + 1]
    return FileBody(body.path, body.size, body.modified_at, body.offset + first, last - first + 1)


def _parts(
    body: FileBody,
    pieces: Iterable[bytes | tuple[int, int]],
    read: Callable[[FileBody], Iterable[bytes]],
) -> Iterator[bytes]:
    for piece in pieces:
        if isinstance(piece, bytes):
            yield piece
        else:
            yield from read(cast(FileBody, _slice(body, *piece)))


def _refuse(response: Response, status: int, text: str) -> None:
    _drop_body(response)
    for name in OF_THE_RESOURCE:
        response.raw.pop(name, None)
    response.status_code = status
    response.body = text.encode()
    response.raw[b"content-type"] = TEXT


def _drop_body(response: Response) -> None:
    # A stream that was not begun holds nothing unless it says so by having `close`.
    close = getattr(response.body, "close", None)
    if close is not None:
        close()
    response.body = b""
    for name in OF_THE_BODY:
        response.raw.pop(name, None)
