"""Command lines as real processes, for tests that serve, reload and stop.

`Running` starts `python -m ...` in a folder, collects what it prints, talks to
the port that it names and is stopped whatever the test does.
"""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType

__all__ = ["Running", "clean_environment", "run_once"]

_OURS = ("ASOK_", "AKSARA_", "DEBUG", "SECRET_KEY", "APP_URL", "DATABASE_URL", "REDIS_URL", "LOG_")


def clean_environment(**extra: str) -> dict[str, str]:
    """Give the environment without what would set an application up."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    return {**kept, "PYTHONUNBUFFERED": "1", **extra}


def run_once(*arguments: str, cwd: Path, stdin: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m ...` to its end."""
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=cwd,
        env=clean_environment(**env),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=30,
    )


class Running:
    """One command line that runs until the test stops it."""

    def __init__(self, *arguments: str, cwd: Path, serves: int | None = None, **env: str) -> None:
        self._serves = serves
        self._output = tempfile.TemporaryFile()  # noqa: SIM115
        self.process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=cwd,
            env=clean_environment(**env),
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=self._output,
            start_new_session=True,
        )

    def __enter__(self) -> Running:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        if error is not None:
            print(self.output)
        self._output.close()

    @property
    def output(self) -> str:
        """What was printed so far, stdout and stderr."""
        return os.pread(self._output.fileno(), 1_000_000, 0).decode(errors="replace")

    def wait_for(self, pattern: str, seconds: float = 15.0) -> re.Match[str]:
        """Wait until the output matches a pattern, and give the match."""
        deadline = time.monotonic() + seconds
        while True:
            found = re.search(pattern, self.output)
            if found:
                return found
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"{pattern!r} was not printed; the output is:\n{self.output}")
            time.sleep(0.02)

    @property
    def port(self) -> int:
        """The port that was given, else the one that the command says it serves on."""
        if self._serves is not None:
            return self._serves
        return int(self.wait_for(r"http://[^\s/]+:(\d+)").group(1))

    def get(self, path: str = "/", seconds: float = 15.0) -> tuple[int, str]:
        """Send GET over a new connection; give status and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def get_until(self, word: str, path: str = "/", seconds: float = 15.0) -> tuple[int, str]:
        """Send GET until the body holds a word."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                status, body = self.get(path)
            except OSError:
                status, body = 0, ""
            if status and word in body:
                return status, body
            if time.monotonic() > deadline:
                raise AssertionError(f"{word!r} was not answered, at last {status} {body!r}:\n{self.output}")
            time.sleep(0.05)

    def stop(self, number: int = signal.SIGTERM, seconds: float = 5.0) -> int:
        """Send a signal to the parent only and give the exit code."""
        self.process.send_signal(number)
        return self.process.wait(seconds)

    def interrupt(self, seconds: float = 5.0) -> int:
        """Press Ctrl-C: SIGINT to the whole process group; give the exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(seconds)

    def left(self, seconds: float = 2.0) -> list[int]:
        """Give the processes that live on after the end; waits a moment for those that are about to go."""
        deadline = time.monotonic() + seconds
        while (alive := self.group()) and time.monotonic() < deadline:
            time.sleep(0.02)
        return alive

    def group(self) -> list[int]:
        """Give the processes of this command's session that are alive."""
        alive = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == self.process.pid and fields[0] != "Z":
                alive.append(int(entry.name))
        return alive
