"""SIGTERM while requests and streams are open: requests finish, streams end cleanly, hooks run once."""

from __future__ import annotations

import contextlib
import http.client
import threading
import time
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests import servers
from tests.journeys.conftest import make_folder

pytestmark = pytest.mark.servers


def _slow(port: int, results: list[tuple[int, bytes]]) -> None:
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    link.request("GET", "/slow?for=1.0")
    answer = link.getresponse()
    results.append((answer.status, answer.read()))
    link.close()


def _stream(port: int, results: list[bool]) -> None:
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    link.request("GET", "/forever")
    answer = link.getresponse()
    try:
        while answer.read1(65536):
            pass
        results.append(True)
    except (http.client.IncompleteRead, ConnectionError):
        results.append(False)
    finally:
        answer.close()
        link.close()


@pytest.mark.parametrize("kind", ["uvicorn", "gunicorn", "granian-asgi", "granian-rsgi", "granian-wsgi"])
def test_sigterm_finishes_requests_ends_streams_and_runs_hooks_once(
    kind: str, site_folder: Path, tmp_path: Path
) -> None:
    """20 requests in flight and one open stream: 20 finish, the stream ends, the process is gone within 3 s.

    granian's WSGI interface tells the application nothing before it stops and
    waits for streams until its own limit, so there no stream is open.
    """
    record = tmp_path / "hooks"
    with servers.run_server(kind, site_folder, environment={"JOURNEY_RECORD": str(record)}) as server:
        in_flight = 7 if kind == "gunicorn" else 20
        answers: list[tuple[int, bytes]] = []
        streams: list[bool] = []
        threads = [threading.Thread(target=_slow, args=(server.port, answers)) for _ in range(in_flight)]
        ends_streams = kind != "granian-wsgi"
        if ends_streams:
            threads.append(threading.Thread(target=_stream, args=(server.port, streams)))
        for thread in threads:
            thread.start()
        time.sleep(0.6)
        began = time.monotonic()
        server.terminate()
        server.process.wait(6)
        took = time.monotonic() - began
        for thread in threads:
            thread.join(5)
        assert [status for status, _ in answers] == [200] * in_flight, server.read_log()
        assert streams == [True] * ends_streams, "the stream ends with a whole body"
        assert took < 3, f"{kind} took {took:.1f} s\n{server.read_log()}"
        words = [line.split()[0] for line in record.read_text().splitlines()]
        assert words == ["startup", "shutdown"], words
        assert "Traceback" not in server.read_log()


SOCKETS = """
from asok import WebSocketServer

ws = WebSocketServer(app=app)


@ws.on("/echo")
async def echo(conn, message):
    conn.send(message)


@ws.on_disconnect("/echo")
async def left(conn):
    note(f"left {conn.close_code}")
"""


@pytest.mark.parametrize("kind", ["uvicorn", "granian-asgi", "granian-rsgi"])
def test_sigterm_under_load_loses_nobody(kind: str, tmp_path: Path) -> None:
    """20 requests, 5 event streams and 20 sockets at once: all are served to their end, within 3 s (case 140)."""
    folder, record = make_folder(tmp_path / "site"), tmp_path / "hooks"
    with (folder / "wsgi.py").open("a") as code:
        code.write(SOCKETS)
    with (
        servers.run_server(kind, folder, environment={"JOURNEY_RECORD": str(record)}) as server,
        contextlib.ExitStack() as stack,
    ):
        url = f"ws://127.0.0.1:{server.port}/echo"
        sockets = [stack.enter_context(connect(url)) for _ in range(20)]
        for client in sockets:
            client.send("here")
            assert client.recv(5) == "here"
        answers: list[tuple[int, bytes]] = []
        streams: list[bool] = []
        threads = [threading.Thread(target=_slow, args=(server.port, answers)) for _ in range(20)]
        threads += [threading.Thread(target=_stream, args=(server.port, streams)) for _ in range(5)]
        for thread in threads:
            thread.start()
        time.sleep(0.6)
        began = time.monotonic()
        server.terminate()
        for client in sockets:
            with pytest.raises(ConnectionClosed):
                client.recv(5)
        server.process.wait(6)
        took = time.monotonic() - began
        for thread in threads:
            thread.join(5)
        assert [status for status, _ in answers] == [200] * 20, server.read_log()
        assert streams == [True] * 5, "each stream ends with a whole body"
        codes = {1005} if kind == "granian-rsgi" else {1001, 1012}
        assert {client.protocol.close_code for client in sockets} <= codes, server.read_log()
        words = [line.split(maxsplit=1)[0] for line in record.read_text().splitlines()]
        assert words == ["startup", *["left"] * 20, "shutdown"], words
        assert took < 3, f"{kind} took {took:.1f} s\n{server.read_log()}"
        assert "Traceback" not in server.read_log()


def test_error_in_a_startup_hook_stops_the_start(tmp_path: Path) -> None:
    """A hook that fails keeps an ASGI server from serving, and the log names it."""
    (tmp_path / "src/pages").mkdir(parents=True)
    (tmp_path / "src/pages/page.html").write_text("home")
    (tmp_path / "wsgi.py").write_text(
        "from asok import Asok\n"
        "app = Asok()\n"
        "app.config['DEBUG'] = True\n"
        "@app.on_startup\n"
        "def check():\n"
        "    raise RuntimeError('the cellar is flooded')\n"
    )
    with (
        pytest.raises(servers.ServerFailed, match="the cellar is flooded"),
        servers.run_server("uvicorn", tmp_path, start_seconds=10),
    ):
        pytest.fail("it served")
