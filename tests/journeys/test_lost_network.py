"""A network that swallows everything for a while: no connection is closed, nothing arrives, and then it heals.

Two people chat in a browser; one of them is behind such a network. What was on its way
arrives after a short while of it; after a long one the page has noticed by itself, the
server has found out by its pings, and both go on when the network is back.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import servers
from tests.journeys.test_websockets import CHAT_PAGE, CHAT_SCRIPT, KEY, PAGES_BLOCK, Person, nginx, seed
from tests.processes import Running

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.servers, pytest.mark.browser]

APPLICATION = """
import os
from asok import Asok, WebSocketServer
from asok_engine.realtime.limits import Limits

app = Asok()
ws = WebSocketServer(limits=Limits(ping_seconds=float(os.environ["PING"]), pong_seconds=1))


@ws.on_connect("/chat/[room]")
def came(conn):
    conn.join("everybody")


@ws.on("/chat/[room]")
def on_message(conn, message):
    ws.broadcast(conn.path, message)


if os.environ.get("OWN"):
    ws.start()
"""
ONLINE = """
def get(request):
    ws = request.app.sockets[0]
    return {"online": ws.count_online(), "room": ws.count_online("everybody")}
"""


class Network:
    """A way to a server on which everything can be swallowed, packets of its end included."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._flows = threading.Event()
        self._flows.set()
        self._ends: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def swallow(self) -> None:
        """Let nothing through, either way."""
        self._flows.clear()

    def heal(self) -> None:
        """Let through again; what was sent meanwhile is sent once more, as TCP does."""
        self._flows.set()

    def close(self) -> None:
        """End it, with every connection."""
        self._flows.set()
        with contextlib.suppress(OSError):
            # Wakes the thread that accepts, which closing does not.
            self._listener.shutdown(socket.SHUT_RDWR)
        for end in list(self._ends):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        self._listener.close()

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        self._threads.append(threading.Thread(target=target, args=arguments, daemon=True))
        self._threads[-1].start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                self._ends.add(near)
                self._start(self._join, near)

    def _join(self, near: socket.socket) -> None:
        self._flows.wait()
        with near, socket.socket() as far:
            self._ends.add(far)
            with contextlib.suppress(OSError):
                far.connect(("127.0.0.1", self._target))
                back = threading.Thread(target=self._carry, args=(far, near), daemon=True)
                back.start()
                self._carry(near, far)
                back.join()
        self._ends -= {near, far}

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        try:
            while data := one.recv(65536):
                self._flows.wait()
                other.sendall(data)
            self._flows.wait()
            other.shutdown(socket.SHUT_WR)
        except OSError:
            self._flows.wait()
            for end in (one, other):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)


def online(port: int) -> tuple[int, int]:
    """Ask the application how many are connected, and how many are in the room."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    link.request("GET", "/online", headers={"Host": "localhost"})
    answer = __import__("json").loads(link.getresponse().read())
    link.close()
    return answer["online"], answer["room"]


def until_online(port: int, count: int, seconds: float = 15) -> None:
    """Wait until so many are connected, and in the room."""
    deadline = time.monotonic() + seconds
    while (found := online(port)) != (count, count):
        assert time.monotonic() < deadline, found
        time.sleep(0.1)


class Stage:
    """An application with a chat, its address, and the network in front of it."""

    def __init__(self, port: int, network: Network) -> None:
        self.port = port
        self.direct = f"http://localhost:{port}/chat"
        self.network = network
        self.through = f"http://localhost:{network.port}/chat"


@contextlib.contextmanager
def staged(kind: str, folder: Path, *, ping: float, silence: int) -> Iterator[Stage]:
    """Serve the chat with `asok serve` on uvicorn, or on a port of its own behind nginx."""
    own, front = servers.free_port(), servers.free_port()
    project = folder / "app"
    for name in ("chat", "online"):
        (project / "src/pages" / name).mkdir(parents=True)
    (project / "src/partials/js").mkdir(parents=True)
    (project / "wsgi.py").write_text(APPLICATION)
    (project / "src/pages/chat/page.html").write_text(CHAT_PAGE)
    (project / "src/pages/online/page.py").write_text(ONLINE)
    script = CHAT_SCRIPT.replace("max: 200", f"max: 200, silence: {silence}")
    (project / "src/partials/js/chat.js").write_text(script)
    settings = {"SECRET_KEY": KEY, "APP_URL": "http://localhost", "WS_PORT": str(own), "RATE_LIMIT": "false"}
    settings["ALLOWED_HOSTS"] = "127.0.0.1,localhost"
    (project / ".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    (project / ".env").chmod(0o600)
    environment = {"PING": str(ping)}
    with contextlib.ExitStack() as stack:
        if kind == "nginx":
            environment["OWN"] = "1"
            server = stack.enter_context(servers.run_server("gunicorn", project, environment=environment))
            block = seed("websocket_nginx.conf", own).replace("Host $host;", "Host $http_host;")
            pages = PAGES_BLOCK.replace("Host $host;", "Host $http_host;").format(port=server.port)
            stack.enter_context(nginx(folder / "nginx", front, block + pages))
        else:
            command = ("asok.cli", "serve", "--server", "uvicorn", "-p", str(front))
            running = stack.enter_context(Running(*command, cwd=project, serves=front, **environment))
            running.get_until("chat", "/chat")
        network = Network(front)
        stack.callback(network.close)
        yield Stage(front, network)


@pytest.mark.parametrize("kind", ["serve", "nginx"])
def test_short_silence_of_the_network_only_delays(kind: str, tmp_path: Path, chromium: Browser) -> None:
    """Nobody is taken for gone, and what was said on both sides arrives, in order."""
    with staged(kind, tmp_path, ping=20, silence=25_000) as stage:
        ada, bob = Person(chromium, stage.through), Person(chromium, stage.direct)
        for person in (ada, bob):
            person.sees("open")
        ada.says("before")
        assert bob.reads(1) == ["before"]
        stage.network.swallow()
        bob.says("one")
        bob.says("two")
        assert bob.reads(3) == ["before", "one", "two"]
        ada.says("held back")
        time.sleep(3)
        assert ada.page.locator("#log li").count() == 1
        stage.network.heal()
        assert ada.reads(4) == bob.reads(4) == ["before", "one", "two", "held back"]
        ada.sees("open")
        assert ada.complaints == bob.complaints == []


@pytest.mark.parametrize("kind", ["serve", "nginx"])
def test_long_silence_is_noticed_on_both_sides(kind: str, tmp_path: Path, chromium: Browser) -> None:
    """The server takes the dead peer out of presence and rooms; the page connects again by itself."""
    with staged(kind, tmp_path, ping=1, silence=3000) as stage:
        ada, bob = Person(chromium, stage.through), Person(chromium, stage.direct)
        for person in (ada, bob):
            person.sees("open")
        until_online(stage.port, 2)
        # Signs of life keep a quiet page connected for longer than the silence that it bears.
        time.sleep(4)
        ada.sees("open")
        ada.says("before")
        assert bob.reads(1) == ["before"]
        stage.network.swallow()
        ada.sees("away")
        until_online(stage.port, 1)
        bob.says("nobody hears this")
        time.sleep(4)
        ada.says("written in the tunnel")
        stage.network.heal()
        ada.sees("back")
        assert bob.reads(3) == ["before", "nobody hears this", "written in the tunnel"]
        until_online(stage.port, 2)
        bob.says("there you are")
        assert ada.reads(3) == ["before", "written in the tunnel", "there you are"]
        # Connections that came to nothing are the browser's own complaints.
        for person in (ada, bob):
            assert not [line for line in person.complaints if "Content Security Policy" in line]
