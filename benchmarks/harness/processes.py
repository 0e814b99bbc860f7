"""One server process on a core of its own, and what it has used.

The CPU time of a process tree is read from /proc, threads included, in
nanoseconds where the kernel keeps them. Linux only.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from harness.contestants import Contestant, Server
from harness.environments import BENCHMARKS, python_of
from harness.workloads import Workload

__all__ = ["SERVER_CORE", "TICKS", "Serving", "application", "cpu_seconds_of", "free_port", "pinned"]

SERVER_CORE = "0"
START_SECONDS = 30
TICKS = os.sysconf("SC_CLK_TCK")
APPS = BENCHMARKS / "apps"


def pinned(core: str, command: list[str]) -> list[str]:
    """Give a command that runs on one core."""
    return ["taskset", "-c", core, *command]


def application(
    contestant: Contestant, kind: str, scratch: Path, *, links: bool
) -> tuple[Path, dict[str, str]]:
    """Prepare what a contestant runs; give its working directory and its environment variables.

    A project is copied to `scratch`, so that nothing is written below `apps`. With
    `links` it has three middlewares: async ones where there is an event loop.
    """
    files = scratch / "files"
    files.mkdir(exist_ok=True)
    (files / "ten.txt").write_bytes(b"0123456789abcdef" * 640)
    folder = APPS
    if contestant.is_project:
        folder = scratch / f"{contestant.environment}-{kind}-{'links' if links else 'plain'}"
        if not folder.exists():
            shutil.copytree(APPS / contestant.project, folder)
            shutil.copytree(files, folder / "src" / "partials" / "css")
            if links:
                shutil.copytree(
                    APPS / "links" / ("plain" if kind == "wsgi" else "async"), folder / "src" / "middlewares"
                )
    variables = {
        **os.environ,
        **contestant.variables,
        "PYTHONPATH": str(APPS),
        "BENCH_FILES": str(files),
        "BENCH_KIND": kind,
        "BENCH_LINKS": "1" if links else "",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return folder, variables


def cpu_seconds_of(*pids: int) -> float:
    """Give the CPU seconds that processes have used, their threads included."""
    exact, counted = 0, 0
    gone = (FileNotFoundError, ProcessLookupError)
    for pid in pids:
        with contextlib.suppress(*gone):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            counted += int(fields[11]) + int(fields[12])
            for task in os.listdir(f"/proc/{pid}/task"):
                # A thread may end between the list and this.
                with contextlib.suppress(*gone):
                    exact += int(Path(f"/proc/{pid}/task/{task}/schedstat").read_text().split()[0])
    # Why the larger: nanoseconds forget threads that have ended, ticks do not.
    return max(exact / 1e9, counted / TICKS)


class Serving:
    """A contestant behind a server, started; `stop` ends it."""

    def __init__(self, contestant: Contestant, server: Server, scratch: Path, *, links: bool = False) -> None:
        self.name = contestant.name
        self.prefix = contestant.prefix(server.kind)
        self.port = free_port()
        #: The cookie of the last answer to `ask`, "" for none.
        self.given_cookie = ""
        python = python_of(contestant.environment)
        folder, variables = application(contestant, server.kind, scratch, links=links)
        variables["PATH"] = f"{python.parent}{os.pathsep}{variables['PATH']}"
        program, *rest = [
            part.format(
                target=contestant.targets[server.kind],
                port=self.port,
                kind=server.kind,
                lifespan=contestant.lifespan,
            )
            for part in server.command
        ]
        self._log = scratch / f"{self.port}.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                pinned(SERVER_CORE, [str(python.parent / program), *rest]),
                cwd=folder,
                env=variables,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait()

    def _wait(self) -> None:
        limit = time.monotonic() + START_SECONDS
        while time.monotonic() < limit and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 0.3).close()
                return
            except OSError:
                time.sleep(0.05)
        self.stop()
        raise RuntimeError(f"{self.name} did not start: {self.log()}")

    def log(self) -> str:
        """Give the end of what the process has written."""
        return self._log.read_text(errors="replace").strip()[-600:]

    def path(self, workload: Workload) -> str:
        """Give path and query of a request to this process."""
        return workload.url("" if workload.name == "static" else self.prefix)

    def ask(self, path: str, cookie: str = "") -> tuple[int, bytes]:
        """Send one GET; give status and body, or status 0 and why there is none."""
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            link.request("GET", path, headers={"Cookie": cookie} if cookie else {})
            answer = link.getresponse()
            self.given_cookie = answer.headers.get("Set-Cookie", "").partition(";")[0]
            return answer.status, answer.read()
        except OSError as error:
            return 0, f"{error}; {self.log()}".encode()
        finally:
            link.close()

    def cpu_seconds(self) -> float:
        """Give the CPU seconds that the process and its children have used."""
        return cpu_seconds_of(*_tree(self._process.pid))

    def stop(self) -> None:
        """End the process and its children."""
        for sign in (signal.SIGTERM, signal.SIGKILL):
            if self._process.poll() is not None:
                return
            for pid in _tree(self._process.pid):
                try:
                    os.kill(pid, sign)
                except ProcessLookupError:
                    continue
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                continue


def _tree(pid: int) -> list[int]:
    found = [pid]
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            children = Path(f"/proc/{pid}/task/{task}/children").read_text()
            for child in children.split():
                found += _tree(int(child))
    except (FileNotFoundError, ProcessLookupError):
        pass
    return found


def free_port() -> int:
    """Give a port of loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
