"""WebSockets of whole applications: the document's code on every server, behind nginx, in a browser, at the end.

The blocks of the seed stand in `seeds/` to the letter. Their port is taken by one test at a time on a
machine, so most tests put a free one in its place, and nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from tests import servers
from tests.processes import Running

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.servers

SEEDS = Path(__file__).parent / "seeds"
#: Servers that have sockets on the pages' own port, and those that need one of their own.
ON_ONE_PORT = ["uvicorn", "granian-asgi", "granian-rsgi", "hypercorn"]
BESIDE = ["gunicorn", "granian-wsgi"]
KEY = "k7" * 24

MORE = """
@ws.on("/echo")
async def echo(conn, message):
    if message == "close":
        conn.close(4000, "as you wish")
    else:
        conn.send(message)


@ws.on("/who")
def who(conn, message):
    conn.send_json({"addr": conn.addr, "pid": __import__("os").getpid(), "cart": conn.session.get("cart")})
"""


def seed(name: str, port: int) -> str:
    """Give a block of the document with another port."""
    return (SEEDS / name).read_text().replace("8001", str(port))


def project(root: Path, port: int, *, start: bool = True, more: str = "", **env: str) -> Path:
    """Write an application with the document's handlers."""
    code = seed("websocket_app.py", port)
    first, last = code.rsplit("ws.start()", 1)
    (root / "src/pages/cart").mkdir(parents=True)
    (root / "wsgi.py").write_text(f"{first}{MORE}{more}\n" + (f"ws.start(){last}" if start else ""))
    (root / "src/pages/page.html").write_text("<h1>home</h1>")
    (root / "src/pages/cart/page.py").write_text(
        "def get(request):\n"
        "    if 'end' in request.query:\n        request.session.end()\n        return 'ended'\n"
        "    request.session['cart'] = 3\n    return 'filled'\n"
        "def post(request):\n    return 'never'\n"
    )
    settings = {"SECRET_KEY": KEY, "APP_URL": "http://localhost", "ALLOWED_HOSTS": "127.0.0.1", **env}
    (root / ".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    (root / ".env").chmod(0o600)
    return root


async def joined(url: str, seconds: float = 10, **options: Any) -> ClientConnection:
    """Connect as soon as somebody listens."""
    async with asyncio.timeout(seconds):
        while True:
            try:
                return await connect(url, **options)
            except OSError:
                await asyncio.sleep(0.02)


async def talk(url: str) -> None:
    """Do what the document's handlers are for."""
    async with (
        await joined(f"{url}/chat/a") as one,
        connect(f"{url}/chat/a") as two,
        connect(f"{url}/chat/b") as three,
    ):
        await one.send("hello")
        assert [await one.recv(), await two.recv()] == ["Guest: hello", "Guest: hello"]
        await three.send("alone")
        assert await three.recv() == "Guest: alone"
    async with connect(f"{url}/notifications") as client:
        assert await client.recv() == "Connected to notification stream"
    async with connect(f"{url}/chat") as stays:
        async with connect(f"{url}/chat"):
            pass
        assert await asyncio.wait_for(stays.recv(), 5) == "Someone left the chat"
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"{url}/nowhere")
    assert refused.value.response.status_code == 404
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"{url}/chat", origin="https://evil.example")  # type: ignore[arg-type]
    assert refused.value.response.status_code == 403


# --- the document on every server ---------------------------------------------------------------


@pytest.mark.parametrize("kind", BESIDE + ON_ONE_PORT)
async def test_document_runs_on_a_port_of_its_own_beside_every_server(kind: str, tmp_path: Path) -> None:
    """Handlers, parameters, broadcasts, refusals; with two workers as with one."""
    port = servers.free_port()
    folder = project(tmp_path, port)
    with servers.run_server(kind, folder, workers=1 if kind == "hypercorn" else 2) as server:
        await talk(f"ws://127.0.0.1:{port}")
        assert server.get("/")[0] == 200
        assert "Client connected from ('127.0.0.1', " in server.read_log()
        assert "Traceback" not in server.read_log()


@pytest.mark.parametrize("kind", ON_ONE_PORT)
async def test_document_runs_on_the_pages_port(kind: str, tmp_path: Path) -> None:
    """The same handlers without ws.start(), also below /ws."""
    folder = project(tmp_path, 1, start=False)
    with servers.run_server(kind, folder) as server:
        url = f"ws://127.0.0.1:{server.port}"
        await talk(url)
        await talk(f"{url}/ws")
        assert server.get("/")[0] == 200
        assert "Traceback" not in server.read_log()


def test_document_runs_to_the_letter(tmp_path: Path) -> None:
    """Port 8001 and all."""
    with contextlib.closing(__import__("socket").socket()) as probe:
        if probe.connect_ex(("127.0.0.1", 8001)) == 0:
            pytest.skip("port 8001 is in use on this machine; the other tests use free ones")
    (tmp_path / "src/pages").mkdir(parents=True)
    (tmp_path / "src/pages/page.html").write_text("<h1>home</h1>")
    (tmp_path / "wsgi.py").write_text((SEEDS / "websocket_app.py").read_text())
    (tmp_path / ".env").write_text("DEBUG=true\n")

    async def check() -> None:
        client = await joined("ws://localhost:8001/notifications")
        assert await client.recv() == "Connected to notification stream"
        await client.close()

    with servers.run_server("gunicorn", tmp_path, environment={"PYTHONUNBUFFERED": "1"}):
        asyncio.run(check())


async def test_broadcasts_of_the_document_reach_whom_they_should(tmp_path: Path) -> None:
    """To everybody, as JSON, and not to the one that is left out."""
    code = "".join(f"    {line}\n" for line in (SEEDS / "websocket_broadcasts.py").read_text().splitlines())
    more = f'\n@ws.on("/chat")\ndef say(conn, message):\n{code}'
    folder = project(tmp_path, 1, start=False, more=more)
    with servers.run_server("uvicorn", folder) as server:
        url = f"ws://127.0.0.1:{server.port}/chat"
        async with await joined(url) as sender, connect(url) as other:
            await sender.send("go")
            expected = ["Hello everyone!", '{"type":"alert","content":"System restart"}']
            assert [await sender.recv() for _ in range(2)] == expected
            assert [await other.recv() for _ in range(3)] == [*expected, "You sent a message"]
            await sender.send("again")
            assert await sender.recv() == "Hello everyone!"


# --- several processes ------------------------------------------------------------------------------


@pytest.mark.parametrize("adapter", ["sqlite", "redis"])
@pytest.mark.parametrize("kind", ["uvicorn", "granian-asgi"])
async def test_broadcasts_reach_the_clients_of_every_worker(
    kind: str, adapter: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Three workers on one port; every client gets every message once, in the order of its sender."""
    env = {"REDIS_URL": request.getfixturevalue("redis_url")} if adapter == "redis" else {}
    folder = project(tmp_path, 1, start=False, WS_ADAPTER=adapter, **env)
    with servers.run_server(kind, folder, workers=3) as server:
        url = f"ws://127.0.0.1:{server.port}"
        clients: list[ClientConnection] = []
        pids: set[int] = set()
        async with asyncio.timeout(20):
            while len(pids) < 2 or len(clients) < 12:
                # Each handshake may meet another worker.
                async with await joined(f"{url}/who") as asking:
                    await asking.send("?")
                    pids.add(__import__("json").loads(await asking.recv())["pid"])
                clients.append(await connect(f"{url}/chat/a"))
        # Whoever has just come is heard by the others once its process listens.
        await asyncio.sleep(0.5)
        for number in range(20):
            await clients[0].send(f"a{number}")
            await clients[-1].send(f"b{number}")
        for client in clients:
            heard = [
                str(await asyncio.wait_for(client.recv(), 10)).removeprefix("Guest: ") for _ in range(40)
            ]
            for name in "ab":
                assert [one for one in heard if one[0] == name] == [f"{name}{number}" for number in range(20)]
        for client in clients:
            await client.close()


async def test_another_worker_takes_over_when_the_serving_one_is_killed(tmp_path: Path) -> None:
    """gunicorn with three workers: kill -9 of the one that serves sockets costs a moment."""
    port = servers.free_port()
    folder = project(tmp_path, port)
    with servers.run_server("gunicorn", folder, workers=3):
        url = f"ws://127.0.0.1:{port}/who"

        async def served_by() -> int:
            async with await joined(url) as client:
                await client.send("?")
                return int(__import__("json").loads(await client.recv())["pid"])

        first = await served_by()
        os.kill(first, signal.SIGKILL)
        began = time.monotonic()
        async with asyncio.timeout(10):
            while True:
                with contextlib.suppress(ConnectionClosed, InvalidHandshake):
                    if await served_by() != first:
                        break
        assert time.monotonic() - began < 4


# --- sessions --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["gunicorn", "uvicorn", "granian-asgi"])
async def test_session_of_the_pages_is_that_of_the_socket_until_it_ends(kind: str, tmp_path: Path) -> None:
    """What a page puts in is there, and the end of the session closes the socket within five seconds (114)."""
    import urllib.request

    port = servers.free_port()
    folder = project(tmp_path, port, SESSION_BACKEND="file", SESSION_SECURE="false", LOG_LEVEL="WARNING")
    with servers.run_server(kind, folder, workers=1 if kind != "gunicorn" else 2) as server:

        def visit(path: str, cookie: str = "") -> str:
            asked = urllib.request.Request(f"{server.url}{path}", headers={"Cookie": cookie})
            with urllib.request.urlopen(asked, timeout=10) as answer:
                return "; ".join(c.partition(";")[0] for c in answer.headers.get_all("set-cookie") or [])

        cookie = visit("/cart")
        headers = {"Cookie": cookie}
        origin: Any = "http://localhost"
        urls = [f"ws://127.0.0.1:{port}/who"]
        if kind != "gunicorn":
            urls.append(f"ws://127.0.0.1:{server.port}/who")
        clients = [await joined(url, additional_headers=headers, origin=origin) for url in urls]
        for client in clients:
            await client.send("?")
            assert __import__("json").loads(await client.recv())["cart"] == 3
        with pytest.raises(InvalidStatus):
            await connect(urls[0], additional_headers=headers)
        visit("/cart?end=1", cookie)
        for client in clients:
            await asyncio.wait_for(client.wait_closed(), 5)
            assert (client.close_code, client.close_reason) == (1008, "The session has ended.")


# --- the end ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["uvicorn", "gunicorn", "granian-asgi", "granian-rsgi"])
@pytest.mark.parametrize("own_port", [True, False])
async def test_sigterm_closes_sockets_and_the_process_ends(kind: str, own_port: bool, tmp_path: Path) -> None:
    """Clients get 1001 (1012 by uvicorn's own word), and the process is gone within three seconds (140).

    RSGI has no close codes, so there 1005 is the most that a client can see; 1006 would be a cut.
    """
    if kind == "gunicorn" and not own_port:
        pytest.skip("a WSGI server has no sockets on its own port")
    port = servers.free_port()
    folder = project(tmp_path, port, start=own_port)
    with servers.run_server(kind, folder) as server:
        url = f"ws://127.0.0.1:{port if own_port else server.port}/echo"
        clients = [await joined(url) for _ in range(50)]
        for client in clients:
            await client.send("here")
            assert await client.recv() == "here"
        began = time.monotonic()
        server.terminate()
        for client in clients:
            await asyncio.wait_for(client.wait_closed(), 5)
        await asyncio.to_thread(server.process.wait, 6)
        took = time.monotonic() - began
        codes = {1005} if kind == "granian-rsgi" and not own_port else {1001, 1012}
        assert {client.close_code for client in clients} <= codes, server.read_log()
        assert took < 3.5, f"{took:.1f} s\n{server.read_log()}"
        assert "Traceback" not in server.read_log()


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_serve_with_granian_closes_sockets_before_granian_cuts_them(
    workers: str, tmp_path: Path
) -> None:
    """`asok serve` takes what has close codes, and every client gets 1001."""
    pages = servers.free_port()
    folder = project(tmp_path, 1, start=False)
    arguments = ("serve", "--server", "granian", "-w", workers, "-p", str(pages))
    with Running("asok.cli", *arguments, cwd=folder, serves=pages) as running:
        running.get_until("home")
        clients = [await joined(f"ws://127.0.0.1:{pages}/echo") for _ in range(50)]
        for client in clients:
            await client.send("here")
            assert await client.recv() == "here"
        began = time.monotonic()
        running.process.terminate()
        for client in clients:
            await asyncio.wait_for(client.wait_closed(), 5)
        assert await asyncio.to_thread(running.process.wait, 6) == 0
        assert {client.close_code for client in clients} == {1001}, running.output
        assert time.monotonic() - began < 4.5, running.output
        assert "Traceback" not in running.output


async def test_serve_has_our_frames_and_ends_in_time(tmp_path: Path) -> None:
    """Under `asok serve` with uvicorn the document runs, and SIGTERM closes with 1001 whatever clients do."""
    pages = servers.free_port()
    folder = project(tmp_path, 1, start=False)
    with Running(
        "asok.cli", "serve", "--server", "uvicorn", "-p", str(pages), cwd=folder, serves=pages
    ) as running:
        running.get_until("home")
        url = f"ws://127.0.0.1:{pages}"
        await talk(url)
        await talk(f"{url}/ws")
        clients = [await joined(f"{url}/echo") for _ in range(10)]
        # Frames of our own are packed without keeping anything between messages.
        assert "server_no_context_takeover" in clients[0].response.headers["Sec-WebSocket-Extensions"]
        began = time.monotonic()
        running.process.terminate()
        for client in clients:
            await asyncio.wait_for(client.wait_closed(), 5)
        assert await asyncio.to_thread(running.process.wait, 6) == 0
        assert {client.close_code for client in clients} == {1001}, running.output
        assert time.monotonic() - began < 4.5, running.output
        assert "Traceback" not in running.output


async def test_dev_restarts_sockets_together_with_pages(tmp_path: Path) -> None:
    """A change in the code ends the connections, and the next one meets the changed handler."""
    port, pages = servers.free_port(), servers.free_port()
    folder = project(tmp_path, port, DEBUG="true")
    with Running("asok.cli", "dev", "-p", str(pages), cwd=folder) as running:
        url = f"ws://127.0.0.1:{port}/echo"
        client = await joined(url, seconds=15)
        await client.send("before")
        assert await client.recv() == "before"
        code = (folder / "wsgi.py").read_text()
        (folder / "wsgi.py").write_text(code.replace("conn.send(message)", "conn.send(message.upper())"))
        await asyncio.wait_for(client.wait_closed(), 10)
        assert client.close_code == 1001, running.output
        client = await joined(url)
        await client.send("after")
        assert await client.recv() == "AFTER"
        await client.close()
        assert "Traceback" not in running.output


# --- behind nginx --------------------------------------------------------------------------------------------


@contextlib.contextmanager
def nginx(folder: Path, port: int, blocks: str) -> Iterator[None]:
    """Run Debian's nginx with these location blocks."""
    missing = servers.missing_part("nginx")
    if missing:
        pytest.skip(missing)
    folder.mkdir()
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off;\npid {folder}/pid;\nerror_log stderr;\nworker_processes 1;\n"
        f"events {{ worker_connections 512; }}\nhttp {{\naccess_log off;\n{temporary}"
        f"server {{\nlisten 127.0.0.1:{port};\n{blocks}\n}}\n}}\n"
    )
    process = subprocess.Popen(
        ["nginx", "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 5
        while not servers._is_open(port):
            assert process.poll() is None and time.monotonic() < deadline, process.stderr
            time.sleep(0.02)
        yield
    finally:
        process.terminate()
        process.wait(5)
        assert process.stderr is not None
        process.stderr.close()


PAGES_BLOCK = """
location / {{
    proxy_pass http://127.0.0.1:{port};
    proxy_set_header Host $host;
    proxy_set_header X-Real-IP $remote_addr;
}}
"""


@pytest.mark.parametrize("kind", ["gunicorn", "uvicorn"])
async def test_block_of_the_document_works_in_nginx(kind: str, tmp_path: Path) -> None:
    """The prefix is taken off, the upgrade passes, and conn.addr is the client's through a trusted proxy."""
    port, front = servers.free_port(), servers.free_port()
    folder = project(tmp_path / "app", port, TRUSTED_PROXIES="127.0.0.1")
    block = seed("websocket_nginx.conf", port)
    with (
        servers.run_server(kind, folder) as server,
        nginx(tmp_path / "nginx", front, block + PAGES_BLOCK.format(port=server.port)),
    ):
        # Any address of loopback is this machine; it stands for a client elsewhere.
        url = f"ws://127.0.0.1:{front}/ws"
        async with await joined(f"{url}/who", local_addr=("127.0.0.7", 0)) as client:
            await client.send("?")
            assert __import__("json").loads(await client.recv())["addr"][0] == "127.0.0.7"
        async with connect(f"{url}/echo", origin="http://localhost") as client:  # type: ignore[arg-type]
            await client.send("through")
            assert await client.recv() == "through"
            await client.send("close")
            await asyncio.wait_for(client.wait_closed(), 5)
            assert (client.close_code, client.close_reason) == (4000, "as you wish")
        with pytest.raises(InvalidStatus):
            await connect(f"{url}/echo", origin="https://evil.example")  # type: ignore[arg-type]


# --- in a browser ---------------------------------------------------------------------------------------------

CHAT_PAGE = """<!doctype html>
<html lang="en"><head><title>Chat</title><link rel="icon" href="data:,"><script src="/js/chat.js" defer></script></head>
<body><ul id="log"></ul><input id="text"><button id="say">Say</button><p id="state"></p></body></html>
"""
CHAT_SCRIPT = """
const socket = asokWS('/chat/a', { reconnect: { min: 50, max: 200 } });
const state = document.getElementById('state');
socket.onopen = (event) => { state.textContent = event.again ? 'back' : 'open'; };
socket.onclose = (event) => { state.textContent = event.reconnecting ? 'away' : 'closed'; };
socket.onmessage = (event) => {
  const item = document.createElement('li');
  item.textContent = event.data;
  document.getElementById('log').append(item);
};
document.getElementById('say').onclick = () => socket.send(document.getElementById('text').value);
"""


def with_chat(folder: Path) -> Path:
    (folder / "src/pages/chat").mkdir()
    (folder / "src/pages/chat/page.html").write_text(CHAT_PAGE)
    (folder / "src/pages/seed").mkdir()
    (folder / "src/pages/seed/page.html").write_text(
        "<!doctype html><html><head><title>x</title><link rel='icon' href='data:,'></head><body><script>"
        + (SEEDS / "websocket_page.js").read_text()
        + "</script></body></html>"
    )
    (folder / "src/partials/js").mkdir(parents=True)
    (folder / "src/partials/js/chat.js").write_text(CHAT_SCRIPT)
    return folder


class Person:
    """Somebody with a browser tab."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.context = browser.new_context()
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on(
            "console", lambda line: self.complaints.append(line.text) if line.type == "error" else None
        )
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(url)

    def says(self, text: str) -> None:
        self.page.fill("#text", text)
        self.page.click("#say")

    # Why not wait_for_function: it evaluates text in the page, which the policy forbids.

    def reads(self, count: int) -> list[str]:
        self.page.locator("#log li").nth(count - 1).wait_for(timeout=8000)
        return self.page.locator("#log li").all_text_contents()

    def sees(self, state: str) -> None:
        self.page.locator("#state", has_text=re.compile(f"^{state}$")).wait_for(timeout=8000)


@pytest.mark.browser
@pytest.mark.parametrize(
    ("kind", "own_port", "debug"),
    [
        ("uvicorn", True, True),
        ("uvicorn", False, True),
        ("granian-asgi", False, False),
        ("gunicorn", True, True),
    ],
)
def test_two_people_chat_and_the_policy_has_nothing_to_say(
    kind: str, own_port: bool, debug: bool, tmp_path: Path, chromium: Browser
) -> None:
    """On a port of its own in development and on the pages' port; the document's script works at once."""
    port = servers.free_port()
    folder = with_chat(project(tmp_path, port, start=own_port, DEBUG=str(debug).lower()))
    with servers.run_server(kind, folder) as server:
        url = f"http://localhost:{server.port}"
        ada, bob = Person(chromium, f"{url}/chat"), Person(chromium, f"{url}/chat")
        for person in (ada, bob):
            person.sees("open")
        ada.says("hello")
        assert bob.reads(1) == ["Guest: hello"]
        bob.says("hi Ada")
        assert ada.reads(2) == ["Guest: hello", "Guest: hi Ada"]
        words: list[str] = []
        reader = Person(chromium, "about:blank")
        reader.page.on("console", lambda line: words.append(line.text))
        with reader.page.expect_websocket() as opened:
            reader.page.goto(f"{url}/seed")
        expected = f"ws://localhost:{port if own_port else server.port}/chat"
        assert opened.value.url == expected
        assert ada.complaints == bob.complaints == reader.complaints == []


@pytest.mark.browser
def test_person_who_loses_the_server_comes_back(tmp_path: Path, chromium: Browser) -> None:
    """The server is restarted; the tab connects again by itself, and what was said meanwhile arrives."""
    port, pages = servers.free_port(), servers.free_port()
    folder = with_chat(project(tmp_path, port, DEBUG="true"))
    with servers.run_server("uvicorn", folder, port=pages):
        ada = Person(chromium, f"http://localhost:{pages}/chat")
        ada.sees("open")
    ada.sees("away")
    ada.says("said while away")
    with servers.run_server("uvicorn", folder, port=pages):
        ada.sees("back")
        assert ada.reads(1) == ["Guest: said while away"]
    # Refused connections while the server was away are the browser's own complaints.
    assert not [line for line in ada.complaints if "Content Security Policy" in line]


@pytest.mark.browser
def test_person_behind_nginx_chats_in_production(tmp_path: Path, chromium: Browser) -> None:
    """Production settings: the page connects below /ws of its own address, through the document's block."""
    port, front = servers.free_port(), servers.free_port()
    folder = with_chat(
        project(tmp_path / "app", port, TRUSTED_PROXIES="127.0.0.1", APP_URL=f"http://localhost:{front}")
    )
    block = seed("websocket_nginx.conf", port).replace("Host $host;", "Host $http_host;")
    pages = PAGES_BLOCK.replace("Host $host;", "Host $http_host;")
    with (
        servers.run_server("gunicorn", folder) as server,
        nginx(tmp_path / "nginx", front, block + pages.format(port=server.port)),
    ):
        ada = Person(chromium, "about:blank")
        with ada.page.expect_websocket() as opened:
            ada.page.goto(f"http://localhost:{front}/chat")
        bob = Person(chromium, f"http://localhost:{front}/chat")
        assert opened.value.url.partition("?")[0] == f"ws://localhost:{front}/ws/chat/a"
        for person in (ada, bob):
            person.sees("open")
        bob.says("through nginx")
        assert ada.reads(1) == ["Guest: through nginx"]
        policy = re.search(
            r"connect-src ([^;]+);",
            ada.page.request.get(f"http://localhost:{front}/chat").headers["content-security-policy"],
        )
        assert policy is not None
        assert policy[1] == f"'self' ws://localhost:{front}"
        assert ada.complaints == bob.complaints == []
