"""The WSGI adapter: an environ to a Request, a Response to an iterable (PEP 3333).

The calling thread does the work; only what is async goes to the background loop.
Streams are handed to the server piece by piece, never joined.
"""

from __future__ import annotations

import atexit
import contextvars
import logging
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from time import perf_counter
from typing import Any, ClassVar, cast

from msgspec import Struct

from asok_engine.dispatch.bodies import ClientGone
from asok_engine.dispatch.context import request_var
from asok_engine.dispatch.kernel import Kernel
from asok_engine.dispatch.site import Site
from asok_engine.dispatch.streams import Streams
from asok_engine.dispatch.threads import BackgroundLoop
from asok_engine.errors import InputError, NotFoundError
from asok_engine.servers import files
from asok_engine.servers.paths import below, decoded, encoded
from asok_engine.servers.pieces import as_bytes, without_content
from asok_engine.servers.starting import tell_of_failed_start
from asok_engine.servers.termination import call_before_termination
from asok_engine.wire.headers import ASKED, Headers
from asok_engine.wire.request import Request
from asok_engine.wire.response import WHOLE, FileBody, Response
from asok_engine.wire.statuses import status_line

__all__ = ["WsgiAdapter", "WsgiExchange"]

Environ = dict[str, Any]
StartResponse = Callable[..., Any]

_log = logging.getLogger("asok")
_PIECE = 64 * 1024
# An environ has one value for each name; what was sent twice has been joined by the server.
_ASKED = {"HTTP_" + name.decode("ascii").upper().replace("-", "_"): name for name in ASKED}
_END = object()


class WsgiExchange(Struct):
    """One exchange with a WSGI server."""

    _environ: Environ
    _left: int | None = None

    protocol: ClassVar[str] = "wsgi"

    def headers(self) -> Headers:
        """Give the request's header fields."""
        pairs = []
        for key, value in self._environ.items():
            if key.startswith("HTTP_"):
                name = key[5:]
            elif key in ("CONTENT_TYPE", "CONTENT_LENGTH") and value:
                name = key
            else:
                continue
            pairs.append(
                (name.lower().replace("_", "-").encode("latin-1"), str(value).encode("latin-1", "replace"))
            )
        return Headers(pairs)

    def raw_path(self) -> bytes:
        """Give the path below the mount as it was sent where the server tells, else encoded anew."""
        for key in ("RAW_URI", "REQUEST_URI"):
            raw = self._environ.get(key)
            if raw and str(raw).startswith("/"):
                whole = str(raw).partition("?")[0].encode("latin-1", "replace")
                return below(whole, encoded(self.root_path()))
        return encoded((self._environ.get("PATH_INFO") or "/").encode("latin-1"))

    def peer(self) -> tuple[str, int]:
        """Give address and port of the client's end."""
        port = str(self._environ.get("REMOTE_PORT") or "0")
        return str(self._environ.get("REMOTE_ADDR") or ""), int(port) if port.isdigit() else 0

    def scheme(self) -> str:
        """Give "http" or "https"."""
        return str(self._environ.get("wsgi.url_scheme", "http"))

    def server(self) -> tuple[str, int | None]:
        """Give name and port of the server's end."""
        port = str(self._environ.get("SERVER_PORT") or "")
        return str(self._environ.get("SERVER_NAME") or "localhost"), int(port) if port.isdigit() else None

    def root_path(self) -> str:
        """Give the mount prefix."""
        root = str(self._environ.get("SCRIPT_NAME") or "").rstrip("/")
        return root if root.isascii() else root.encode("latin-1", "replace").decode("utf-8", "replace")

    def http_version(self) -> str:
        """Give the HTTP version."""
        return str(self._environ.get("SERVER_PROTOCOL", "HTTP/1.1")).partition("/")[2] or "1.1"

    def environ(self) -> Environ:
        """Give the server's own environ."""
        return self._environ

    def read(self) -> bytes:
        """Give the next piece of the body, b"" at the end."""
        environ = self._environ
        stream = environ["wsgi.input"]
        if self._left is None:
            length = str(environ.get("CONTENT_LENGTH") or "")
            if length.isdigit():
                self._left = int(length)
            elif (
                environ.get("wsgi.input_terminated")
                or "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()
            ):
                self._left = -1
            else:
                # Why: without a length a stream that does not end by itself would block for ever.
                self._left = 0
        if self._left == 0:
            return b""
        try:
            piece = cast(bytes, stream.read(_PIECE if self._left < 0 else min(_PIECE, self._left)))
        except OSError as error:
            raise ClientGone("The client left before its request was complete.") from error
        if self._left > 0:
            self._left -= len(piece)
        if not piece:
            self._left = 0
        return piece

    async def read_async(self) -> bytes:
        """Is not possible on this server."""
        raise RuntimeError("A WSGI server is read in its own thread.")


class WsgiAdapter:
    """Answers WSGI calls for one site."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._kernel: Kernel | None = None
        self._request_class: type[Request] = Request

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one WSGI call."""
        kernel = self._kernel
        if kernel is None or not self._site.lifecycle.started:
            kernel = self._start()
        exchange = WsgiExchange(environ)
        refused: InputError | None = None
        path = environ.get("PATH_INFO") or "/"
        if not (path.isascii() and path.isprintable()):
            try:
                path = decoded(path.encode("latin-1"))
            except InputError as error:
                refused = error
        sent = {}
        for key in environ.keys() & _ASKED.keys():
            sent[_ASKED[key]] = environ[key].encode("latin-1", "replace")
        request = self._request_class(
            exchange,
            environ["REQUEST_METHOD"],
            path,
            environ.get("QUERY_STRING", ""),
            sent,
            environ.get("wsgi.url_scheme", "http"),
            perf_counter(),
        )
        response = kernel.handle(request, refused)
        return self._send(request, response, environ, start_response)

    def _send(
        self, request: Request, response: Response, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        body, status = response.body, response.status_code
        bodiless, length = status < 200 or status in (204, 304), None
        if bodiless:
            without_content(response)
        elif type(body) is bytes:
            length = len(body)
        elif isinstance(body, WHOLE):
            length = len(body)
            if isinstance(body, FileBody) and request.method != "HEAD":
                return self._send_file(request, response, environ, start_response)
        start_response(status_line(status), response.texts(length))
        if bodiless or request.method == "HEAD":
            _close(body)
            return []
        if isinstance(body, bytes):
            return [body] if body else []
        return _Stream(request, response, self._site.streams, self._site.kernel.loop)

    def _send_file(
        self, request: Request, response: Response, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        body = cast(FileBody, response.body)
        try:
            content = files.small_content(body)
            file = files.open_slice(body) if content is None else None
        except NotFoundError as error:
            instead = self._site.kernel.instead(request, error)
            return self._send(request, instead, environ, start_response)
        start_response(status_line(response.status_code), response.texts(len(body)))
        if file is None:
            return [content] if content else []
        wrapper = environ.get("wsgi.file_wrapper")
        if wrapper is not None and body.length is None and body.offset == 0:
            return cast(Iterable[bytes], wrapper(file, files.PIECE_BYTES))
        return files.FilePieces(file, len(body))

    def _start(self) -> Kernel:
        site = self._site
        first = not site.lifecycle.started
        try:
            site.lifecycle.start()
        except Exception as error:
            tell_of_failed_start(error)
            raise
        kernel = site.kernel
        kernel.compose("wsgi")
        self._kernel, self._request_class = kernel, site.request_class
        for call in site.when_wsgi:
            call()
        if first:
            _at_the_end(site.lifecycle.stop)
            call_before_termination(site.streams.end)
        return kernel


def _at_the_end(stop: Callable[[], None]) -> None:
    """Call `stop` when this process ends; a worker that multiprocessing has made never runs atexit."""
    workers = sys.modules.get("multiprocessing.util")
    if workers is None or sys.modules["multiprocessing"].parent_process() is None:
        atexit.register(stop)
    else:
        workers.Finalize(None, stop, exitpriority=100)


class _Stream:
    """Gives the pieces of a streamed body to the server, and closes the source whatever happens."""

    def __init__(self, request: Request, response: Response, streams: Streams, loop: BackgroundLoop) -> None:
        request.is_streaming = True
        self._request = request
        self._body: Any = response.body
        self._streams = streams
        self._context = contextvars.copy_context()
        self._context.run(request_var.set, request)
        self._endless = response.raw.get(b"content-type", b"").startswith(b"text/event-stream")
        self._loop = loop
        self._pieces: Iterator[Any] = (
            self._from_loop(self._body) if hasattr(self._body, "__aiter__") else iter(cast(Any, self._body))
        )

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        while True:
            if self._streams.ending(endless=self._endless):
                raise StopIteration
            try:
                piece: Any = self._context.run(next, self._pieces, _END)
            except ClientGone:
                raise ConnectionAbortedError("the client left before the answer was complete") from None
            except Exception as error:
                _log.error(
                    "The stream of %s %s broke: %s",
                    self._request.method,
                    self._request.path,
                    error,
                    exc_info=error,
                    extra={"request_id": self._request.id},
                )
                # Why re-raised: only then does the server cut the connection, so
                # that the client learns that the body is not whole.
                raise ConnectionAbortedError("the stream broke; see the log line above") from None
            if piece is _END:
                raise StopIteration
            if piece:
                return as_bytes(piece)

    def _from_loop(self, source: Any) -> Iterator[Any]:
        iterator: AsyncIterator[Any] = aiter(source)

        async def following() -> Any:
            return await anext(iterator, None)

        while (piece := self._loop.run(following())) is not None:
            yield piece

    def close(self) -> None:
        """Close the source; servers call this at the end and when the client has left (PEP 3333)."""
        aclose = getattr(self._body, "aclose", None)
        if aclose is not None:

            async def closed() -> None:
                await aclose()

            self._loop.run(closed())
        else:
            _close(self._pieces)
            if self._pieces is not self._body:
                _close(self._body)


def _close(body: object) -> None:
    close = getattr(body, "close", None)
    if close is not None:
        close()
