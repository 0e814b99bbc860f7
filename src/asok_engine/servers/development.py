"""What the development server puts around an application: failures become a page.

While the application cannot be imported or does not start, every address answers
500 with the traceback, and the browser looks again by itself. It is used by
`asok dev` alone and is never part of a production server.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from types import TracebackType
from typing import Any

from asok_engine.dispatch.site import Site
from asok_engine.errors import SetupError
from asok_engine.servers.production import serve_listener
from asok_engine.telemetry.traces import short_trace

__all__ = ["failure_page", "serve_for_development", "with_failures_shown"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

_LOOK_AGAIN_SECONDS = 2


def serve_for_development(
    load: Callable[[], Any], listener: socket.socket, *, root: Path, shutdown_seconds: float
) -> None:
    """Load an application and serve it on `listener` until SIGTERM, failures shown.

    `load` may raise anything; its traceback goes to stderr and to the browser.
    """
    site: Site | None = None
    try:
        loaded = load()
        app, site = with_failures_shown(loaded, root), getattr(loaded, "site", None)
    except (Exception, SystemExit) as error:
        text = readable_traceback(error, root)
        print(text, file=sys.stderr, flush=True)
        app = failure_page(text)
    serve_listener(app, listener, shutdown_seconds=shutdown_seconds, site=site)


def readable_traceback(error: BaseException, root: Path) -> str:
    """Give the traceback from the first frame of the project on; of a SetupError without one the sentence."""
    first: TracebackType | None = error.__traceback__
    while first is not None and not first.tb_frame.f_code.co_filename.startswith(f"{root}/"):
        first = first.tb_next
    return str(error) if first is None and isinstance(error, SetupError) else short_trace(error, first)


def failure_page(text: str) -> App:
    """Make an application that answers everything with 500 and this text."""

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
        elif scope["type"] == "http":
            await _answer(scope, send, text)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1011})

    return app


async def _answer(scope: Message, send: Send, text: str) -> None:
    body = f"{text.rstrip()}\n\nThis page looks again by itself; correct the error and save.\n".encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    if scope["method"] == "GET":
        headers.append((b"refresh", str(_LOOK_AGAIN_SECONDS).encode()))
    await send({"type": "http.response.start", "status": 500, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


def with_failures_shown(app: App, root: Path) -> App:
    """Wrap an application: a failed start does not end the server, and what it raises is shown."""

    async def guarded(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(app, scope, receive, send)
            return
        begun = False

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await app(scope, receive, noting)
        except Exception as error:
            if begun or scope["type"] != "http":
                raise
            await _answer(scope, send, readable_traceback(error, root))

    return guarded


async def _lifespan(app: App, scope: Message, receive: Receive, send: Send) -> None:
    failed = False

    async def softened(message: Message) -> None:
        nonlocal failed
        if message["type"] == "lifespan.startup.failed":
            # The application has logged why; its next requests raise it again.
            failed = True
            message = {"type": "lifespan.startup.complete"}
        await send(message)

    await app(scope, receive, softened)
    if failed:
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
