"""`serve` checks before it starts anything."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.processes import Running, run_once

pytestmark = pytest.mark.servers

APP = """
class Config(dict):
    def source(self, name):
        return ".env DEBUG"
    def check_production(self):
        if not self["APP_URL"]:
            from asok_engine.errors import SetupError
            raise SetupError("Setting APP_URL is missing.")

class App:
    config = Config(DEBUG=False, APP_URL="http://x", ASOK_PORT=8000, SHUTDOWN_TIMEOUT=1.0)

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"served"})

app = App()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "wsgi.py").write_text(APP)
    return tmp_path


def test_missing_settings_are_named_and_nothing_starts(folder: Path, free_port: int) -> None:
    """One line with the reason, exit code 1, no listener."""
    (folder / "wsgi.py").write_text(APP.replace('"http://x"', '""'))
    ran = run_once("asok.cli", "serve", "-p", str(free_port), cwd=folder)
    assert (ran.returncode, ran.stderr) == (1, "error: Setting APP_URL is missing.\n")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", free_port), 1)


def test_debug_is_refused_with_its_source(folder: Path, free_port: int) -> None:
    """Debug pages are not for a production server, and it is told who switched them on."""
    (folder / "wsgi.py").write_text(APP.replace("DEBUG=False", "DEBUG=True"))
    ran = run_once("asok.cli", "serve", "-p", str(free_port), cwd=folder)
    assert ran.returncode == 1
    assert ran.stderr.startswith("error: DEBUG is on (.env DEBUG)")


def test_broken_project_is_one_line(folder: Path, free_port: int) -> None:
    """What fails in the project is told with file and line."""
    (folder / "wsgi.py").write_text("\nimport nowhere_at_all\n")
    ran = run_once("asok.cli", "serve", "-p", str(free_port), cwd=folder)
    assert ran.returncode == 1
    assert "ModuleNotFoundError in wsgi.py line 2" in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_taken_port_is_no_reason_to_take_another(folder: Path) -> None:
    """In production the port is part of an agreement: a taken one is an error."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ran = run_once("asok.cli", "serve", "-p", str(port), cwd=folder)
    assert ran.returncode == 1
    assert f"Port {port} of 127.0.0.1 is in use" in ran.stderr


def test_named_application_is_served(folder: Path, free_port: int) -> None:
    """--app serves another module than wsgi.py."""
    (folder / "wsgi.py").rename(folder / "site_app.py")
    arguments = ("serve", "--app", "site_app:app", "--server", "uvicorn", "-p", str(free_port))
    with Running("asok.cli", *arguments, cwd=folder) as server:
        assert server.get_until("served")[0] == 200
        assert server.stop() == 0


def test_sessions_that_workers_do_not_share_are_told(folder: Path, free_port: int) -> None:
    """Two workers with sessions in memory are a warning; one worker, or sessions in files, are none."""
    for backend, workers, told in (("memory", "2", True), ("memory", "1", False), ("file", "2", False)):
        code = APP.replace("DEBUG=False", f"DEBUG=False, SESSION_BACKEND={backend!r}")
        (folder / "wsgi.py").write_text(code)
        arguments = ("serve", "--server", "uvicorn", "-w", workers, "-p", str(free_port))
        with Running("asok.cli", *arguments, cwd=folder) as server:
            assert server.get_until("served")[0] == 200
            assert ("SESSION_BACKEND is memory" in server.output) is told
