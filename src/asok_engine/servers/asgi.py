"""The ASGI 3 adapter: a scope to a Request, a Response to messages.

Built straight from the specification (asgi.readthedocs.io, HTTP & WebSocket 2.5,
Lifespan 2.0). One coroutine per request, two sends for a whole body. A stream is
sent piece by piece, ends when the client leaves and when the server stops.
WebSocket scopes go to the site's socket door; without one they are refused.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
from time import perf_counter
from typing import Any, ClassVar, cast

from msgspec import Struct

from asok_engine.dispatch.bodies import ClientGone
from asok_engine.dispatch.kernel import Kernel
from asok_engine.dispatch.site import Site
from asok_engine.errors import InputError, NotFoundError
from asok_engine.servers import files
from asok_engine.servers.asgi_socket import AsgiSocket
from asok_engine.servers.environ import made_environ
from asok_engine.servers.paths import below, decoded_path, encoded
from asok_engine.servers.pieces import async_pieces, close_unsent, from_thread, without_content
from asok_engine.servers.starting import tell_of_failed_start
from asok_engine.servers.termination import call_before_termination, hold_termination
from asok_engine.wire.headers import ASKED, Headers
from asok_engine.wire.request import Request
from asok_engine.wire.response import WHOLE, FileBody, Response

__all__ = ["AsgiAdapter", "AsgiExchange"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_HTTP_OF = {"ws": "http", "wss": "https"}
_log = logging.getLogger("asok")


class AsgiExchange(Struct):
    """One exchange with an ASGI server."""

    scope: Scope
    _receive: Receive
    _done: bool = False

    protocol: ClassVar[str] = "asgi"

    def headers(self) -> Headers:
        """Give the request's header fields."""
        return Headers(self.scope["headers"])

    def raw_path(self) -> bytes:
        """Give the path below the mount as it was sent, encoded anew where the server does not tell."""
        root = self.root_path()
        return below(self.whole_path(), encoded(root)) if root else self.whole_path()

    def whole_path(self) -> bytes:
        """Give the path with the mount prefix that ASGI servers put in front."""
        raw = self.scope.get("raw_path")
        return cast(bytes, raw) if raw is not None else encoded(self.scope["path"])

    def peer(self) -> tuple[str, int]:
        """Give address and port of the client's end."""
        client = self.scope.get("client")
        # granian gives the port as text.
        return (client[0], int(client[1] or 0)) if client else ("", 0)

    def scheme(self) -> str:
        """Give "http" or "https"."""
        scheme = str(self.scope.get("scheme", "http"))
        return _HTTP_OF.get(scheme, scheme)

    def server(self) -> tuple[str, int | None]:
        """Give name and port of the server's end."""
        server = self.scope.get("server")
        return (server[0], server[1]) if server else ("localhost", None)

    def root_path(self) -> str:
        """Give the mount prefix."""
        return str(self.scope.get("root_path", "")).rstrip("/")

    def http_version(self) -> str:
        """Give the HTTP version."""
        return str(self.scope.get("http_version", "1.1"))

    def environ(self) -> dict[str, Any]:
        """Make a WSGI environ."""
        scope = self.scope
        return made_environ(
            method=scope.get("method", "GET"),
            path=scope["path"],
            root_path=self.root_path(),
            query_string=scope["query_string"].decode("latin-1"),
            scheme=self.scheme(),
            server=self.server(),
            peer=self.peer(),
            http_version=self.http_version(),
            headers=self.headers(),
        )

    async def read_async(self) -> bytes:
        """Give the next piece of the body, b"" at the end."""
        while not self._done:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self._done = True
                raise ClientGone("The client left before its request was complete.")
            if not message.get("more_body", False):
                self._done = True
            if body := message.get("body", b""):
                return cast(bytes, body)
        return b""

    def read(self) -> bytes:
        """Is not possible on this server."""
        raise RuntimeError("An ASGI server is read on its event loop.")

    def is_read_by(self, request: Request) -> bool:
        """Tell whether a handler is still reading the body itself."""
        return request._reader is not None and not self._done

    async def gone(self) -> None:
        """Return when the client has left."""
        while (await self._receive())["type"] != "http.disconnect":
            pass


class AsgiAdapter:
    """Answers ASGI calls for one site."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._lifecycle = site.lifecycle
        self._kernel: Kernel | None = None
        self._request_class: type[Request] = Request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI call of type http, lifespan or websocket."""
        if scope["type"] != "http":
            await self._other(scope, receive, send)
            return
        kernel = self._kernel
        if kernel is None or not self._lifecycle.started:
            kernel = await self._start()
        exchange = AsgiExchange(scope, receive)
        path, refused = scope["path"], None
        if not (path.isascii() and path.isprintable()):
            try:
                path = decoded_path(exchange.whole_path())
            except InputError as error:
                refused, path = error, exchange.raw_path().decode("latin-1")
        if root := scope.get("root_path"):
            path = below(path, root.rstrip("/"))
        # What every request is asked for is picked here, without a call in between.
        sent: dict[bytes, bytes] | None = None
        fields = scope["headers"]
        if type(fields) is list:
            sent, count = {}, 0
            for name, value in fields:
                if name in ASKED:
                    sent[name] = value
                    count += 1
            if count != len(sent):
                sent = None
        request_class, method, query = self._request_class, scope["method"], scope["query_string"]
        query = query.decode("latin-1") if query else ""
        if sent is None:
            request = request_class.from_exchange(exchange, method, path, query)
        else:
            scheme = scope.get("scheme", "http")
            request = request_class(exchange, method, path, query, sent, scheme, perf_counter())
        response = await kernel.handle_async(request, refused)
        body = response.body
        if type(body) is not bytes:
            content = files.kept_content(body) if type(body) is FileBody else None
            if content is None:
                await self._send_other(request, response, exchange, scope, send)
                return
            body = content
        status = response.status_code
        if status != 200 and (status < 200 or status in (204, 304)):
            body = without_content(response)
            headers = response.fields()
        else:
            own, length = response.own, b"%d" % len(body)
            if own is None and response.plain_tag:
                headers = [
                    *response.shared.pairs,
                    (b"content-type", response.plain_type),
                    (b"etag", response.plain_tag),
                    (b"content-length", length),
                ]
            else:
                own = response.raw if own is None else own
                own[b"content-length"] = length
                headers = [*response.shared.pairs, *own.items()]
            if response.cookies:
                headers.extend((b"set-cookie", line) for line in response.cookies)
            if method == "HEAD":
                body = b""
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    # --- start and stop -----------------------------------------------------------

    async def _start(self) -> Kernel:
        site = self._site
        await site.lifecycle.start_async()
        kernel = site.kernel
        kernel.compose("asgi")
        self._kernel, self._request_class = kernel, site.request_class
        call_before_termination(site.streams.end)
        return kernel

    async def _other(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "websocket":
            await self._socket(scope, AsgiSocket(scope, receive, send))
        else:
            raise RuntimeError(f"ASGI scope type {scope['type']!r} is not served here.")

    async def _socket(self, scope: Scope, link: AsgiSocket) -> None:
        if self._kernel is None or not self._site.lifecycle.started:
            await self._start()
        door = self._site.socket_door
        if door is None:
            await link.refuse(404, "There are no WebSockets here.")
            return
        exchange = AsgiExchange(scope, _no_body)
        try:
            path = decoded_path(exchange.raw_path())
        except InputError as error:
            await link.refuse(error.status, error.message)
            return
        query = scope["query_string"].decode("latin-1")
        await door(self._request_class.from_exchange(exchange, "GET", path, query), link)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        if str(getattr(receive, "__module__", "")).startswith("granian."):
            hold_termination(asyncio.get_running_loop(), self._site.streams)
        try:
            await self._start()
        except Exception as error:
            tell_of_failed_start(error)
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._site.streams.end()
        await self._site.lifecycle.stop_async()
        await send({"type": "lifespan.shutdown.complete"})

    # --- bodies that are not bytes --------------------------------------------------

    async def _send_other(
        self, request: Request, response: Response, exchange: AsgiExchange, scope: Scope, send: Send
    ) -> None:
        body = response.body
        bodiless = response.status_code < 200 or response.status_code in (204, 304)
        if bodiless or request.method == "HEAD":
            if bodiless:
                without_content(response)
            elif isinstance(body, WHOLE):
                response.raw[b"content-length"] = b"%d" % len(body)
            await send(_start_of(response))
            await send({"type": "http.response.body", "body": b""})
            await close_unsent(body)
        elif isinstance(body, FileBody):
            await self._send_file(request, response, body, exchange, scope, send)
        elif isinstance(body, bytes):
            response.raw[b"content-length"] = b"%d" % len(body)
            await send(_start_of(response))
            await send({"type": "http.response.body", "body": body})
        else:
            await self._stream(
                request, response, async_pieces(body, self._site.kernel.threads), exchange, send
            )

    async def _send_file(
        self,
        request: Request,
        response: Response,
        body: FileBody,
        exchange: AsgiExchange,
        scope: Scope,
        send: Send,
    ) -> None:
        try:
            content = files.small_content(body)
            file = files.open_slice(body) if content is None else None
        except NotFoundError as error:
            instead = await self._site.kernel.instead_async(request, error)
            await self._send_other(request, instead, exchange, scope, send)
            return
        length = len(body)
        response.raw[b"content-length"] = b"%d" % length
        if file is None:
            await send(_start_of(response))
            await send({"type": "http.response.body", "body": content})
        elif (
            body.offset == 0
            and body.length is None
            and "http.response.pathsend" in scope.get("extensions", {})
        ):
            file.close()
            await send(_start_of(response))
            await send({"type": "http.response.pathsend", "path": str(body.path)})
        else:
            pieces = from_thread(files.FilePieces(file, length), self._site.kernel.threads)
            await self._stream(request, response, pieces, exchange, send)

    async def _stream(
        self,
        request: Request,
        response: Response,
        pieces: AsyncGenerator[bytes, None],
        exchange: AsgiExchange,
        send: Send,
    ) -> None:
        request.is_streaming = True
        streams = self._site.streams
        endless = response.raw.get(b"content-type", b"").startswith(b"text/event-stream")
        task = cast("asyncio.Task[object]", asyncio.current_task())
        gone = begun = False

        async def watch() -> None:
            nonlocal gone
            await exchange.gone()
            gone = True
            task.cancel()

        async def put(message: MutableMapping[str, Any]) -> None:
            try:
                await send(message)
            except OSError as error:
                # Servers of ASGI 2.4 raise this when the client has left.
                raise ClientGone("The client left before the answer was complete.") from error

        # Why not at once for a handler that streams the request's body: the
        # watcher would take the messages that it has not read yet.
        watcher = None if exchange.is_read_by(request) else asyncio.ensure_future(watch())
        whole = True
        try:
            with streams.sent_by_task(endless=endless):
                await put(_start_of(response))
                begun = True
                async for piece in pieces:
                    await put({"type": "http.response.body", "body": piece, "more_body": True})
                    if watcher is None and not exchange.is_read_by(request):
                        watcher = asyncio.ensure_future(watch())
        except asyncio.CancelledError:
            if not gone and not streams.ending(endless=True):
                raise
            task.uncancel()
        except ClientGone:
            gone = True
        except Exception as error:
            whole = False
            _log_broken(request, error)
        finally:
            if watcher is not None:
                watcher.cancel()
            try:
                await pieces.aclose()
            except Exception as error:
                _log_broken(request, error)
        # Without the last message the server cuts the connection, and the
        # client learns that the body is not whole.
        if whole and not gone:
            if not begun:
                await send(_start_of(response))
            await send({"type": "http.response.body", "body": b""})


async def _no_body() -> MutableMapping[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


def _start_of(response: Response) -> dict[str, Any]:
    return {"type": "http.response.start", "status": response.status_code, "headers": response.fields()}


def _log_broken(request: Request, error: Exception) -> None:
    _log.error(
        "The stream of %s %s broke: %s",
        request.method,
        request.path,
        error,
        exc_info=error,
        extra={"request_id": request.id},
    )
