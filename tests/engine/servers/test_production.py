"""Production serving: the right server, bounded shutdown, dead workers replaced."""

from __future__ import annotations

import http.client
import importlib.util
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from asok_engine.errors import SetupError
from asok_engine.servers.production import choose
from tests.processes import Running

ALL = ("rsgi", "asgi", "wsgi")


def test_granian_and_rsgi_are_chosen_where_possible() -> None:
    """auto means granian with its own protocol, as far as the application speaks it."""
    assert choose("auto", "auto", ALL) == ("granian", "rsgi")
    assert choose("auto", "auto", ("asgi",)) == ("granian", "asgi")
    assert choose("auto", "wsgi", ALL) == ("granian", "wsgi")
    assert choose("uvicorn", "auto", ALL) == ("uvicorn", "asgi")


def test_uvicorn_is_chosen_without_granian(monkeypatch: pytest.MonkeyPatch) -> None:
    """A core install serves, over ASGI."""
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "granian" else found(name))
    assert choose("auto", "auto", ALL) == ("uvicorn", "asgi")
    with pytest.raises(SetupError, match=r'granian is not installed\. .* "asok\[server\]"'):
        choose("granian", "auto", ALL)
    with pytest.raises(SetupError, match="uvicorn does not speak wsgi, only asgi"):
        choose("auto", "wsgi", ALL)


def test_impossible_pairs_are_refused() -> None:
    """What cannot work is said before anything starts."""
    with pytest.raises(SetupError, match="application does not speak rsgi, only asgi"):
        choose("granian", "rsgi", ("asgi",))


APP = """
import asyncio, os

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        if os.path.exists("broken"):
            await send({"type": "lifespan.startup.failed", "message": "broken"})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        with open("stopped", "a") as log:
            log.write("stopped\\n")
        await send({"type": "lifespan.shutdown.complete"})
        return
    await asyncio.sleep({"/slow": 1, "/slower": 4}.get(scope["path"], 0))
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(os.getpid()).encode()})
"""

SERVE = ("asok.cli", "serve", "--server", "uvicorn", "--workers", "2", "--port")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "wsgi.py").write_text(APP)
    return tmp_path


@pytest.mark.servers
def test_killed_worker_is_replaced_while_the_others_serve(folder: Path, free_port: int) -> None:
    """kill -9 of a worker costs no address its service, and the number of workers is restored."""
    with Running(*SERVE, str(free_port), cwd=folder) as server:
        first = int(server.get_until("")[1])
        os.kill(first, signal.SIGKILL)
        server.wait_for(f"Worker {first} ended with code -9; another takes its place")
        deadline = time.monotonic() + 5
        while len(server.group()) < 3 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(server.group()) == 3
        assert int(server.get()[1]) != first
        assert server.stop() == 0
        assert server.left() == []


@pytest.mark.servers
def test_sigterm_finishes_requests_and_ends_within_bounds(folder: Path, free_port: int) -> None:
    """A request in flight is answered, hooks run once per worker, and all processes end."""
    with Running(*SERVE, str(free_port), cwd=folder) as server:
        server.get_until("")
        answers: list[int] = []
        connection = http.client.HTTPConnection("127.0.0.1", free_port, timeout=10)
        connection.request("GET", "/slow")
        waiting = threading.Thread(target=lambda: answers.append(connection.getresponse().status))
        waiting.start()
        time.sleep(0.2)
        begun = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - begun < 3
        waiting.join()
        connection.close()
        assert answers == [200]
        assert (folder / "stopped").read_text() == "stopped\nstopped\n"
        assert server.left() == []


@pytest.mark.servers
def test_second_signal_ends_at_once(folder: Path, free_port: int) -> None:
    """Who asks twice does not wait for requests."""
    with Running(*SERVE, str(free_port), cwd=folder) as server:
        server.get_until("")
        connection = http.client.HTTPConnection("127.0.0.1", free_port, timeout=10)
        connection.request("GET", "/slower")
        time.sleep(0.1)
        begun = time.monotonic()
        server.process.terminate()
        time.sleep(0.2)
        assert server.stop() == 0
        assert time.monotonic() - begun < 2
        connection.close()
        assert server.left() == []


@pytest.mark.servers
def test_application_that_does_not_start_ends_the_server(folder: Path, free_port: int) -> None:
    """No loop of failing workers at the start: exit code 1."""
    (folder / "broken").touch()
    command = [sys.executable, "-m", *SERVE, str(free_port)]
    assert subprocess.run(command, cwd=folder, capture_output=True, timeout=20).returncode == 1


@pytest.mark.servers
def test_granian_serves_and_stops(folder: Path, free_port: int) -> None:
    """granian serves the same application and ends on SIGTERM."""
    with Running("asok.cli", "serve", "--port", str(free_port), cwd=folder) as server:
        server.wait_for("granian, asgi, 1 worker")
        server.get_until("")
        begun = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - begun < 3.5
        assert server.left() == []
