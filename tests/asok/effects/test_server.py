"""Settings of serving commands: the port, and how long a stop waits. Real processes."""

from __future__ import annotations

import http.client
import signal
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.asok.effects.sites import write_project
from tests.processes import Running

pytestmark = pytest.mark.servers

SLEEPING = {
    "page.py": "def get(request):\n    return 'hello'\n",
    "slow.py": "import time\n\ndef get(request):\n"
    "    print('slow began', flush=True)\n"
    "    time.sleep(float(request.query.get('seconds')))\n    return 'slow done'\n",
    "stream.py": "import asyncio\n\nasync def pieces():\n    while True:\n        yield b'piece\\n'\n"
    "        await asyncio.sleep(0.05)\n\nasync def get(request):\n    return request.stream(pieces(), 'text/plain')\n",
}
IN_CODE = "from asok import Asok\n\napp = Asok()\napp.config[{name!r}] = {value!r}\n"


HERE = {"APP_URL": "http://127.0.0.1"}


# --- the port ---------------------------------------------------------------------------


@pytest.mark.setting("asok.ASOK_PORT")
@pytest.mark.parametrize("command", ["dev", "preview"])
@pytest.mark.parametrize("by", ["code", ".env", "environment"])
def test_commands_listen_on_the_port_of_the_setting(
    tmp_path: Path, free_port: int, command: str, by: str
) -> None:
    """Wherever it is given; a page is answered there."""
    if by == "code":
        write_project(tmp_path, HERE, wsgi=IN_CODE.format(name="ASOK_PORT", value=free_port))
    else:
        write_project(tmp_path, {**HERE, "ASOK_PORT": free_port if by == ".env" else 1})
    process: dict[str, Any] = {"ASOK_PORT": str(free_port)} if by == "environment" else {}
    with Running("asok.cli", command, cwd=tmp_path, **process) as running:
        running.wait_for(rf"http://127\.0\.0\.1:{free_port}\b")
        assert running.get_until("hello")[0] == 200


@pytest.mark.setting("asok.ASOK_PORT")
def test_option_beats_the_port_of_the_setting(tmp_path: Path, free_port: int) -> None:
    """`-p` is said for this once, so it counts."""
    write_project(tmp_path, {**HERE, "ASOK_PORT": 1})
    with Running("asok.cli", "preview", "-p", str(free_port), cwd=tmp_path) as running:
        assert running.get_until("hello")[0] == 200
        assert running.port == free_port


# --- the end ----------------------------------------------------------------------------


class Asking(threading.Thread):
    """One request in a thread of its own; `said` is the body, or what broke it."""

    def __init__(self, port: int, path: str) -> None:
        super().__init__(daemon=True)
        self._port, self._path = port, path
        self.said = ""

    def run(self) -> None:
        link = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
        try:
            link.request("GET", self._path)
            self.said = link.getresponse().read().decode()
        except (OSError, http.client.HTTPException) as error:
            self.said = type(error).__name__
        finally:
            link.close()


@pytest.mark.slow
@pytest.mark.setting("asok.SHUTDOWN_TIMEOUT")
@pytest.mark.parametrize("by", ["code", ".env"])
@pytest.mark.parametrize(("seconds", "is_answered"), [(6, True), (1, False)])
def test_stop_waits_for_requests_and_no_longer(
    tmp_path: Path, by: str, seconds: int, is_answered: bool
) -> None:
    """A request of two seconds ends within six, and is given up after one."""
    if by == "code":
        code = IN_CODE.format(name="SHUTDOWN_TIMEOUT", value=seconds)
        write_project(tmp_path, HERE, pages=SLEEPING, wsgi=code)
    else:
        write_project(tmp_path, {**HERE, "SHUTDOWN_TIMEOUT": seconds}, pages=SLEEPING)
    with Running("asok.cli", "preview", "-p", "0", cwd=tmp_path) as running:
        running.get_until("hello")
        asking = Asking(running.port, "/slow?seconds=2")
        asking.start()
        running.wait_for("slow began")
        began = time.monotonic()
        running.process.send_signal(signal.SIGTERM)
        running.process.wait(10)
        took = time.monotonic() - began
        asking.join(10)
    assert (asking.said == "slow done") is is_answered
    assert took < (4 if is_answered else 1.9)


@pytest.mark.slow
@pytest.mark.setting("asok.SHUTDOWN_TIMEOUT")
@pytest.mark.parametrize(("seconds", "least", "most"), [(1, 0.0, 1.5), (4, 1.5, 3.0)])
def test_stream_without_an_end_is_ended_within_the_time(
    tmp_path: Path, seconds: int, least: float, most: float
) -> None:
    """After half of it, cleanly, so that the other half is left for what else has to end."""
    write_project(tmp_path, {**HERE, "SHUTDOWN_TIMEOUT": seconds}, pages=SLEEPING)
    with Running("asok.cli", "preview", "-p", "0", cwd=tmp_path) as running:
        running.get_until("hello")
        with socket.create_connection(("127.0.0.1", running.port), 10) as link:
            link.sendall(b"GET /stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            received = link.recv(65536)
            while b"piece" not in received:
                received += link.recv(65536)
            began = time.monotonic()
            running.process.send_signal(signal.SIGTERM)
            while piece := link.recv(65536):
                received += piece
            took = time.monotonic() - began
        running.process.wait(5)
    assert received.endswith(b"0\r\n\r\n")
    assert least < took < most
