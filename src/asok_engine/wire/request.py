"""One HTTP request as data, and the answer its handler is preparing.

The class gives the public names of a request that need no template, session or
model; a face adds those. Nothing is parsed before it is touched, and everything
is parsed once. It knows servers only through the `Exchange` contract, reads no
body itself (`dispatch.bodies` puts it here, limited while it is read) and holds
what the handler says about the answer in a draft that `answered` merges in.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping
from time import perf_counter
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, Self, TypeVar, overload
from urllib.parse import quote

from msgspec import Struct

from asok_engine.errors import (
    Abort,
    ForbiddenError,
    InputError,
    MalformedBody,
    MissingField,
    NotFoundError,
    Redirect,
    UnauthorizedError,
    UnsupportedBody,
    UsageError,
)
from asok_engine.wire.agents import Browser
from asok_engine.wire.cookies import parse_cookies
from asok_engine.wire.events import Event, format_event
from asok_engine.wire.exchange import Exchange
from asok_engine.wire.headers import Headers, ResponseHeaders, encode_field
from asok_engine.wire.hosts import parse_host
from asok_engine.wire.jsons import decode_json, encode_json
from asok_engine.wire.query import parse_form, parse_query
from asok_engine.wire.response import EVENTS, HTML, JSON, TEXT, Body, Response, bare, json_response
from asok_engine.wire.statuses import parse_status, status_line
from asok_engine.wire.uploads import UploadedFile
from asok_engine.wire.urls import redirect_target
from asok_engine.wire.values import Values

__all__ = ["Request"]

T = TypeVar("T")


class _NoParams(dict[str, Any]):
    """No parameters. Why a class: where the default is a plain dict, a Struct makes one for each request."""


_NO_PARAMS: Mapping[str, Any] = _NoParams()
_NOTHING: Any = object()
_JSON_TYPES = ("application/json", "+json")


class lazy(Generic[T]):
    """A property that is computed when it is first read and then stands in the instance.

    Why not functools.cached_property: before Python 3.12 it takes a lock, which
    costs every request more than what it computes.
    """

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self._compute = compute
        self.__doc__ = compute.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> lazy[T]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object | None, owner: type) -> lazy[T] | T:
        if instance is None:
            return self
        value = self._compute(instance)
        # Why not through __dict__: to ask for that makes a dict, which requests do without.
        setattr(instance, self._name, value)
        return value


class StatusText(str):
    """The status line of the answer; call it with a number to set it."""

    __slots__ = ("_request",)

    _request: Request

    def __call__(self, code: int | str) -> Request:
        self._request.status = code
        return self._request


class StatusNumber(int):
    """The status of the answer as a number; call it with a number to set it."""

    _request: Request

    def __call__(self, code: int | str | None = None) -> Any:
        if code is None:
            return int(self)
        self._request.status = code
        return self._request


class JsonAccess(Struct, eq=False):
    """The JSON side of a request: call with data to answer, call without to read, index to read one key.

    It is a Mapping, registered below: a Struct is made several times as fast as a subclass of it.
    """

    _request: Any

    @overload
    def __call__(self) -> Any: ...
    @overload
    def __call__(self, data: Any, status: int | str = 200) -> Response: ...
    def __call__(self, data: Any = _NOTHING, status: int | str = 200) -> Any:
        """Answer with JSON; without data give the decoded body of the request."""
        if data is _NOTHING:
            return self._request.json_body
        return bare(encode_json(data), JSON, 200 if status == 200 else parse_status(status))

    def _mapping(self) -> Mapping[str, Any]:
        body = self._request.json_body
        if not isinstance(body, dict):
            raise MalformedBody(f"The JSON body is {type(body).__name__}; an object was expected.")
        return body

    def __getitem__(self, key: str) -> Any:
        body = self._mapping()
        if key not in body:
            raise MissingField(key)
        return body[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._mapping())

    def __len__(self) -> int:
        return len(self._mapping())

    __contains__: ClassVar[Callable[..., bool]] = Mapping.__contains__
    __eq__: ClassVar[Callable[..., bool]] = Mapping.__eq__
    get: ClassVar[Callable[..., Any]] = Mapping.get
    keys: ClassVar[Callable[..., Any]] = Mapping.keys
    items: ClassVar[Callable[..., Any]] = Mapping.items
    values: ClassVar[Callable[..., Any]] = Mapping.values


Mapping.register(JsonAccess)


class _Seldom:
    """What few requests have; here and not among the fields of a Request, each of which costs all of them."""

    #: Whether the body of the answer differs each time, as one with a form token does.
    is_one_time: bool = False
    #: Whether the head of the answer has been sent and its pieces are being made.
    is_streaming: bool = False
    #: Who acts for whom in this request, for its log line; None where nobody acts for somebody else.
    acting: tuple[str, str] | None = None
    _body: bytes | None = None
    _fields: Values | None = None
    _files: Mapping[str, list[UploadedFile]] = _NO_PARAMS
    _reader: AsyncIterator[bytes] | Iterator[bytes] | None = None
    _client: str | None = None


class Request(_Seldom, Struct, dict=True, weakref=True, eq=False):
    """One request, and the draft of its answer.

    `params` holds the path parameters, `query` the query string, `form` the
    query overlaid by body fields, `files` the uploads by field name. Reading a
    body that is not what its content type says raises MalformedBody (400).

    A Struct, because it is made for every request and a Struct is made quickest; other
    attributes may be set on it all the same.
    """

    #: The application that answers; set once per application on a subclass.
    app: ClassVar[Any] = None
    #: The host of APP_URL, which a redirect may name in full; "" when there is none.
    app_host: ClassVar[str] = ""
    #: Largest number of fields in a query string or a form.
    max_fields: ClassVar[int] = 1000

    #: How a request is named; the application sets it on its subclass.
    make_id: ClassVar[Callable[[Request], str]] = staticmethod(lambda request: "")

    exchange: Exchange
    method: str
    path: str
    query_string: str
    #: Those fields that every request is asked for, `wire.headers.ASKED`, and perhaps others, by
    #: lower-case name, repeated ones combined.
    sent: Mapping[bytes, bytes]
    _scheme: str | None = None
    #: When a server gave it to us, by `time.perf_counter`.
    started_at: float = 0.0
    #: Whether a field was sent more than once.
    repeats_fields: bool = False
    params: Mapping[str, Any] = _NO_PARAMS
    #: What answers this request, once it is routed; set by the kernel.
    endpoint: Any = None
    nonce_value: str = ""
    #: Whether something of this visitor was looked at: the session, a form token.
    is_personal: bool = False
    _id: str | None = None
    _draft: Response | None = None
    _host: str | None = None

    @classmethod
    def from_exchange(cls, exchange: Exchange, method: str, path: str, query_string: str) -> Self:
        """Make a request from what its exchange tells; an adapter that knows more calls the class."""
        headers = exchange.headers()
        request = cls(exchange, method, path, query_string, headers._map, started_at=perf_counter())
        request.repeats_fields = len(headers._map) != len(headers._pairs)
        request.__dict__["headers"] = headers
        return request

    @property
    def id(self) -> str:
        """The name of this request in log lines, and in X-Request-ID where that is sent."""
        if self._id is None:
            self._id = type(self).make_id(self)
        return self._id

    @id.setter
    def id(self, value: str) -> None:
        self._id = value

    # --- what came in -----------------------------------------------------------

    @lazy
    def headers(self) -> Headers:
        """The header fields, by name in any case."""
        return self.exchange.headers()

    @lazy
    def query(self) -> Values:
        """The query string: last value by name, `getlist(name)` for all of them."""
        return parse_query(self.query_string, max_fields=self.max_fields)

    @property
    def args(self) -> Values:
        """The same as `query`."""
        return self.query

    @property
    def raw_query_string(self) -> bytes:
        """The query string as it was sent."""
        return self.query_string.encode("latin-1", "replace")

    @lazy
    def cookies(self) -> dict[str, str]:
        """The cookies that the client sent."""
        header = self.headers.get("cookie")
        return parse_cookies(header) if header else {}

    @property
    def cookies_dict(self) -> dict[str, str]:
        """The same as `cookies`."""
        return self.cookies

    def cookie(self, name: str, default: str | None = None) -> str | None:
        """Give one cookie's value, or `default`."""
        return self.cookies.get(name, default)

    @lazy
    def media_type(self) -> str:
        """The request's content type without parameters, in lower case; "" when there is none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()  # type: ignore[union-attr]

    @property
    def is_json(self) -> bool:
        """Whether the body says that it is JSON."""
        return self.media_type.endswith(_JSON_TYPES)

    @property
    def body(self) -> bytes:
        """The body as bytes; raises UsageError when it was read as a form or is streamed."""
        if self._body is not None:
            return self._body
        if self._fields is not None:
            raise UsageError(
                "The body is a multipart form and was parsed while it was read; its bytes are not kept.",
                fix="Use request.form and request.files, or STREAM_BODY = True and request.chunks().",
            )
        if self._reader is not None:
            raise UsageError("This handler streams the body.", fix="Read it with request.chunks().")
        return b""

    def chunks(self) -> Any:
        """Give the body piece by piece: `async for` in an async handler, `for` in a plain one.

        Only for a handler with STREAM_BODY = True; the pieces can be read once
        and together are limited by MAX_CONTENT_LENGTH.
        """
        if self._reader is None:
            raise UsageError(
                f"request.chunks() was called in a handler of {self.path} that does not stream its body.",
                fix="Set STREAM_BODY = True in the page.",
            )
        return self._reader

    @property
    def post_form(self) -> Values:
        """The fields of the body alone."""
        if self._fields is None:
            if self.media_type == "application/x-www-form-urlencoded":
                self._fields = parse_form(self.body, max_fields=self.max_fields)
            else:
                self._fields = Values()
        return self._fields

    @lazy
    def form(self) -> Values:
        """The query string overlaid by the fields of the body."""
        fields = self.post_form
        if not self.query_string:
            return fields
        merged = {name: self.query.getlist(name) for name in self.query}
        merged.update({name: fields.getlist(name) for name in fields})
        return Values.from_lists(merged)

    @property
    def files(self) -> dict[str, UploadedFile]:
        """The uploaded files, the last one by field name."""
        return {name: files[-1] for name, files in self._files.items()}

    @property
    def all_files(self) -> list[UploadedFile]:
        """Every uploaded file, in order."""
        return [file for files in self._files.values() for file in files]

    def file(self, name: str) -> UploadedFile | None:
        """Give the last file of a field, or None."""
        files = self._files.get(name)
        return files[-1] if files else None

    def file_list(self, name: str | None = None) -> list[UploadedFile]:
        """Give the files of a field, or all of them."""
        return self.all_files if name is None else list(self._files.get(name, ()))

    @lazy
    def json_body(self) -> Any:
        """The decoded JSON body; raises UnsupportedBody (415) or MalformedBody (400)."""
        if not self.is_json:
            raise UnsupportedBody(
                f"The body has content type {self.media_type or 'none'!r}; application/json was expected."
            )
        return decode_json(self.body)

    def get_json(self) -> Any:
        """The same as `json_body`."""
        return self.json_body

    if TYPE_CHECKING:

        @property
        def json(self) -> JsonAccess:
            """Read the body, `request.json["name"]`, `request.json()`, or answer: `request.json(data)`."""
    else:
        # The class is its own getter: every JSON answer reads this, and so needs no call in between.
        json = property(JsonAccess, doc="Read the JSON body, or answer with JSON.")

    # --- who and where ----------------------------------------------------------

    @property
    def ip(self) -> str:
        """The client's address, as far as trusted proxies tell; "" when unknown."""
        if self._client is None:
            self._client = self.exchange.peer()[0]
        return self._client

    @property
    def user_agent(self) -> str:
        """The User-Agent field, or an empty string."""
        return self.headers.get("user-agent") or ""

    @lazy
    def browser(self) -> Browser:
        """Name, system and kind of the browser, guessed from the user agent."""
        return Browser.from_user_agent(self.user_agent)

    @property
    def scheme(self) -> str:
        """ "http" or "https", as far as trusted proxies tell."""
        if self._scheme is None:
            self._scheme = self.exchange.scheme()
        return self._scheme

    @property
    def is_secure(self) -> bool:
        """Whether the client uses https."""
        return self.scheme == "https"

    @property
    def host(self) -> str:
        """The host that the client asked for, with the port where one was named."""
        if self._host is None:
            self._host = self.headers.get("host") or ""
            if not self._host:
                name, port = self.exchange.server()
                self._host = name if port in (None, 80, 443) else f"{name}:{port}"
        return self._host

    @property
    def hostname(self) -> str:
        """The host without its port."""
        parsed = parse_host(self.host)
        return parsed[0] if parsed else ""

    @property
    def root_path(self) -> str:
        """The prefix under which the application is mounted; "" at the root."""
        return self.exchange.root_path()

    @property
    def host_url(self) -> str:
        """Scheme and host with a slash at the end."""
        return f"{self.scheme}://{self.host}/"

    @property
    def base_url(self) -> str:
        """The address without the query string."""
        raw = self.exchange.raw_path().decode("ascii", "replace")
        return f"{self.scheme}://{self.host}{quote(self.root_path)}{raw}"

    @property
    def url(self) -> str:
        """The whole address that the client asked for."""
        return f"{self.base_url}?{self.query_string}" if self.query_string else self.base_url

    @property
    def full_url(self) -> str:
        """The same as `url`."""
        return self.url

    @lazy
    def environ(self) -> Mapping[str, Any]:
        """A WSGI environ (PEP 3333), also on other servers."""
        return self.exchange.environ()

    # --- the draft of the answer --------------------------------------------------

    @property
    def draft(self) -> Response:
        """What the handler has said about its answer so far; its status is 0 while unset."""
        if self._draft is None:
            self._draft = bare(b"", HTML, 0)
            self._draft.own = {}
        return self._draft

    def answered(self, response: Response) -> Response:
        """Merge the draft into an answer and begin a new draft."""
        draft = self._draft
        if draft is not None:
            if draft.status_code:
                response.status_code = draft.status_code
            if draft.raw:
                response.raw.update(draft.raw)
            if draft.cookies:
                response.cookies += draft.cookies
            self._draft = None
        return response

    @property
    def status(self) -> StatusText:
        """The status of the answer: read "200 OK", set a number or a line, or call `request.status(404)`."""
        text = StatusText(status_line(self._drafted_status()))
        text._request = self
        return text

    @status.setter
    def status(self, value: int | str) -> None:
        self.draft.status_code = parse_status(value)

    @property
    def status_code(self) -> StatusNumber:
        """The status of the answer as a number; call it to set it: `request.status_code(503)`."""
        number = StatusNumber(self._drafted_status())
        number._request = self
        return number

    @status_code.setter
    def status_code(self, value: int | str) -> None:
        self.draft.status_code = parse_status(value)

    @property
    def code(self) -> int:
        """The status of the answer as a number."""
        return self._drafted_status()

    def _drafted_status(self) -> int:
        return (self._draft.status_code if self._draft is not None else 0) or 200

    @property
    def response_headers(self) -> ResponseHeaders:
        """The header fields that the answer will have on top of its own."""
        return self.draft.headers

    @property
    def content_type(self) -> str:
        """The content type that the answer will have; "" while the body decides."""
        return self._draft.content_type if self._draft is not None else ""

    @content_type.setter
    def content_type(self, value: str) -> None:
        self.draft.content_type = value

    def header(self, name: str, value: str) -> Request:
        """Set a header field of the answer; chainable. Raises UsageError for a line break in it."""
        key, encoded = encode_field(name, value)
        if key == b"set-cookie":
            raise UsageError("Set-Cookie was set as a header.", fix="Call request.set_cookie(name, value).")
        self.draft.raw[key] = encoded
        return self

    def set_cookie(self, name: str, value: str = "", **options: Any) -> Request:
        """Set a cookie with the answer; options as in `Response.set_cookie`, Secure by default on https."""
        options.setdefault("secure", self.is_secure)
        self.draft.set_cookie(name, value, **options)
        return self

    def delete_cookie(self, name: str, *, path: str = "/", domain: str | None = None) -> Request:
        """Remove a cookie with the answer."""
        self.draft.delete_cookie(name, path=path, domain=domain)
        return self

    # --- answers ------------------------------------------------------------------

    def text(self, text: str, status: int | str = 200) -> Response:
        """Answer with plain text."""
        return bare(text.encode(), TEXT, 200 if status == 200 else parse_status(status))

    def api(self, data: Any = None, status: int | str = 200) -> Response:
        """Answer with `{"data": ..., "status": ...}`."""
        status = parse_status(status)
        return json_response({"data": data, "status": status}, status)

    def api_error(self, message: str, status: int | str = 400, errors: Any = None) -> Response:
        """Answer with `{"error": ..., "status": ..., "errors": ...}`."""
        status = parse_status(status)
        body: dict[str, Any] = {"error": message, "status": status}
        if errors is not None:
            body["errors"] = errors
        return json_response(body, status)

    def stream(self, pieces: Iterable[Any] | AsyncIterable[Any], content_type: str | None = None) -> Response:
        """Answer piece by piece as `pieces` gives text or bytes; Server-Sent Events take `events`."""
        response = bare(pieces, HTML)
        if content_type is not None:
            response.headers["Content-Type"] = content_type
        return response

    def events(self, source: Iterable[Any] | AsyncIterable[Any], *, retry_ms: int | None = None) -> Response:
        """Answer with Server-Sent Events.

        `source` gives text, an `Event`, or anything that JSON can hold. The
        stream ends cleanly when the server stops, and tells the browser to come
        back after `retry_ms`.
        """
        pieces: Body
        if isinstance(source, AsyncIterable):
            pieces = _framed_async(source, retry_ms)
        else:
            pieces = _framed(source, retry_ms)
        response = bare(pieces, EVENTS)
        response.raw[b"cache-control"] = b"no-cache"
        response.raw[b"x-accel-buffering"] = b"no"
        return response

    def redirect(self, url: str, status: int = 302, *, safe: bool = True) -> NoReturn:
        """Send the client to `url`; raises, so nothing after it runs.

        With `safe` an address of another host is refused with UsageError; pass
        `safe=False` for a target that no visitor can influence.
        """
        raise Redirect(redirect_target(url, host=self.host, app_host=self.app_host, safe=safe), status)

    def back(self, default: str = "/") -> NoReturn:
        """Send the client to the page it came from, or to `default` when that is elsewhere or unknown."""
        referrer = self.headers.get("referer") or ""
        try:
            target = (
                redirect_target(referrer, host=self.host, app_host=self.app_host) if referrer else default
            )
        except UsageError:
            target = default
        self.redirect(target)

    def abort(self, status: int, message: str = "") -> NoReturn:
        """Stop here and answer with the page for this status."""
        raise Abort(parse_status(status), message)

    def not_found(self, message: str = "") -> NoReturn:
        """Stop here with 404."""
        raise NotFoundError(message)

    def forbidden(self, message: str = "") -> NoReturn:
        """Stop here with 403."""
        raise ForbiddenError(message)

    def unauthorized(self, message: str = "") -> NoReturn:
        """Stop here with 401."""
        raise UnauthorizedError(message)

    abort_404 = not_found
    abort_403 = forbidden
    abort_401 = unauthorized

    def method_not_allowed(self, allowed: Iterable[str]) -> NoReturn:
        """Stop here with 405 and the methods that are allowed."""
        names = ", ".join(sorted({name.upper() for name in allowed}))
        raise InputError(f"{self.method} is not allowed here.", status=405, headers={"Allow": names})

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.path}>"


def _event(item: Any) -> bytes:
    if isinstance(item, Event):
        return item.encode()
    return format_event(item)


def _framed(source: Iterable[Any], retry_ms: int | None) -> Iterator[bytes]:
    try:
        if retry_ms is not None:
            yield format_event(None, retry=retry_ms)
        for item in source:
            yield _event(item)
    finally:
        if (close := getattr(source, "close", None)) is not None:
            close()


async def _framed_async(source: AsyncIterable[Any], retry_ms: int | None) -> AsyncIterator[bytes]:
    try:
        if retry_ms is not None:
            yield format_event(None, retry=retry_ms)
        async for item in source:
            yield _event(item)
    finally:
        # Closed here and not when it is collected: the client has left now.
        if (aclose := getattr(source, "aclose", None)) is not None:
            await aclose()
