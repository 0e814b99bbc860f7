"""Serves an application in production: granian where it is installed, else uvicorn in worker processes.

Shutdown is bounded: stop accepting, let requests finish for the given time, end.
A worker that dies is replaced. The servers' own access logs and headers are off,
because the application has its own, and so is their reading of proxy headers.
This is the one place that imports uvicorn and granian.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import math
import os
import signal
import socket
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FrameType
from typing import Any

from asok_engine.dispatch.site import Site
from asok_engine.errors import SetupError
from asok_engine.servers.upgrades import socket_protocol
from asok_engine.servers.workers import Child, Command

__all__ = ["INTERFACES", "SERVERS", "choose", "serve_listener", "serve_with_granian", "serve_with_workers"]

SERVERS = ("granian", "uvicorn")
INTERFACES = ("rsgi", "asgi", "wsgi")
#: The exit code with which a worker says that its application did not start.
STARTUP_FAILED = 3

_SPOKEN = {"granian": ("rsgi", "asgi", "wsgi"), "uvicorn": ("asgi",)}
_TOO_SHORT_SECONDS = 2.0
_TICK_SECONDS = 0.1


def choose(server: str, interface: str, speaks: Iterable[str]) -> tuple[str, str]:
    """Choose server and interface from what was asked and what the application speaks, the best first.

    "auto" leaves the choice open. Raises SetupError when nothing fits.
    """
    spoken = tuple(speaks)
    if server == "auto":
        fits = interface in ("auto", *_SPOKEN["granian"]) and importlib.util.find_spec("granian") is not None
        server = "granian" if fits else "uvicorn"
    elif importlib.util.find_spec(server) is None:
        extra = "server" if server == "granian" else "async"
        raise SetupError(
            f"The server {server} is not installed.", fix=f'Install it: pip install "asok[{extra}]"'
        )
    if interface == "auto":
        for candidate in spoken:
            if candidate in _SPOKEN[server]:
                return server, candidate
        raise SetupError(
            f"{server} speaks {_listed(_SPOKEN[server])}; the application speaks {_listed(spoken)}."
        )
    if interface not in _SPOKEN[server]:
        raise SetupError(
            f"{server} does not speak {interface}, only {_listed(_SPOKEN[server])}.",
            fix='Install granian (pip install "asok[server]"), or leave --interface out.',
        )
    if interface not in spoken:
        raise SetupError(f"The application does not speak {interface}, only {_listed(spoken)}.")
    return server, interface


def _listed(words: Iterable[str]) -> str:
    return " and ".join(words) or "nothing known"


# --- one process on a socket ----------------------------------------------------------


def serve_listener(
    app: Any, listener: socket.socket, *, shutdown_seconds: float, site: Site | None = None
) -> None:
    """Serve an ASGI application on a bound socket in this process, until SIGTERM or SIGINT.

    The WebSockets of its site, `app.site` unless another one is given, are taken over
    from uvicorn, whose own protocols drop what came before a frame that is wrong.
    Exits with code 3 when the application does not start.
    """
    uvicorn = importlib.import_module("uvicorn")

    class Server(uvicorn.Server):  # type: ignore[name-defined,misc]
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            # Why: a connection that was accepted a moment ago has a request on its
            # way; closing it at once would lose that request.
            for server in self.servers:
                server.close()
            await asyncio.sleep(0.05)
            await super().shutdown(sockets)

    server = Server(
        uvicorn.Config(
            app,
            log_config=None,
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            interface="asgi3",
            ws=socket_protocol(getattr(app, "site", None) if site is None else site),
            timeout_graceful_shutdown=math.ceil(shutdown_seconds),
        )
    )

    def leave(number: int, frame: FrameType | None) -> None:
        server.should_exit = True

    # uvicorn raises a signal again when it has stopped; these take it then, and
    # before its own handlers are in place.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)
    server.run(sockets=[listener])


# --- uvicorn in worker processes ----------------------------------------------------------


def serve_with_workers(
    command: Command,
    listener: socket.socket,
    *,
    workers: int,
    shutdown_seconds: float,
    tell: Callable[[str], None],
) -> int:
    """Keep `workers` child processes serving `listener` until SIGTERM or SIGINT; give an exit code.

    A child that dies is replaced at once, one that dies again and again after a
    pause. When the application does not start in one of the first children, all end
    with code 1. A second signal ends all at once.
    """
    stopping = False
    children: list[Child] = []

    def leave(number: int, frame: FrameType | None) -> None:
        nonlocal stopping
        if stopping:
            for child in children:
                child.kill()
        stopping = True

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGINT)}
    children.extend(Child(command, listener) for _ in range(workers))
    again_at: dict[int, float] = {}
    first = set(range(workers))
    try:
        while not stopping:
            time.sleep(_TICK_SECONDS)
            now = time.monotonic()
            for index, child in enumerate(children):
                code = child.exit_code()
                if code is None or stopping:
                    continue
                if code == STARTUP_FAILED and index in first:
                    return 1
                if index not in again_at:
                    pause = 1.0 if now - child.started_at < _TOO_SHORT_SECONDS else 0.0
                    tell(f"Worker {child.pid} ended with code {code}; another takes its place.")
                    again_at[index] = now + pause
                if now >= again_at[index]:
                    child.wait(0)
                    children[index] = Child(command, listener)
                    first.discard(index)
                    del again_at[index]
        return 0
    finally:
        listener.close()
        for child in children:
            child.ask_to_stop()
        # One second more than the workers give their requests, then they are killed.
        deadline = time.monotonic() + shutdown_seconds + 1
        for child in children:
            child.wait(deadline - time.monotonic())
        for number, handler in before.items():
            signal.signal(number, handler)


# --- granian ------------------------------------------------------------------------------


def serve_with_granian(
    target: str, root: Path, *, host: str, port: int, interface: str, workers: int, shutdown_seconds: float
) -> int:
    """Serve `module:name` of the folder `root` with granian until it is told to stop; give an exit code."""
    granian = importlib.import_module("granian")
    constants = importlib.import_module("granian.constants")
    server = granian.Granian(
        target,
        address=host,
        port=port,
        interface=constants.Interfaces(interface),
        workers=workers,
        working_dir=root,
        # Its warnings are advice about numbers that were chosen on purpose.
        log_level=importlib.import_module("granian.log").LogLevels.error,
        log_access=False,
        respawn_failed_workers=True,
        respawn_interval=0.1,
        workers_kill_timeout=max(1, math.ceil(shutdown_seconds)),
        # Only WSGI has threads of the server's; its own default is one per possible connection.
        blocking_threads=min(32, (os.cpu_count() or 1) + 8) if interface == "wsgi" else None,
    )
    try:
        server.serve()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0
