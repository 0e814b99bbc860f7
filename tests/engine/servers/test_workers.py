"""Listening sockets are kept by the parent, and no child outlives it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from asok_engine.errors import SetupError
from asok_engine.servers.workers import Child, bind


def test_taken_port_is_named() -> None:
    """A port in use is one sentence with one thing to do."""
    with bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SetupError, match=f"Port {port} of 127.0.0.1 is in use .* --port"):
            bind("127.0.0.1", port)


def test_next_free_port_is_taken_when_allowed() -> None:
    """The first free port above the wanted one is used, also above 8100."""
    with bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        if port > 65000:
            pytest.skip("the machine gave a port too near the end of the range")
        with bind("127.0.0.1", port, or_next=True) as listener:
            assert port < listener.getsockname()[1] <= port + 100


def test_unknown_address_is_named(free_port: int) -> None:
    """An address that is not of this machine is told as that."""
    with pytest.raises(SetupError, match="Cannot listen on 203.0.113.1 port"):
        bind("203.0.113.1", free_port)


def sleeping(listener: int, lifeline: int) -> list[str]:
    return [sys.executable, "-c", "import time; time.sleep(30)"]


def test_child_ends_on_request() -> None:
    """SIGTERM ends a child; its exit code tells."""
    with bind("127.0.0.1", 0) as listener:
        child = Child(sleeping, listener)
        assert child.exit_code() is None
        assert child.stop(5) == -signal.SIGTERM


def test_child_that_ignores_the_request_is_killed(tmp_path: Path) -> None:
    """The wait for a child is bounded."""
    ready = tmp_path / "ready"

    def stubborn(listener: int, lifeline: int) -> list[str]:
        code = (
            "import signal, time, pathlib; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
            f"pathlib.Path({str(ready)!r}).touch(); time.sleep(30)"
        )
        return [sys.executable, "-c", code]

    with bind("127.0.0.1", 0) as listener:
        child = Child(stubborn, listener)
        while not ready.exists():
            time.sleep(0.01)
        begun = time.monotonic()
        assert child.stop(0.2) == -signal.SIGKILL
        assert time.monotonic() - begun < 2


PARENT = """
import sys, time
from asok_engine.servers.workers import Child, bind
listener = bind("127.0.0.1", 0)
def command(listener, lifeline):
    code = ("import time; from asok_engine.servers.workers import follow_parent; "
            f"follow_parent({lifeline}, 1.0); print('up', flush=True); time.sleep(30)")
    return [sys.executable, "-c", code]
child = Child(command, listener)
print(child.pid, flush=True)
time.sleep(30)
"""


def test_child_ends_when_its_parent_is_killed() -> None:
    """Also kill -9 of the parent leaves no orphan."""
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert parent.stdout.readline() == "up\n"
        parent.kill()
    deadline = time.monotonic() + 5
    while _is_alive(pid):
        assert time.monotonic() < deadline, "the child lives on"
        time.sleep(0.02)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_socket_stays_open_between_children() -> None:
    """A connection made while no child runs waits in the backlog."""
    with bind("127.0.0.1", 0) as listener:
        child = Child(sleeping, listener)
        child.stop(5)
        with socket.create_connection(listener.getsockname(), timeout=2) as waiting:
            waiting.sendall(b"GET / HTTP/1.1\r\n\r\n")
            accepted, _ = listener.accept()
            with accepted:
                assert accepted.recv(3) == b"GET"
