"""What is sent back: a status, fields, cookies and a body, as data.

A body is bytes, an iterable of pieces (plain or asynchronous), or a `FileBody`
that names a file for the server to send. Nothing here opens or sends anything.
`respond` turns what a handler returned into a Response, or says in a sentence
what may be returned.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from copy import copy
from dataclasses import is_dataclass
from functools import lru_cache
from os import PathLike
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec
from msgspec import Struct

from asok_engine.errors import UsageError
from asok_engine.wire.cookies import format_cookie
from asok_engine.wire.headers import NOTHING_SHARED, ResponseHeaders, SharedFields
from asok_engine.wire.jsons import encode_json
from asok_engine.wire.statuses import parse_status, status_line

__all__ = ["WHOLE", "Body", "FileBody", "FreshResponse", "Response", "respond"]

HTML = b"text/html; charset=utf-8"
TEXT = b"text/plain; charset=utf-8"
JSON = b"application/json"
BYTES = b"application/octet-stream"
EVENTS = b"text/event-stream; charset=utf-8"


class FileBody(Struct, frozen=True):
    """A file, or a slice of one, that the server sends from disk.

    `offset` and `length` are bytes; `size` is that of the whole file when it was
    looked at, `modified_at` its time in seconds since the epoch.
    """

    path: str | PathLike[str]
    size: int
    modified_at: float
    offset: int = 0
    length: int | None = None

    def __len__(self) -> int:
        return self.size - self.offset if self.length is None else self.length


#: The kinds of bodies whose length is known. Why a tuple: a union would be made anew at each look.
WHOLE = (bytes, FileBody)
Piece: TypeAlias = bytes | str
Body: TypeAlias = "bytes | FileBody | Iterable[Piece] | AsyncIterable[Piece]"


class Response:
    """An answer that has not been sent yet.

    `Response("text")` is HTML as a page is; give `content_type` for anything
    else. `status` takes 404 or "404 Not Found". Headers are validated where they
    are set; a body that is not bytes or text is streamed piece by piece.
    """

    __slots__ = (
        "body",
        "cookies",
        "may_be_shared",
        "own",
        "plain_tag",
        "plain_type",
        "shared",
        "status_code",
    )

    body: Body
    cookies: tuple[bytes, ...]
    #: The fields of `raw`; None while there are none but a content type and perhaps an entity
    #: tag, which then stand in the next two (b"" for no tag). Most answers never need the dict.
    own: dict[bytes, bytes] | None
    plain_type: bytes
    plain_tag: bytes
    #: Fields that stand before those of `raw` when they are sent; none of them is in `raw`.
    shared: SharedFields
    status_code: int
    #: Whether the application holds this object, and may answer other requests with it.
    may_be_shared: bool

    def __init__(
        self,
        body: Body | str = b"",
        status: int | str = 200,
        headers: Mapping[str, str] | None = None,
        content_type: str | None = None,
    ) -> None:
        if isinstance(body, str):
            body = body.encode()
        elif not isinstance(body, bytes):
            body = _checked_body(body)
        self.body = body
        self.status_code = parse_status(status)
        self.own = {}
        self.cookies = ()
        self.shared = NOTHING_SHARED
        self.may_be_shared = True
        if content_type is not None:
            self.headers["Content-Type"] = content_type
        elif body or not isinstance(body, bytes):
            self.own[b"content-type"] = HTML
        if headers:
            for name, value in headers.items():
                self.headers[name] = value

    @property
    def raw(self) -> dict[bytes, bytes]:
        """The fields of this answer by lower-case name, as they are sent; without those of `shared`."""
        own = self.own
        if own is None:
            own = self.own = {b"content-type": self.plain_type}
            if self.plain_tag:
                own[b"etag"] = self.plain_tag
        return own

    @property
    def headers(self) -> ResponseHeaders:
        """The fields of this answer, by name in any case."""
        if self.shared is not NOTHING_SHARED:
            # In place: whoever holds `raw` goes on writing to it.
            raw = self.raw
            own = raw.copy()
            raw.clear()
            raw.update(self.shared.pairs)
            raw.update(own)
            self.shared = NOTHING_SHARED
        return ResponseHeaders(self.raw)

    @property
    def status(self) -> str:
        """The status as a line, for example "404 Not Found"; takes a number or a line."""
        return status_line(self.status_code)

    @status.setter
    def status(self, value: int | str) -> None:
        self.status_code = parse_status(value)

    @property
    def content_type(self) -> str:
        """The Content-Type field, or an empty string."""
        own = self.own
        return (self.plain_type if own is None else own.get(b"content-type", b"")).decode("latin-1")

    @content_type.setter
    def content_type(self, value: str) -> None:
        self.headers["Content-Type"] = value

    @property
    def is_stream(self) -> bool:
        """Whether the body is sent piece by piece."""
        return not isinstance(self.body, WHOLE)

    @property
    def text(self) -> str:
        """The body as text; raises UsageError for a body that is streamed or a file."""
        if not isinstance(self.body, bytes):
            raise UsageError("The body of this response is streamed; it has no text to read.")
        return self.body.decode("utf-8", "replace")

    def set_cookie(
        self,
        name: str,
        value: str = "",
        *,
        max_age: int | None = None,
        expires: str | None = None,
        path: str = "/",
        domain: str | None = None,
        secure: bool = False,
        http_only: bool = True,
        same_site: str | None = "Lax",
    ) -> None:
        """Ask the client to keep a cookie; `max_age` is seconds, none means until the browser closes."""
        line = format_cookie(
            name,
            value,
            max_age=max_age,
            expires=expires,
            path=path,
            domain=domain,
            secure=secure,
            http_only=http_only,
            same_site=same_site,
        )
        self.cookies = (*self.cookies, line.encode("latin-1"))

    def delete_cookie(self, name: str, *, path: str = "/", domain: str | None = None) -> None:
        """Ask the client to forget a cookie that was set with the same path and domain."""
        secure = name.startswith(("__Host-", "__Secure-"))
        self.set_cookie(name, "", max_age=0, path=path, domain=domain, secure=secure)

    def for_one_request(self) -> Response:
        """Give a response that this request may change: itself, or a copy of one that others may get.

        Why: what one visitor's request adds, such as a cookie, must not reach the next one.
        """
        if type(self) is FreshResponse or not self.may_be_shared:
            return self
        response = copy(self)
        if self.own is not None:
            response.own = self.own.copy()
        response.may_be_shared = False
        return response

    def fields(self) -> list[tuple[bytes, bytes]]:
        """Give every field as pairs of bytes, Set-Cookie lines included, ready for ASGI."""
        pairs = [*self.shared.pairs, *self.raw.items()]
        if self.cookies:
            pairs.extend((b"set-cookie", line) for line in self.cookies)
        return pairs

    def texts(self, length: int | None = None) -> list[tuple[str, str]]:
        """Give every field as `fields` does, as pairs of text, ready for WSGI and RSGI.

        With `length` one of them is Content-Length.
        """
        own = self.own
        if own is None:
            pairs = [*self.shared.texts, ("content-type", _text_of(self.plain_type))]
            if self.plain_tag:
                pairs.append(("etag", self.plain_tag.decode("latin-1")))
            if length is not None:
                pairs.append(("content-length", str(length)))
        else:
            if length is not None:
                own[b"content-length"] = b"%d" % length
            pairs = [*self.shared.texts]
            for name, value in own.items():
                pairs.append((_text_of(name), value.decode("latin-1")))
        if self.cookies:
            pairs.extend(("set-cookie", line.decode("latin-1")) for line in self.cookies)
        return pairs

    def __str__(self) -> str:
        return self.text

    def __contains__(self, text: str) -> bool:
        return text in self.text

    def __repr__(self) -> str:
        size = f"{len(self.body)} bytes" if isinstance(self.body, WHOLE) else "stream"
        return f"<Response {self.status} {self.content_type or 'no content type'}, {size}>"


@lru_cache(maxsize=512)
def _text_of(name: bytes) -> str:
    """Decode the name of a field, or a content type: they are few, and the same again and again."""
    return name.decode("latin-1")


class FreshResponse(Response):
    """A response that the engine has made for one request, from parts that are known to be right."""

    __slots__ = ()

    if not TYPE_CHECKING:
        # Nearly every request makes one, and what has no constructor of its own is made quickest.
        __init__ = object.__init__


def bare(body: Body, content_type: bytes, status: int = 200) -> FreshResponse:
    """Make a FreshResponse from parts that are known to be right; the quick way in for the engine."""
    response = FreshResponse()
    response.body = body
    response.status_code = status
    response.own = None
    response.plain_type = content_type
    response.plain_tag = b""
    response.cookies = ()
    response.shared = NOTHING_SHARED
    return response


def _checked_body(body: Any) -> Body:
    if body is None:
        return b""
    if isinstance(body, bytearray | memoryview):
        return bytes(body)
    if isinstance(body, FileBody | Iterable | AsyncIterable):
        return body
    raise UsageError(
        f"A Response was given the body {_described(body)}, which cannot be sent.",
        fix="Give it text, bytes, a FileBody, or an iterable of text or bytes.",
    )


def json_response(value: object, status: int | str = 200) -> Response:
    """Make a JSON answer; raises UsageError that names what cannot be encoded."""
    return bare(encode_json(value), JSON, parse_status(status))


def respond(result: object, source: str, *, for_none: str = "") -> Response:
    """Turn what a handler or a link returned into a Response.

    Text is HTML, bytes are a download type, dict, list, dataclass and msgspec
    Struct are JSON, a generator is streamed, `(body, status)` and
    `(body, status, headers)` set those too. `source` names who returned it, for
    the message, `for_none` what to do about None. Raises UsageError for anything else.
    """
    kind = type(result)
    if kind is FreshResponse:
        return result  # type: ignore[return-value]
    if kind is Response:
        return result.for_one_request()  # type: ignore[attr-defined,no-any-return]
    if kind is str:
        return bare(result.encode(), HTML)  # type: ignore[attr-defined]
    if kind is dict or kind is list:
        return bare(encode_json(result), JSON)
    if isinstance(result, Response):
        return result.for_one_request()
    if isinstance(result, bytes | bytearray | memoryview):
        return bare(bytes(result), BYTES)
    if isinstance(result, str):
        return bare(str(result).encode(), HTML)
    if isinstance(result, tuple):
        return _from_tuple(result, source)
    if hasattr(result, "__html__"):
        return bare(str(result.__html__()).encode(), HTML)
    if isinstance(result, types.GeneratorType | types.AsyncGeneratorType | Iterator | AsyncIterator):
        return bare(result, HTML)
    if isinstance(result, FileBody):
        return bare(result, BYTES)
    if isinstance(result, dict | list | msgspec.Struct) or (
        is_dataclass(result) and not isinstance(result, type)
    ):
        return bare(encode_json(result), JSON)
    if inspect.iscoroutine(result):
        result.close()
        raise UsageError(
            f"{source} returned a coroutine that nobody awaits.",
            fix="Await it there: result = await ..., in a function that is async def.",
        )
    raise UsageError(
        f"{source} returned {_described(result)}, which cannot be sent.",
        fix=(for_none if result is None else "")
        or "Return text, bytes, a dict or list (JSON), a generator (stream), "
        "(body, status), a Response, or request.html(...), request.json(...), request.redirect(...).",
    )


def _from_tuple(result: tuple[Any, ...], source: str) -> Response:
    if len(result) not in (2, 3) or not isinstance(result[1], int | str):
        raise UsageError(
            f"{source} returned a tuple of {len(result)}, not (body, status) or (body, status, headers).",
            fix="Return (body, 404) or (body, 404, {'X-Name': 'value'}); return a list for a JSON array.",
        )
    response = respond(result[0], source)
    response.status_code = parse_status(result[1])
    if len(result) == 3:
        for name, value in dict(result[2]).items():
            response.headers[name] = value
    return response


def _described(result: object) -> str:
    if result is None:
        return "None"
    text = repr(result)
    return f"{text[:77] + '...' if len(text) > 80 else text} ({type(result).__name__})"
