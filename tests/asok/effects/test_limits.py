"""Settings that bound bodies, requests per client, and threads, watched through requests."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal, cast

import pytest

from asok import WebSocketServer
from asok_engine.dispatch.middleware.rate_limit import ClientLimit
from asok_engine.testing.client import TestClient
from asok_engine.testing.sockets import SocketRefused
from tests.asok.effects.sites import BOTH, make_app
from tests.servers import RedisProcess

Protocol = Literal["asgi", "wsgi"]
PROTOCOLS = pytest.mark.parametrize("protocol", ["asgi", "wsgi"])

TAKES = {
    # About bodies, not about who sent them.
    "page.py": "CSRF = False\n\ndef post(request):\n    return str(len(request.body))\n",
    "streamed.py": "STREAM_BODY = True\nCSRF = False\n\n"
    "async def post(request):\n"
    "    return str(sum([len(piece) async for piece in request.stream_body()]))\n",
}


# --- bodies -----------------------------------------------------------------------------


@BOTH
@PROTOCOLS
@pytest.mark.setting("asok.MAX_CONTENT_LENGTH")
def test_body_over_the_limit_is_refused(tmp_path: Path, by: str, protocol: Protocol) -> None:
    """The limit itself is accepted, one byte more is 413, announced or in chunks, read whole or in a form."""
    app = make_app(tmp_path, {"MAX_CONTENT_LENGTH": 1000}, by=by, pages=TAKES)
    client = TestClient(app, protocol)
    assert client.post("/", data=b"a" * 1000).text == "1000"
    assert client.post("/", data=b"a" * 1001).status_code == 413
    assert client.post("/", data=iter([b"a" * 500] * 2)).text == "1000"
    assert client.post("/", data=iter([b"a" * 500] * 3)).status_code == 413
    assert client.post("/", files={"file": b"a" * 1001}).status_code == 413


@pytest.mark.setting("asok.MAX_CONTENT_LENGTH")
def test_endless_body_is_not_read_to_its_end(tmp_path: Path) -> None:
    """What comes in pieces is refused at the piece that crosses the limit; the rest is never asked for."""
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            assert sent < 100
            yield b"a" * 500

    client = TestClient(make_app(tmp_path, {"MAX_CONTENT_LENGTH": 1000}, pages=TAKES))
    assert client.post("/", data=endless()).status_code == 413
    assert sent <= 4


@pytest.mark.setting("asok.MAX_CONTENT_LENGTH")
def test_ten_megabytes_are_accepted_by_default(tmp_path: Path) -> None:
    """As documented: 10485760 bytes, announced; not one more."""
    client = TestClient(make_app(tmp_path, pages=TAKES))
    assert client.post("/", data=b"a" * 10_485_760).text == "10485760"
    assert client.post("/", data=b"a" * 10_485_761).status_code == 413


# --- requests per client ------------------------------------------------------------------


def statuses(client: TestClient, count: int, path: str = "/") -> list[int]:
    """Ask a few times and give the statuses."""
    return [client.get(path).status_code for _ in range(count)]


@BOTH
@PROTOCOLS
@pytest.mark.setting("asok.RATE_LIMIT_PER_MINUTE")
def test_client_may_ask_so_often_a_minute(tmp_path: Path, by: str, protocol: Protocol) -> None:
    """One more is 429 with the seconds to wait; another client has a count of its own."""
    app = make_app(tmp_path, {"RATE_LIMIT_PER_MINUTE": 3}, by=by)
    client = TestClient(app, protocol)
    assert statuses(client, 3) == [200] * 3
    refused = client.get("/")
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 120
    assert statuses(TestClient(app, protocol), 1) == [200]


@pytest.mark.setting("asok.RATE_LIMIT_PER_MINUTE")
def test_hundred_requests_a_minute_are_the_default(tmp_path: Path) -> None:
    """Missing pages count as well; the health check and static files do not."""
    files = {"src/partials/css/site.css": "a{color:red}"}
    client = TestClient(make_app(tmp_path, files=files))
    assert statuses(client, 5, "/health") + statuses(client, 5, "/css/site.css") == [200] * 10
    assert statuses(client, 50) + statuses(client, 50, "/nothing") == [200] * 50 + [404] * 50
    assert statuses(client, 1) + statuses(client, 1, "/health") == [429, 200]


@pytest.mark.setting("asok.RATE_LIMIT_PER_MINUTE")
def test_window_slides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A burst before a full minute counts after it, and who waits as told is let in."""
    now = 60 * 20_000 + 55.0
    # The limit's own clock, as it has none that an application sets.
    monkeypatch.setitem(cast(dict[str, Any], ClientLimit.__init__.__kwdefaults__), "clock", lambda: now)
    client = TestClient(make_app(tmp_path, {"RATE_LIMIT_PER_MINUTE": 4}))
    assert statuses(client, 5) == [200] * 4 + [429]
    now += 6
    refused = client.get("/")
    assert refused.status_code == 429
    now += int(refused.headers["Retry-After"])
    assert statuses(client, 2) == [200, 429]
    now += 120
    assert statuses(client, 4) == [200] * 4


@BOTH
@pytest.mark.setting("asok.RATE_LIMIT")
def test_limit_can_be_switched_off(tmp_path: Path, by: str) -> None:
    """`false` in a file is off, whatever the number beside it says."""
    client = TestClient(make_app(tmp_path, {"RATE_LIMIT": False, "RATE_LIMIT_PER_MINUTE": 1}, by=by))
    assert statuses(client, 5) == [200] * 5
    limited = TestClient(make_app(tmp_path, {"RATE_LIMIT": True, "RATE_LIMIT_PER_MINUTE": 1}, by=by))
    assert statuses(limited, 2) == [200, 429]


@BOTH
@PROTOCOLS
@pytest.mark.setting("asok.REDIS_URL")
def test_processes_with_one_redis_count_together(
    tmp_path: Path, redis_url: str, by: str, protocol: Protocol
) -> None:
    """What a client has used up at one application is used up at the other; memory counts alone."""
    settings = {"REDIS_URL": redis_url, "RATE_LIMIT_PER_MINUTE": 3}
    for shared, expected in ((settings, [429, 429]), ({"RATE_LIMIT_PER_MINUTE": 3}, [200, 200])):
        here = TestClient(make_app(tmp_path / "here", shared, by=by), protocol, client=("10.1.1.1", 1))
        there = TestClient(make_app(tmp_path / "there", shared, by=by), protocol, client=("10.1.1.1", 2))
        with here, there:
            assert statuses(here, 3) == [200] * 3
            assert statuses(there, 2) == expected


@pytest.mark.slow
@PROTOCOLS
@pytest.mark.setting("asok.REDIS_URL")
def test_lost_redis_is_told_and_opens_no_door(
    tmp_path: Path, redis_server: RedisProcess, protocol: Protocol
) -> None:
    """While it is away requests get 503, not a free pass, and the health check is red; then all is well again."""
    settings = {"REDIS_URL": redis_server.url, "RATE_LIMIT_PER_MINUTE": 2}
    with TestClient(make_app(tmp_path, settings), protocol) as client:
        health = client.get("/health")
        assert (health.status_code, health.json["checks"]["redis"]) == (200, "ok")
        redis_server.stop()
        time.sleep(1.05)  # A result of the health check is kept for a second.
        red = client.get("/health")
        told = (red.status_code, red.json["status"], red.json["checks"]["redis"])
        assert told == (503, "unhealthy", "failed")
        assert statuses(client, 4) == [503] * 4
        redis_server.start()
        time.sleep(1.05)
        assert client.get("/health").status_code == 200
        assert statuses(client, 3) == [200, 200, 429]


# --- threads ----------------------------------------------------------------------------


class Gate:
    """Holds the handlers that have come in, and counts them."""

    def __init__(self) -> None:
        self.inside = 0
        self.lock = threading.Lock()
        self.opened = threading.Event()

    def enter(self) -> None:
        with self.lock:
            self.inside += 1
        self.opened.wait(5)


@BOTH
@pytest.mark.setting("asok.ASYNC_THREADS")
def test_so_many_sync_pages_run_at_the_same_time(tmp_path: Path, by: str) -> None:
    """The others wait, async pages are answered meanwhile, and in the end everyone is."""
    pages = {
        "page.py": "def get(request):\n    request.shared('gate').enter()\n    return 'done'\n",
        "light.py": "async def get(request):\n    return 'light'\n",
    }
    app = make_app(tmp_path, {"ASYNC_THREADS": 2}, by=by, pages=pages)
    gate = Gate()
    app.share(gate=gate)
    app.startup()
    with ThreadPoolExecutor(5) as clients:
        answers = [clients.submit(lambda: TestClient(app).get("/").text) for _ in range(5)]
        deadline = time.monotonic() + 5
        while gate.inside < 2 and time.monotonic() < deadline:
            time.sleep(0.005)
        assert TestClient(app).get("/light").text == "light"
        time.sleep(0.05)
        assert gate.inside == 2
        gate.opened.set()
        assert [answer.result() for answer in answers] == ["done"] * 5


@pytest.mark.setting("asok.RATE_LIMIT_PER_MINUTE")
def test_handshakes_count_like_pages(tmp_path: Path) -> None:
    """A client that may not ask for pages any more gets no WebSockets either."""
    app = make_app(tmp_path, {"RATE_LIMIT_PER_MINUTE": 3, "WS_ADAPTER": "memory"})
    ws = WebSocketServer(app=app)

    @ws.on("/echo")
    async def echo(conn: Any, message: str) -> None:
        conn.send(message)

    with TestClient(app) as client:
        client.get("/")
        for _ in range(2):
            with client.websocket("/echo") as socket:
                socket.send("here")
                assert socket.receive() == "here"
        with pytest.raises(SocketRefused) as refused:
            client.websocket("/echo")
        assert refused.value.status == 429
        assert client.get("/").status_code == 429
