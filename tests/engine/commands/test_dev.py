"""The development server: changes, broken code and the end of it, with real processes."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import Running

pytestmark = pytest.mark.servers

APP = """
import os
WORD = "one"

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    if scope["path"] == "/die":
        os._exit(7)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": WORD.encode()})
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "wsgi.py").write_text(APP)
    return tmp_path


@pytest.fixture
def dev(folder: Path, free_port: int) -> Iterator[Running]:
    with Running("asok.cli", "dev", "-p", str(free_port), cwd=folder) as running:
        running.get_until("one")
        yield running


def test_no_request_is_refused_while_the_application_changes(dev: Running, folder: Path) -> None:
    """Requests without pause over a change: all are answered, first by the old, then by the new code."""
    answers: list[tuple[int, str]] = []
    failures: list[Exception] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            try:
                answers.append(dev.get())
            except OSError as error:
                failures.append(error)
            time.sleep(0.002)

    asking = threading.Thread(target=ask)
    asking.start()
    (folder / "wsgi.py").write_text(APP.replace('"one"', '"two"'))
    dev.wait_for(r"Reloading: wsgi\.py changed")
    dev.get_until("two")
    done.set()
    asking.join()
    assert failures == []
    assert {body for _, body in answers} == {"one", "two"}
    assert {status for status, _ in answers} == {200}


def test_broken_code_is_shown_and_repaired_code_served(dev: Running, folder: Path) -> None:
    """A SyntaxError stands in the terminal and in the browser; the next save heals it."""
    (folder / "wsgi.py").write_text(APP + "\nbroken = (\n")
    status, body = dev.get_until("was never closed")
    assert status == 500
    assert "wsgi.py" in body
    assert "SyntaxError" in dev.output
    (folder / "wsgi.py").write_text(APP.replace('"one"', '"healed"'))
    assert dev.get_until("healed")[0] == 200


def test_process_that_ends_by_itself_is_told_and_replaced_at_the_next_change(
    dev: Running, folder: Path
) -> None:
    """An exit of the application is a page until something changes."""
    with pytest.raises(OSError):  # noqa: PT011
        dev.get("/die")
    assert dev.get_until("ended with exit code 7")[0] == 500
    (folder / "src" / "page.py").write_text("")
    assert dev.get_until("one")[0] == 200


def test_interrupt_stops_everything(dev: Running) -> None:
    """Ctrl-C ends parent and child within 3 s, as a success, with nothing left."""
    begun = time.monotonic()
    assert dev.interrupt() == 0
    assert time.monotonic() - begun < 3
    assert dev.left() == []
    assert "Traceback" not in dev.output


def test_kill_of_the_parent_leaves_no_orphan(dev: Running) -> None:
    """The child ends when its parent was killed."""
    child = next(pid for pid in dev.group() if pid != dev.process.pid)
    dev.process.send_signal(signal.SIGKILL)
    dev.process.wait()
    deadline = time.monotonic() + 5
    while dev.group() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert dev.left() == [], f"child {child} lives on"


def test_taken_port_gives_the_next_one_with_a_word(dev: Running, folder: Path) -> None:
    """Two development servers stand side by side."""
    with Running("asok.cli", "dev", "-p", str(dev.port), cwd=folder) as second:
        second.wait_for(f"Port {dev.port} is in use; taking ")
        second.get_until("one")
        assert second.port > dev.port


def test_broken_code_at_the_start_is_no_reason_to_give_up(folder: Path, free_port: int) -> None:
    """The server starts with broken code and shows it."""
    (folder / "wsgi.py").write_text("1 / 0\n")
    with Running("asok.cli", "dev", "-p", str(free_port), cwd=folder) as running:
        assert running.get_until("ZeroDivisionError")[0] == 500
        os.utime(folder / "wsgi.py")
