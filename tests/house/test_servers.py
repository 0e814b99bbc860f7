"""The tests' own servers: they start, tell why not, and leave nothing behind."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import redis

from tests.servers import RedisProcess, ServerFailed, run_server

pytestmark = pytest.mark.servers

APPLICATION = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
"""


def is_open(port: int) -> bool:
    """Whether something listens on a port of loopback."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_server_answers_and_is_gone_afterwards(tmp_path: Path) -> None:
    """A started server answers inside the block; after it nothing listens."""
    (tmp_path / "wsgi.py").write_text(APPLICATION)
    with run_server("gunicorn", tmp_path, workers=2) as server:
        assert server.get("/") == (200, b"ok")
        assert is_open(server.port)
    assert not is_open(server.port)
    assert server.exit_code == 0
    assert not server.log_path.exists()


def test_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    """The failure carries what the server printed."""
    (tmp_path / "wsgi.py").write_text("raise RuntimeError('made up for this test')\n")
    with pytest.raises(ServerFailed, match="made up for this test"), run_server("gunicorn", tmp_path):
        pass


def test_server_is_stopped_when_the_test_fails(tmp_path: Path) -> None:
    """An error inside the block comes out as it is, and the server is gone."""
    (tmp_path / "wsgi.py").write_text(APPLICATION)
    with pytest.raises(KeyError, match="from the test"), run_server("gunicorn", tmp_path) as server:
        raise KeyError("from the test")
    assert not is_open(server.port)


def test_server_that_ignores_the_signal_is_killed_and_reported(tmp_path: Path) -> None:
    """A shutdown that hangs is a failure, not a wait without end."""
    (tmp_path / "wsgi.py").write_text(APPLICATION)
    (tmp_path / "gunicorn.conf.py").write_text(
        "import signal\ndef when_ready(server):\n    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    )
    with pytest.raises(ServerFailed, match="did not end within 0.5 s"):
        with run_server("gunicorn", tmp_path, stop_seconds=0.5) as server:
            pass
    assert not is_open(server.port)


def test_redis_comes_back_empty_on_the_same_port(redis_server: RedisProcess) -> None:
    """A test can take Redis away and give it back, as an outage does."""
    with redis.Redis.from_url(redis_server.url) as client:
        client.set("key", "value")
        redis_server.stop()
        with pytest.raises(redis.ConnectionError):
            client.get("key")
        redis_server.start()
        assert client.get("key") is None
