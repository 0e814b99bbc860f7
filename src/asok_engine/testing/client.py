"""`TestClient`: drives an application in this process, over WSGI or ASGI, without a network.

It behaves as a browser with a single tab does: it keeps cookies, follows
redirects when asked, uploads files and reads streams. It never hides an error:
what an application raises is raised in the test, a body that is not as long as
its Content-Length fails, and a stream that breaks fails.
"""

from __future__ import annotations

import itertools
import logging
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Literal, TypedDict, Unpack
from urllib.parse import quote, urljoin, urlsplit

from asok_engine.errors import UsageError
from asok_engine.testing.asgi import AsgiCaller
from asok_engine.testing.bodies import Data, Fields, Files, encode_body, pairs, query_string
from asok_engine.testing.calls import Call, Caller, OpenAnswer
from asok_engine.testing.cookiejar import CookieJar
from asok_engine.testing.forms import PageForm
from asok_engine.testing.response import StreamedResponse, TestResponse
from asok_engine.testing.sockets import TestSocket
from asok_engine.testing.wsgi import WsgiCaller

__all__ = ["TestClient"]

_PORTS = {"http": 80, "https": 443}
_MOST_REDIRECTS = 20
_BODILESS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "DELETE"})
#: What may stand in a path as it is; "%" is left alone so that a test can send any octet.
_SAFE = "/%:@!$&'()*+,;=~-._"

_ABSOLUTE = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://")

_numbers = itertools.count()

Headers = Mapping[str, str] | list[tuple[str, str]]


class StreamOptions(TypedDict, total=False):
    """What a streamed call takes beside method and path; see `TestClient.request`."""

    params: Fields | str | None
    json: Any
    json_body: Any
    headers: Headers | None
    content_type: str | None
    files: Files | None
    cookies: Mapping[str, str] | None


class CallOptions(StreamOptions, total=False):
    """What a call takes beside method, path and data."""

    follow: bool | None


class SubmitOptions(TypedDict, total=False):
    """What `submit` takes beside the form and its fields."""

    files: Files | None
    headers: Headers | None
    follow: bool | None


class BareCallOptions(CallOptions, total=False):
    """What a call takes beside method and path."""

    data: Data | None


class TestClient:
    """Calls `app` in process.

    `protocol` is "asgi" or "wsgi". Used as a context manager it starts the
    application before and stops it after, as a server does; without, the first
    call starts it. `raise_errors` raises an exception that was answered with a
    5xx status; otherwise it is `response.error`. `headers` go with every call.
    `client` is address and port of the client's end; without it every client has
    an address of its own in 127.0.0.0/8, so that a rate limit counts per client.
    """

    __test__ = False

    def __init__(
        self,
        app: Any,
        protocol: Literal["asgi", "wsgi"] = "asgi",
        base_url: str = "http://localhost",
        follow_redirects: bool = False,
        raise_errors: bool = False,
        *,
        headers: Mapping[str, str] | None = None,
        client: tuple[str, int] | None = None,
    ) -> None:
        if protocol not in ("asgi", "wsgi"):
            raise UsageError(f"TestClient was given the protocol {protocol!r}; it speaks 'asgi' and 'wsgi'.")
        self.app = app
        self.protocol = protocol
        self.base_url = base_url.rstrip("/")
        self.follow_redirects = follow_redirects
        self.raise_errors = raise_errors
        self.headers: dict[str, str] = dict(headers or {})
        self.cookies = CookieJar()
        self._client = client or (_own_address(next(_numbers)), 50000)
        self._caller: Caller = AsgiCaller(app) if protocol == "asgi" else WsgiCaller(app)

    # --- start and stop -----------------------------------------------------------

    def __enter__(self) -> TestClient:
        self._caller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._caller.stop()

    # --- calls ------------------------------------------------------------------------

    def get(self, path: str, **options: Unpack[BareCallOptions]) -> TestResponse:
        """Send GET; takes the options of `request`."""
        return self.request("GET", path, **options)

    def head(self, path: str, **options: Unpack[BareCallOptions]) -> TestResponse:
        """Send HEAD; takes the options of `request`."""
        return self.request("HEAD", path, **options)

    def options(self, path: str, **options: Unpack[BareCallOptions]) -> TestResponse:
        """Send OPTIONS; takes the options of `request`."""
        return self.request("OPTIONS", path, **options)

    def post(self, path: str, data: Data | None = None, **options: Unpack[CallOptions]) -> TestResponse:
        """Send POST; takes the options of `request`."""
        return self.request("POST", path, data=data, **options)

    def put(self, path: str, data: Data | None = None, **options: Unpack[CallOptions]) -> TestResponse:
        """Send PUT; takes the options of `request`."""
        return self.request("PUT", path, data=data, **options)

    def patch(self, path: str, data: Data | None = None, **options: Unpack[CallOptions]) -> TestResponse:
        """Send PATCH; takes the options of `request`."""
        return self.request("PATCH", path, data=data, **options)

    def delete(self, path: str, data: Data | None = None, **options: Unpack[CallOptions]) -> TestResponse:
        """Send DELETE; takes the options of `request`."""
        return self.request("DELETE", path, data=data, **options)

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Fields | str | None = None,
        data: Data | None = None,
        json: Any = None,
        json_body: Any = None,
        headers: Headers | None = None,
        content_type: str | None = None,
        files: Files | None = None,
        cookies: Mapping[str, str] | None = None,
        follow: bool | None = None,
    ) -> TestResponse:
        """Send one request and give its whole answer.

        `data` is a form's fields, or a body as text, bytes or an iterable of
        bytes (sent without a length); `json` (or `json_body`) a value;
        `files` maps field names to bytes, text, a path, an open file,
        `(filename, content)` or `(filename, content, type)`, or a list of those.
        `cookies` go with this call only. `follow` follows redirects on this host.
        """
        body = encode_body(data, json if json is not None else json_body, files, content_type)
        follow = self.follow_redirects if follow is None else follow
        url = self._url(path, params)
        history: list[TestResponse] = []
        while True:
            sent = _with_content_type(headers, body.content_type)
            response = self._whole(self._call(method, url, sent, body.content, cookies), url, history)
            target = response.headers.get("Location")
            if not follow or target is None or response.status_code not in (301, 302, 303, 307, 308):
                return response
            following = urljoin(url, target)
            if _origin_host(following) != _origin_host(url):
                return response
            if len(history) >= _MOST_REDIRECTS:
                raise UsageError(
                    f"{method} {path} was redirected {_MOST_REDIRECTS} times, at last to {following}."
                )
            history.append(response)
            url = following
            if response.status_code not in (307, 308):
                method = "HEAD" if method == "HEAD" else "GET"
                body = encode_body()

    def submit(
        self, form: PageForm, fields: Fields | None = None, **options: Unpack[SubmitOptions]
    ) -> TestResponse:
        """Send a form of a page with `fields` filled in, as a browser would.

        What is not filled in goes as it stood on the page, hidden fields included. `files`,
        `headers` and `follow` as in `request`.
        """
        filled = pairs(fields or ())
        names = {name for name, _ in filled}
        sent = [pair for pair in form.fields if pair[0] not in names] + filled
        if form.method == "GET":
            return self.request("GET", form.action.partition("?")[0], params=sent, **options)
        return self.request(form.method, form.action, data=sent, **options)

    @contextmanager
    def stream(
        self, method: str, path: str, data: Data | None = None, **options: Unpack[StreamOptions]
    ) -> Iterator[StreamedResponse]:
        """Send one request and give its answer while it comes; leaving the block leaves the server.

        Takes the options of `request` but `follow`.
        """
        json = options.get("json")
        json = options.get("json_body") if json is None else json
        body = encode_body(data, json, options.get("files"), options.get("content_type"))
        url = self._url(path, options.get("params"))
        sent = _with_content_type(options.get("headers"), body.content_type)
        call = self._call(method, url, sent, body.content, options.get("cookies"))
        answer = self._caller.open(call)
        self._keep_cookies(answer, call)
        try:
            yield StreamedResponse(
                answer.next_piece,
                status_code=answer.status_code,
                fields=answer.fields,
                method=call.method,
                url=url,
                host=call.host,
                now=time.time(),
            )
        finally:
            answer.close()

    def websocket(
        self,
        path: str,
        *,
        subprotocols: Sequence[str] = (),
        params: Fields | str | None = None,
        headers: Headers | None = None,
    ) -> TestSocket:
        """Open a WebSocket to a handler, with this client's cookies and the origin of its own pages.

        Use it in a `with` block, which closes it. Raises SocketRefused when the handshake is refused.
        """
        if not isinstance(self._caller, AsgiCaller):
            raise UsageError(
                "WSGI has no WebSockets, and this client speaks it.", fix='Use TestClient(app, "asgi").'
            )
        url = self._url(path, params)
        sent = _with_content_type(headers, "")
        if not any(name.lower() == "origin" for name, _ in sent):
            parts = urlsplit(url)
            sent.append(("Origin", f"{parts.scheme}://{parts.netloc}"))
        return self._caller.open_socket(self._call("GET", url, sent, b"", None), subprotocols)

    # --- one call --------------------------------------------------------------------

    def _url(self, path: str, params: Fields | str | None) -> str:
        # Why the beginning alone: a query may have an address in it, as in /login?next=https://...
        url = path if _ABSOLUTE.match(path) else f"{self.base_url}/{path.removeprefix('/')}"
        if params:
            url += ("&" if "?" in url else "?") + query_string(params)
        return url

    def _call(
        self,
        method: str,
        url: str,
        headers: list[tuple[str, str]],
        content: bytes | Iterator[bytes],
        cookies: Mapping[str, str] | None,
    ) -> Call:
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise UsageError(f"A test client calls http and https addresses, not {url!r}.")
        method, path = method.upper(), quote(parts.path or "/", safe=_SAFE)
        sent = [(name, value) for name, value in self.headers.items()] + headers
        given = {name.lower() for name, _ in sent}
        fields = [] if "host" in given else [("Host", parts.netloc)]
        if "user-agent" not in given:
            fields.append(("User-Agent", "asok-test-client"))
        if "accept" not in given:
            fields.append(("Accept", "*/*"))
        fields += sent
        jar = self.cookies.header(scheme=parts.scheme, host=parts.hostname, path=parts.path or "/")
        extra = "; ".join(f"{name}={value}" for name, value in (cookies or {}).items())
        if "cookie" not in given and (jar or extra):
            fields.append(("Cookie", "; ".join(part for part in (jar, extra) if part)))
        if not isinstance(content, bytes):
            fields.append(("Transfer-Encoding", "chunked"))
        elif "content-length" not in given and (content or method not in _BODILESS):
            fields.append(("Content-Length", str(len(content))))
        return Call(
            method=method,
            scheme=parts.scheme,
            host=parts.hostname,
            port=parts.port or _PORTS[parts.scheme],
            raw_path=path,
            query=quote(parts.query, safe=_SAFE + "?[]"),
            headers=fields,
            content=content,
            client=self._client,
        )

    def _whole(self, call: Call, url: str, history: list[TestResponse]) -> TestResponse:
        with _answered_errors() as errors:
            answer = self._caller.open(call)
            pieces = []
            while (piece := answer.next_piece()) is not None:
                pieces.append(piece)
        self._keep_cookies(answer, call)
        body = b"".join(pieces)
        _check_length(call, answer, body)
        error = errors[0] if errors and answer.status_code >= 500 else None
        if error is not None and self.raise_errors:
            raise error
        return TestResponse(
            status_code=answer.status_code,
            fields=answer.fields,
            body=body,
            method=call.method,
            url=url,
            host=call.host,
            now=time.time(),
            error=error,
            history=history,
        )

    def _keep_cookies(self, answer: OpenAnswer, call: Call) -> None:
        for name, value in answer.fields:
            if name.lower() == "set-cookie":
                self.cookies.store(value, scheme=call.scheme, host=call.host, path=call.raw_path)


def _own_address(number: int) -> str:
    host = number % 0xFFFFFE + 1
    return f"127.{host >> 16}.{host >> 8 & 255}.{host & 255}"


def _with_content_type(headers: Headers | None, content_type: str) -> list[tuple[str, str]]:
    sent = list(headers.items()) if isinstance(headers, Mapping) else list(headers or [])
    if content_type and not any(name.lower() == "content-type" for name, _ in sent):
        sent.append(("Content-Type", content_type))
    return sent


def _origin_host(url: str) -> str | None:
    return urlsplit(url).hostname


def _check_length(call: Call, answer: OpenAnswer, body: bytes) -> None:
    announced = [value for name, value in answer.fields if name.lower() == "content-length"]
    if call.method == "HEAD" or answer.status_code in (204, 304):
        if body:
            raise RuntimeError(f"{call.method} {call.raw_path} answered {answer.status_code} with a body.")
    elif announced and any(value != str(len(body)) for value in announced):
        raise RuntimeError(
            f"{call.method} {call.raw_path} announced {announced[0]} bytes of body and sent {len(body)}."
        )


class _Listener(logging.Handler):
    """Collects the exceptions that the application has logged while it answered."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.errors: list[BaseException] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1] is not None:
            self.errors.append(record.exc_info[1])


@contextmanager
def _answered_errors() -> Iterator[list[BaseException]]:
    listener = _Listener()
    logger = logging.getLogger("asok")
    logger.addHandler(listener)
    try:
        yield listener.errors
    finally:
        logger.removeHandler(listener)
