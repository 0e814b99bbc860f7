"""What a WebSocket message costs: echoed, and broadcast to five hundred.

Servers run on one core, the client on another; the figure is the CPU time of the
server for each message that a client gets. A stand-alone server is compared with
the `websockets` library alone, one on uvicorn with a bare ASGI callable there.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass

from harness.environments import BENCHMARKS, python_of
from harness.processes import SERVER_CORE, cpu_seconds_of, free_port, pinned
from harness.settings import Extent
from harness.tables import Goal, Section, Spread, Table

__all__ = ["measure"]

CLIENT_CORE = "1"
FOLDER = BENCHMARKS / "sockets"
LIBRARY, CALLABLE = "websockets alone", "bare ASGI callable"
OURS, OURS_ON_UVICORN = "asok (this), own port", "asok (this) on uvicorn"
#: name: (environment, arguments behind `python`)
PEERS: dict[str, tuple[str, list[str]]] = {
    LIBRARY: ("sockets/bare", ["bare_websockets.py"]),
    OURS: ("ours", ["ours.py"]),
    "asok 0.8": ("sockets/asok-0.8", ["with_asok_0_8.py"]),
    CALLABLE: ("sockets/bare", ["-m", "uvicorn", "bare_asgi:app"]),
    OURS_ON_UVICORN: ("ours", ["-m", "uvicorn", "ours:app"]),
    "Starlette on uvicorn": ("sockets/starlette", ["-m", "uvicorn", "with_starlette:app"]),
    "Channels on uvicorn": ("sockets/channels", ["-m", "uvicorn", "with_channels:app"]),
}
#: name: path, connections, senders
WORKLOADS = {"echo": ("/", 20, 20), "broadcast to 500": ("/room", 500, 1)}


@dataclass
class Running:
    """One server process."""

    process: subprocess.Popen[bytes]
    port: int

    def cpu_seconds(self) -> float:
        """Give what it has used so far."""
        return cpu_seconds_of(self.process.pid)


def measure(extent: Extent) -> Section:
    """Measure every peer in turn."""
    section = Section("WebSockets", __doc__.partition("\n\n")[2].strip(), data={})
    figures: dict[str, dict[str, list[float]]] = {name: {} for name in PEERS}
    for turn in range(extent.rounds):
        for name in list(PEERS) if turn % 2 == 0 else list(PEERS)[::-1]:
            for workload in WORKLOADS:
                try:
                    figures[name].setdefault(workload, []).append(_measured(name, workload, extent))
                except (RuntimeError, subprocess.TimeoutExpired, ValueError) as error:
                    section.notes.append(f"{name}, {workload}: {error}")
    table = Table(["CPU us per message", *WORKLOADS])
    for name, found in figures.items():
        cells = [str(Spread(found[one])) if len(found.get(one, ())) else "-" for one in WORKLOADS]
        table.rows.append([f"**{name}**" if "this" in name else name, *cells])
    section.tables.append(("", table))
    spreads = {
        name: {one: Spread(values) for one, values in found.items() if len(values) == extent.rounds}
        for name, found in figures.items()
    }
    for mine, bare in ((OURS, LIBRARY), (OURS_ON_UVICORN, CALLABLE)):
        echo, own = spreads[mine].get("echo"), spreads[bare].get("echo")
        added = None if echo is None or own is None else echo.median - own.median
        section.goals.append(Goal(f"{mine}: echo, added to {bare}", added, 10.0, " us", wish=8.0))
    ours, library = spreads[OURS].get("broadcast to 500"), spreads[LIBRARY].get("broadcast to 500")
    ratio = None if ours is None or library is None else ours.over(library)
    section.goals.append(Goal(f"{OURS}: broadcast to 500, ratio to websockets.broadcast", ratio, 1.5))
    section.data = {
        name: {one: spread.as_json() for one, spread in found.items()} for name, found in spreads.items()
    }
    return section


def _measured(name: str, workload: str, extent: Extent) -> float:
    path, connections, senders = WORKLOADS[workload]
    running = _started(name, extent)
    try:
        command = [sys.executable, str(BENCHMARKS / "harness" / "frames.py"), str(running.port), path]
        command += [str(connections), str(extent.seconds * 2), str(senders)]
        with subprocess.Popen(
            pinned(CLIENT_CORE, command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as client:
            assert client.stdin is not None
            assert client.stdout is not None
            if client.stdout.readline().strip() != "ready":
                raise RuntimeError("the clients could not connect")
            before = running.cpu_seconds()
            client.stdin.write("\n")
            client.stdin.flush()
            messages, _ = client.stdout.readline().split()
            used = running.cpu_seconds() - before
        if float(messages) < connections:
            raise RuntimeError(f"only {messages} messages came back")
        return used / float(messages) * 1e6
    finally:
        _stop(running)


def _started(name: str, extent: Extent) -> Running:
    environment, arguments = PEERS[name]
    python, port = python_of(environment), free_port()
    if "uvicorn" in arguments:
        arguments = [
            *arguments,
            "--port",
            str(port),
            "--no-access-log",
            "--log-level",
            "error",
            "--ws-per-message-deflate",
            "false",
        ]
    log = extent.scratch / f"sockets-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            pinned(SERVER_CORE, [str(python), *arguments]),
            cwd=FOLDER,
            env={**os.environ, "PORT": str(port), "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=output,
            stderr=output,
        )
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 0.3).close()
            return Running(process, port)
        except OSError:
            time.sleep(0.05)
    _stop(Running(process, port))
    raise RuntimeError(f"it did not start: {log.read_text(errors='replace')[-300:]}")


def _stop(running: Running) -> None:
    running.process.send_signal(signal.SIGTERM)
    try:
        running.process.wait(4)
    except subprocess.TimeoutExpired:
        running.process.kill()
        running.process.wait(5)
