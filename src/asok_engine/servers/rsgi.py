"""The RSGI 1 adapter for granian: its scope to a Request, a Response to its protocol calls.

Whole bodies, files and streams each have a call of their own, so a file is sent
without passing through Python. Source: the RSGI specification 1.5 (granian).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from time import perf_counter
from typing import Any, ClassVar, cast

from msgspec import Struct

from asok_engine.dispatch.bodies import ClientGone
from asok_engine.dispatch.kernel import Kernel
from asok_engine.dispatch.site import Site
from asok_engine.errors import InputError, NotFoundError
from asok_engine.servers import files
from asok_engine.servers.environ import made_environ
from asok_engine.servers.paths import decoded, encoded
from asok_engine.servers.pieces import async_pieces, close_unsent, without_content
from asok_engine.servers.rsgi_socket import RsgiSocket
from asok_engine.servers.starting import tell_of_failed_start
from asok_engine.servers.termination import call_before_termination, hold_termination
from asok_engine.wire.headers import ASKED, Headers
from asok_engine.wire.request import Request
from asok_engine.wire.response import WHOLE, FileBody, Response

__all__ = ["RsgiAdapter", "RsgiExchange"]

_HTTP_OF = {"ws": "http", "wss": "https"}
_log = logging.getLogger("asok")
_ASKED = {name.decode("ascii"): name for name in ASKED}


class RsgiExchange(Struct):
    """One exchange with an RSGI server."""

    scope: Any
    _protocol: Any
    _pieces: AsyncIterator[bytes] | None = None

    protocol: ClassVar[str] = "rsgi"

    def headers(self) -> Headers:
        """Give the request's header fields."""
        fields = self.scope.headers
        pairs = [
            (name.lower().encode("latin-1"), value.encode("latin-1", "replace"))
            for name, value in fields.items()
        ]
        # HTTP/2 sends :authority in place of Host (RFC 9113 8.3.1).
        if self.scope.authority and not any(name == b"host" for name, _ in pairs):
            pairs.append((b"host", self.scope.authority.encode("latin-1", "replace")))
        return Headers(pairs)

    def raw_path(self) -> bytes:
        """Give the path, encoded anew: an RSGI server gives it decoded."""
        return encoded(self.scope.path)

    def peer(self) -> tuple[str, int]:
        """Give address and port of the client's end."""
        return _address(self.scope.client)

    def scheme(self) -> str:
        """Give "http" or "https"."""
        scheme = str(self.scope.scheme)
        return _HTTP_OF.get(scheme, scheme)

    def server(self) -> tuple[str, int | None]:
        """Give name and port of the server's end."""
        return _address(self.scope.server)

    def root_path(self) -> str:
        """Give the mount prefix, which RSGI does not have."""
        return ""

    def http_version(self) -> str:
        """Give the HTTP version."""
        return str(self.scope.http_version)

    def environ(self) -> dict[str, Any]:
        """Make a WSGI environ."""
        scope = self.scope
        return made_environ(
            method=scope.method,
            path=scope.path,
            root_path="",
            query_string=scope.query_string,
            scheme=self.scheme(),
            server=self.server(),
            peer=self.peer(),
            http_version=self.http_version(),
            headers=self.headers(),
        )

    async def read_async(self) -> bytes:
        """Give the next piece of the body, b"" at the end."""
        if self._pieces is None:
            self._pieces = aiter(self._protocol)
        try:
            while True:
                # Why not anext(): its wrapper around granian's awaitable ends the process.
                piece = await self._pieces.__anext__()
                if piece:
                    return bytes(piece)
        except StopAsyncIteration:
            return b""
        except (RuntimeError, OSError) as error:
            raise ClientGone("The client left before its request was complete.") from error

    def read(self) -> bytes:
        """Is not possible on this server."""
        raise RuntimeError("An RSGI server is read on its event loop.")


class RsgiAdapter:
    """Answers RSGI calls for one site."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._kernel: Kernel | None = None
        self._request_class: type[Request] = Request

    async def __call__(self, scope: Any, protocol: Any) -> None:
        """Answer one RSGI call."""
        if scope.proto != "http":
            await self._socket(scope, protocol)
            return
        kernel = self._kernel
        if kernel is None or not self._site.lifecycle.started:
            kernel = await self._start()
        exchange = RsgiExchange(scope, protocol)
        path = scope.path
        refused: InputError | None = None
        if not (path.isascii() and path.isprintable()):
            try:
                path = decoded(path.encode("utf-8"))
            except InputError as error:
                refused = error
        sent: dict[bytes, bytes] = {}
        count = 0
        for name, value in scope.headers.items():
            if name in _ASKED:
                sent[_ASKED[name]] = value.encode("latin-1", "replace")
                count += 1
        request_class = self._request_class
        if count == len(sent) and b"host" in sent:
            request = request_class(
                exchange, scope.method, path, scope.query_string, sent, scope.scheme, perf_counter()
            )
        else:
            request = request_class.from_exchange(exchange, scope.method, path, scope.query_string)
        response = await kernel.handle_async(request, refused)
        body, status = response.body, response.status_code
        if type(body) is FileBody:
            content = files.kept_content(body)
            body = body if content is None else content
        # The usual answer is sent here: a whole body, for a method and a status that have one.
        has_body = status == 200 or (status > 200 and status not in (204, 304))
        if type(body) is bytes and body and has_body and request.method != "HEAD":
            protocol.response_bytes(status, response.texts(len(body)), body)
        else:
            await self._send(request, response, protocol)

    async def _socket(self, scope: Any, protocol: Any) -> None:
        if self._kernel is None or not self._site.lifecycle.started:
            await self._start()
        link, door = RsgiSocket(protocol), self._site.socket_door
        if door is None:
            await link.refuse(404, "There are no WebSockets here.")
            return
        try:
            path = decoded(scope.path.encode("utf-8"))
        except InputError as error:
            await link.refuse(error.status, error.message)
            return
        exchange = RsgiExchange(scope, protocol)
        try:
            await door(self._request_class.from_exchange(exchange, "GET", path, scope.query_string), link)
        finally:
            link.end()

    async def _send(self, request: Request, response: Response, protocol: Any) -> None:
        status, body = response.status_code, response.body
        bodiless = status < 200 or status in (204, 304)
        if bodiless:
            without_content(response)
        length = len(body) if isinstance(body, WHOLE) and not bodiless else None
        if bodiless or request.method == "HEAD" or body == b"":
            protocol.response_empty(status, response.texts(length))
            await close_unsent(body)
        elif isinstance(body, bytes):
            protocol.response_bytes(status, response.texts(length), body)
        elif isinstance(body, FileBody):
            await self._send_file(request, response, body, protocol)
        else:
            await self._stream(request, response, protocol)

    async def _start(self) -> Kernel:
        site = self._site
        try:
            await site.lifecycle.start_async()
        except Exception as error:
            tell_of_failed_start(error)
            raise
        kernel = site.kernel
        kernel.compose("rsgi")
        self._kernel, self._request_class = kernel, site.request_class
        return kernel

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start the application when the worker starts; an error ends the worker."""
        hold_termination(loop, self._site.streams)
        call_before_termination(self._site.streams.end)
        loop.run_until_complete(self._start())

    def end(self, loop: asyncio.AbstractEventLoop) -> None:
        """Stop the application when the worker stops."""
        loop.run_until_complete(self._site.lifecycle.stop_async())

    async def _send_file(self, request: Request, response: Response, body: FileBody, protocol: Any) -> None:
        try:
            content = files.small_content(body)
            if content is None:
                files.open_slice(body).close()
        except NotFoundError as error:
            await self._send(request, await self._site.kernel.instead_async(request, error), protocol)
            return
        fields = response.texts(len(body))
        if content is not None:
            # Why not as a file: the server opens and reads it in a thread, which costs more than these bytes.
            protocol.response_bytes(response.status_code, fields, content)
        elif body.offset == 0 and body.length is None:
            protocol.response_file(response.status_code, fields, str(body.path))
        else:
            end = body.offset + len(body)
            protocol.response_file_range(response.status_code, fields, str(body.path), body.offset, end)

    async def _stream(self, request: Request, response: Response, protocol: Any) -> None:
        request.is_streaming = True
        streams = self._site.streams
        endless = response.raw.get(b"content-type", b"").startswith(b"text/event-stream")
        task = cast("asyncio.Task[object]", asyncio.current_task())
        gone = False

        async def watch() -> None:
            nonlocal gone
            await protocol.client_disconnect()
            gone = True
            task.cancel()

        watcher = asyncio.get_running_loop().create_task(watch())
        pieces = async_pieces(response.body, self._site.kernel.threads)
        try:
            with streams.sent_by_task(endless=endless):
                transport = protocol.response_stream(response.status_code, response.texts())
                async for piece in pieces:
                    try:
                        await transport.send_bytes(piece)
                    except (RuntimeError, OSError):
                        # granian raises one of these when the client has left.
                        break
        except asyncio.CancelledError:
            if not gone and not streams.ending(endless=True):
                raise
            task.uncancel()
        except ClientGone:
            pass
        except Exception as error:
            # Why not cut here as elsewhere: RSGI has no call for it; the body ends where it broke.
            _log_broken(request, error)
        finally:
            watcher.cancel()
            try:
                await pieces.aclose()
            except Exception as error:
                _log_broken(request, error)


def _log_broken(request: Request, error: Exception) -> None:
    _log.error(
        "The stream of %s %s broke: %s",
        request.method,
        request.path,
        error,
        exc_info=error,
        extra={"request_id": request.id},
    )


def _address(text: str) -> tuple[str, int]:
    host, _, port = (text or "").rpartition(":")
    return host.strip("[]"), int(port) if port.isdigit() else 0
