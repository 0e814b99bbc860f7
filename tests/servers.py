"""Real server processes for tests: start one for an application's folder, wait until it answers, stop it.

Nothing here is a test double: the processes are the ones that people run in
production, started from the tests' own interpreter, spoken to over loopback.
What a server prints is collected and shown when it does not start. Stopping is
bounded: SIGTERM, then SIGKILL; afterwards nothing listens on its port.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

__all__ = [
    "KINDS",
    "RedisProcess",
    "ServerFailed",
    "ServerProcess",
    "free_port",
    "missing_part",
    "run_server",
]

HOST = "127.0.0.1"

#: Every way in which an application is served in tests: name -> arguments behind `python -m`.
KINDS: Mapping[str, Callable[[str, int, int], list[str]]] = {
    "uvicorn": lambda target, port, workers: [
        *("uvicorn", target, "--host", HOST, "--port", str(port), "--workers", str(workers)),
        *("--no-access-log", "--no-proxy-headers", "--log-level", "warning"),
        *("--timeout-graceful-shutdown", "3"),
    ],
    "gunicorn": lambda target, port, workers: [
        *("gunicorn", target, "--bind", f"{HOST}:{port}", "--workers", str(workers)),
        *("--worker-class", "gthread", "--threads", "8", "--graceful-timeout", "3", "--log-level", "warning"),
        *("--forwarded-allow-ips", "127.0.0.9"),
    ],
    "granian-rsgi": lambda target, port, workers: _granian("rsgi", target, port, workers),
    "granian-asgi": lambda target, port, workers: _granian("asgi", target, port, workers),
    "granian-wsgi": lambda target, port, workers: _granian("wsgi", target, port, workers),
    "hypercorn": lambda target, port, workers: [
        *(
            "hypercorn",
            target,
            "--bind",
            f"{HOST}:{port}",
            "--workers",
            str(workers),
            "--graceful-timeout",
            "3",
        ),
    ],
}


def _granian(interface: str, target: str, port: int, workers: int) -> list[str]:
    return [
        *(
            "granian",
            "--interface",
            interface,
            "--host",
            HOST,
            "--port",
            str(port),
            "--workers",
            str(workers),
        ),
        *("--no-ws", "--log-level", "warning", "--workers-kill-timeout", "4", target),
    ]


class ServerFailed(AssertionError):
    """A server process did not start, died, or left something behind; carries what it printed."""


def free_port() -> int:
    """Give a TCP port of loopback that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def missing_part(*names: str) -> str:
    """Say which program is missing and how to get it, for a skip; "" when one of `names` is on the PATH."""
    if any(shutil.which(name) for name in names):
        return ""
    return f"{' or '.join(names)} is not on the PATH; `make test-parts` installs what the tests need"


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((HOST, port)) == 0


def _wait(ready: Callable[[], bool], seconds: float, pause: float = 0.05) -> bool:
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True


@dataclass
class ServerProcess:
    """One running server: its port, its process, what it printed."""

    kind: str
    port: int
    process: subprocess.Popen[bytes]
    log_path: Path
    exit_code: int | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        """The address of the server, without a slash at the end."""
        return f"http://{HOST}:{self.port}"

    def read_log(self) -> str:
        """Give everything that the server has printed so far, both streams in order."""
        return self.log_path.read_text(errors="replace")

    def get(self, path: str, timeout_seconds: float = 10) -> tuple[int, bytes]:
        """GET one path on a connection of its own; gives status and body."""
        link = http.client.HTTPConnection(HOST, self.port, timeout=timeout_seconds)
        try:
            link.request("GET", path)
            answer = link.getresponse()
            return answer.status, answer.read()
        finally:
            link.close()

    def wait_until_it_answers(self, path: str, seconds: float) -> None:
        """Return at the first HTTP answer, whatever its status.

        Raises:
            ServerFailed: the process ended, or nothing answered in time.
        """

        def answers() -> bool:
            if self.process.poll() is not None:
                raise self._failed(f"ended with exit code {self.process.returncode} before it answered")
            try:
                self.get(path, timeout_seconds=5)
            except (OSError, http.client.HTTPException):
                return False
            return True

        if not _wait(answers, seconds):
            raise self._failed(f"did not answer {path} on port {self.port} within {seconds} s")

    def terminate(self) -> None:
        """Send SIGTERM and return at once, as a process manager does."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def stop(self, seconds: float = 8) -> int:
        """Stop the server and everything it started; gives its exit code.

        Raises:
            ServerFailed: it had to be killed, or something still listens afterwards.
        """
        if self.exit_code is not None:
            return self.exit_code
        self.terminate()
        killed = False
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            killed = True
        # The server leads a process group of its own, so a worker that was left behind ends with it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.exit_code = self.process.wait(5)
        # Workers that were killed a moment ago may still be closing their sockets.
        is_closed = _wait(lambda: not _is_open(self.port), 3)
        if killed:
            raise self._failed(f"did not end within {seconds} s after SIGTERM")
        if not is_closed:
            raise self._failed(f"has ended, but something still listens on its port {self.port}")
        return self.exit_code

    def _failed(self, what: str) -> ServerFailed:
        return ServerFailed(f"{self.kind} {what}; it printed:\n{self.read_log() or '(nothing)'}")


@contextlib.contextmanager
def run_server(
    kind: str,
    folder: Path,
    *,
    target: str = "wsgi:app",
    port: int | None = None,
    workers: int = 1,
    environment: Mapping[str, str | None] | None = None,
    ready_path: str = "/",
    start_seconds: float = 30,
    stop_seconds: float = 8,
) -> Iterator[ServerProcess]:
    """Serve the application of `folder` with the server `kind` (a key of `KINDS`) inside a `with` block.

    `environment` is laid over the environment of the tests; None takes a variable
    away. `ready_path` is asked until something answers.

    Raises:
        ServerFailed: it does not start in time, or does not stop cleanly.
    """
    port = port or free_port()
    arguments = [sys.executable, "-m", *KINDS[kind](target, port, workers)]
    with _started(kind, arguments, folder, port, environment) as server:
        server.wait_until_it_answers(ready_path, start_seconds)
        yield server
        server.stop(stop_seconds)


@contextlib.contextmanager
def _started(
    kind: str,
    arguments: Sequence[str],
    folder: Path,
    port: int,
    environment: Mapping[str, str | None] | None,
) -> Iterator[ServerProcess]:
    variables: dict[str, str] = {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    for name, value in (environment or {}).items():
        if value is None:
            variables.pop(name, None)
        else:
            variables[name] = value
    descriptor, log_name = tempfile.mkstemp(prefix=f"{kind}-", suffix=".log")
    try:
        process = subprocess.Popen(
            arguments,
            cwd=folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    finally:
        os.close(descriptor)
    server = ServerProcess(kind, port, process, Path(log_name))
    try:
        yield server
    finally:
        # After a failure the reason is the one already on its way, so a second one is not raised over it.
        with contextlib.suppress(ServerFailed):
            server.stop(2)
        server.log_path.unlink()


class RedisProcess:
    """A Redis server of the tests' own: free port, folder of its own, nothing written to disk."""

    def __init__(self) -> None:
        self.port = free_port()
        self._folder = tempfile.TemporaryDirectory(prefix="redis-")
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        """The address to connect to, database 0."""
        return f"redis://{HOST}:{self.port}/0"

    def start(self) -> None:
        """Start it, or start it again after `stop`, on the same port.

        Raises:
            ServerFailed: it did not open its port within 10 s.
        """
        arguments = ["redis-server", "--port", str(self.port), "--bind", HOST, "--dir", self._folder.name]
        arguments += ["--save", "", "--appendonly", "no", "--daemonize", "no"]
        log = Path(self._folder.name) / "log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        if not _wait(lambda: _is_open(self.port), 10):
            text = log.read_text(errors="replace")
            self.close()
            raise ServerFailed(f"redis-server did not open port {self.port} within 10 s:\n{text}")

    def is_running(self) -> bool:
        """Whether the process is up."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """End it, as a failing host would; `start` brings it back, empty."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(5)
            self._process = None

    def close(self) -> None:
        """End it for good and remove its folder."""
        self.stop()
        self._folder.cleanup()
