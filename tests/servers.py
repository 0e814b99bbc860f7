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
import pwd
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
from typing import Any

__all__ = [
    "KINDS",
    "MariaProcess",
    "PostgresProcess",
    "RedisProcess",
    "ServerFailed",
    "ServerProcess",
    "find_program",
    "free_port",
    "missing_part",
    "run_server",
]

HOST = "127.0.0.1"

#: Where servers are that distributions keep off the PATH of people.
_SERVER_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/usr/libexec")

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
        *("--log-level", "warning", "--workers-kill-timeout", "4", target),
    ]


class ServerFailed(AssertionError):
    """A server process did not start, died, or left something behind; carries what it printed."""


def free_port() -> int:
    """Give a TCP port of loopback that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def find_program(name: str) -> str | None:
    """Give the path of a program, also of one that is installed beside the PATH; None when it is missing."""
    postgres = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    # Why these first: what lies on the PATH may be the server alone, without the files that it needs.
    for folder in (*reversed(postgres), *map(Path, _SERVER_FOLDERS)):
        if os.access(folder / name, os.X_OK):
            return str(folder / name)
    return shutil.which(name)


def missing_part(*names: str) -> str:
    """Say which program is missing and how to get it, for a skip; "" when one of `names` is on the PATH."""
    if any(find_program(name) for name in names):
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
    """A Redis server of the tests' own: free port, folder of its own.

    Nothing is written to disk, so a start after a stop finds nothing; with `keeps` every
    command is there again.
    """

    def __init__(self, *, keeps: bool = False) -> None:
        self.port = free_port()
        self._keeps = keeps
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
        arguments += ["--save", "", "--appendonly", "yes" if self._keeps else "no", "--daemonize", "no"]
        arguments += ["--appendfsync", "always"]
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
        """End it, as a failing host would; `start` brings it back, empty unless it keeps."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(5)
            self._process = None

    def pause(self) -> None:
        """Let it stand still with all it holds, as a host that is overloaded does."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """End it for good and remove its folder."""
        self.stop()
        self._folder.cleanup()


class _DatabaseProcess:
    """What the two database servers share: a folder, a port, a user to run as, a log."""

    #: The user of Debian's package; the servers refuse to run as root.
    package_user = ""
    name = ""

    def __init__(self) -> None:
        self.port = free_port()
        self._folder = tempfile.TemporaryDirectory(prefix=f"{self.name}-")
        self.folder = Path(self._folder.name)
        self.data = self.folder / "data"
        self._as_user: dict[str, Any] = {}
        if os.geteuid() == 0:
            account = _account(self.package_user)
            os.chown(self.folder, account.pw_uid, account.pw_gid)
            self._as_user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        self._process: subprocess.Popen[bytes] | None = None
        self._databases = 0
        self._prepare()
        self.start()

    def _prepare(self) -> None:
        raise AssertionError

    def _arguments(self) -> list[str]:
        raise AssertionError

    def _execute(self, text: str) -> None:
        raise AssertionError

    def url_of(self, database: str) -> str:
        """The address of a database of this server."""
        raise AssertionError

    @property
    def is_running(self) -> bool:
        """Whether the process is up."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it, or start it again after `stop` or `kill`, on the same port with the same data.

        Raises:
            ServerFailed: it did not answer within 20 s.
        """
        log = self.folder / "log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                self._arguments(),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                **self._as_user,
            )
        if not _wait(self._answers, 20, 0.01):
            text = log.read_text(errors="replace")
            self.kill()
            raise ServerFailed(f"{self.name} did not answer on port {self.port} within 20 s:\n{text}")

    def _answers(self) -> bool:
        try:
            self._execute("SELECT 1")
        except Exception:
            return False
        return True

    def stop(self) -> None:
        """End it in order: clients are cut, what was committed is on the disk; returns when it has ended."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """End it as a crash does, without writing anything back; `start` recovers from the log."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Crash it and bring it back."""
        self.kill()
        self.start()

    def pause(self) -> None:
        """Stop it from running without ending it: connections stay open and nothing answers."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it run again after `pause`."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def _end(self, with_signal: int) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(with_signal)
            process.wait(20)

    def create_database(self) -> str:
        """Make an empty database and give its address."""
        self._databases += 1
        name = f"test_{os.getpid()}_{self._databases}"
        self._execute(f"CREATE DATABASE {name}")
        return self.url_of(name)

    def drop_database(self, url: str) -> None:
        """Remove a database that `create_database` made, whoever is still connected."""
        raise AssertionError

    def run(self, text: str) -> None:
        """Run one statement as the administrator, outside of any transaction."""
        self._execute(text)

    def close(self) -> None:
        """End it for good and remove its folder."""
        self.kill()
        self._folder.cleanup()


def _account(name: str) -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return pwd.getpwnam("nobody")


class PostgresProcess(_DatabaseProcess):
    """A PostgreSQL server of the tests' own: free port, folder of its own, user `postgres` without password.

    Commits are written but not forced to the disk: they survive every crash of a
    process, and only a power cut would lose them.
    """

    package_user = "postgres"
    name = "postgres"

    def _prepare(self) -> None:
        arguments = ["initdb", "--pgdata", str(self.data), "--username", "postgres", "--auth", "trust"]
        arguments += ["--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync", "--no-instructions"]
        _prepare_with(arguments, self.folder, self._as_user)

    def _arguments(self) -> list[str]:
        settings = {
            "listen_addresses": HOST,
            "unix_socket_directories": "",
            "fsync": "off",
            "full_page_writes": "off",
            "max_connections": "200",
            "timezone": "Asia/Tokyo",
            "max_prepared_transactions": "10",
            # Why shorter than a second: tests that make deadlocks on purpose wait for it again and again.
            "deadlock_timeout": "50ms",
        }
        program = find_program("postgres")
        assert program is not None
        arguments = [program, "-D", str(self.data), "-p", str(self.port)]
        for name, value in settings.items():
            arguments += ["-c", f"{name}={value}"]
        return arguments

    def url_of(self, database: str) -> str:
        """The address of a database of this server."""
        return f"postgresql://postgres@{HOST}:{self.port}/{database}"

    def _execute(self, text: str) -> None:
        import psycopg

        with psycopg.connect(self.url_of("postgres"), autocommit=True, connect_timeout=5) as link:
            link.execute(text.encode())

    def kill(self) -> None:
        """End it as `pg_ctl stop -m immediate` does: no checkpoint, every client cut; `start` recovers."""
        self._end(signal.SIGQUIT)

    def drop_database(self, url: str) -> None:
        """Remove a database that `create_database` made, whoever is still connected."""
        self._execute(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")

    def cut_connections(self, url: str) -> None:
        """Terminate every server process that serves a database."""
        name = url.rpartition("/")[2]
        self._execute(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' "
            "AND pid <> pg_backend_pid()"
        )


class MariaProcess(_DatabaseProcess):
    """A MariaDB server of the tests' own: free port, folder of its own, user `root` without password."""

    package_user = "mysql"
    name = "mariadb"

    def _prepare(self) -> None:
        arguments = ["mariadb-install-db", "--no-defaults", f"--datadir={self.data}", "--skip-test-db"]
        # Why a folder of its own: a server that starts removes what others of the machine have in theirs.
        arguments += ["--auth-root-authentication-method=normal", f"--tmpdir={self.folder}"]
        arguments += ["--innodb-flush-log-at-trx-commit=0"]
        _prepare_with(arguments, self.folder, self._as_user)

    def _arguments(self) -> list[str]:
        program = find_program("mariadbd")
        assert program is not None
        return [
            *(program, "--no-defaults", f"--datadir={self.data}", f"--port={self.port}"),
            *(f"--socket={self.folder / 'socket'}", f"--bind-address={HOST}", "--skip-name-resolve"),
            f"--tmpdir={self.folder}",
            *("--innodb-buffer-pool-size=64M", "--innodb-flush-log-at-trx-commit=2"),
            # As Debian configures it.
            *("--character-set-server=utf8mb4", "--collation-server=utf8mb4_general_ci"),
            *("--innodb-flush-method=nosync", "--max-connections=200", "--default-time-zone=+09:00"),
        ]

    def url_of(self, database: str) -> str:
        """The address of a database of this server."""
        return f"mariadb://root@{HOST}:{self.port}/{database}"

    def _execute(self, text: str) -> None:
        import pymysql

        link = pymysql.connect(host=HOST, port=self.port, user="root", autocommit=True, connect_timeout=5)
        try:
            with link.cursor() as cursor:
                cursor.execute(text)
        finally:
            link.close()

    def stop(self) -> None:
        """End it in order: clients are cut, what was committed is on the disk; returns when it has ended."""
        self._end(signal.SIGTERM)

    def drop_database(self, url: str) -> None:
        """Remove a database that `create_database` made, whoever is still connected."""
        name = url.rpartition("/")[2]
        self.cut_connections(url)
        self._execute(f"DROP DATABASE IF EXISTS {name}")

    def cut_connections(self, url: str) -> None:
        """End every connection to a database."""
        import pymysql

        link = pymysql.connect(host=HOST, port=self.port, user="root", autocommit=True, connect_timeout=5)
        try:
            with link.cursor() as cursor:
                cursor.execute(
                    "SELECT id FROM information_schema.processlist WHERE db = %s", (url.rpartition("/")[2],)
                )
                for (number,) in cursor.fetchall():
                    # It may have ended by itself since it was listed.
                    with contextlib.suppress(pymysql.OperationalError):
                        cursor.execute(f"KILL {number}")
        finally:
            link.close()


def _prepare_with(arguments: list[str], folder: Path, as_user: Mapping[str, Any]) -> None:
    program = find_program(arguments[0])
    assert program is not None
    done = subprocess.run([program, *arguments[1:]], cwd=folder, capture_output=True, check=False, **as_user)
    if done.returncode:
        printed = (done.stdout + done.stderr).decode(errors="replace")
        raise ServerFailed(f"{arguments[0]} ended with exit code {done.returncode}; it printed:\n{printed}")
