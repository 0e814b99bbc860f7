"""The desk's live side: two people in a browser, one whose network goes away, visitors without scripts, rude clients."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests import servers
from tests.journeys.test_desk import copy_desk
from tests.journeys.test_websockets import PAGES_BLOCK, nginx, seed
from tests.processes import clean_environment

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The desk in a folder of its own."""
    return copy_desk(tmp_path_factory.mktemp("chat"))


@pytest.fixture(scope="module")
def desk(folder: Path) -> Iterator[servers.ServerProcess]:
    """The desk with two workers, so that people meet across processes."""
    environment = {"SESSION_BACKEND": "file", "SECRET_KEY": "k7" * 24}
    with servers.run_server("uvicorn", folder, workers=2, environment=environment) as server:
        yield server


# --- clients that are no browser; before those that are, because a browser's driver keeps the loop ---


def visit(port: int, ticket: int, name: str) -> dict[str, str]:
    """Give a name as a browser does; give the fields of a handshake from that visitor."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    link.request("GET", f"/tickets/{ticket}")
    answer = link.getresponse()
    page = answer.read().decode()
    cookie = answer.headers["Set-Cookie"].partition(";")[0]
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    body = urlencode({"_action": "name", "name": name, "csrf_token": token[1]})
    headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
    link.request("POST", f"/tickets/{ticket}", body, headers)
    answer = link.getresponse()
    answer.read()
    link.close()
    assert answer.status == 303
    kept = [each.partition(";")[0] for each in answer.headers.get_all("Set-Cookie", [])]
    return {"Cookie": "; ".join([cookie, *kept])}


async def next_of(client: Any, kind: str) -> dict[str, Any]:
    """Give the next message of a kind."""
    async with asyncio.timeout(20):
        while True:
            news: dict[str, Any] = json.loads(await client.recv())
            if news["kind"] == kind:
                return news


async def test_socket_takes_a_name_from_the_session_only(desk: servers.ServerProcess) -> None:
    """Without a name one listens; nobody writes under another name; what is no message is nothing."""
    url = f"ws://127.0.0.1:{desk.port}/live/tickets/21"
    headers = visit(desk.port, 21, "Anneke de Vries")
    origin: Any = desk.url
    async with connect(url, additional_headers=headers, origin=origin) as anneke:
        for rude in ("{", "[]", '{"kind": 5}', b"\xff\x00", '{"kind": "message", "text": {"a": 1}}'):
            await anneke.send(rude)
        assert (await next_of(anneke, "refused"))["why"]
        await anneke.send(json.dumps({"kind": "message", "text": "x" * 5001}))
        assert len((await next_of(anneke, "refused"))["text"]) == 5001
        async with connect(url) as nobody:
            # The answer to a handshake does not wait until the room is entered, and the other worker is quick.
            assert (await next_of(anneke, "came"))["who"] is None
            await nobody.send(json.dumps({"kind": "message", "text": "I was never here."}))
            await anneke.send(json.dumps({"kind": "message", "text": "Please do.", "author": "Ines Brandt"}))
            news = await next_of(nobody, "message")
            assert (news["author"], news["text"]) == ("Anneke de Vries", "Please do.")
    status, page = desk.get("/tickets/21")
    assert status == 200
    assert b"Please do." in page
    assert b"I was never here." not in page


async def test_socket_of_a_ticket_that_is_not_there_is_closed(desk: servers.ServerProcess) -> None:
    """A room is that of a ticket, and no others are made."""
    async with connect(f"ws://127.0.0.1:{desk.port}/live/tickets/999999") as client:
        with pytest.raises(ConnectionClosed):
            await client.recv()
        assert client.close_code == 1008


CHANGES = """
import sys
from wsgi import app
from models.ticket import Ticket

app.startup()
for change in sys.argv[1:]:
    number, _, value = change.partition("=")
    Ticket.find(int(number)).update(_trust=True, is_public=value == "public", subject=f"This is {value} now")
"""


def change(folder: Path, *changes: str, **environment: str) -> None:
    """Change tickets from a program of its own, which ends at once."""
    done = subprocess.run(
        [sys.executable, "-c", CHANGES, *changes],
        cwd=folder,
        env=clean_environment(SESSION_BACKEND="file", SECRET_KEY="k7" * 24, **environment),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


async def test_list_hears_of_the_tickets_that_its_visitor_may_see(
    desk: servers.ServerProcess, folder: Path
) -> None:
    """From another process; a ticket that becomes private goes out of sight, and then nothing is told of it."""
    async with connect(f"ws://127.0.0.1:{desk.port}/live/tickets") as client:
        # The answer to a handshake does not wait for what the list begins with.
        await asyncio.sleep(0.5)
        change(folder, "24=public")
        assert json.loads(await asyncio.wait_for(client.recv(), 10)) == {"ticket": 24}
        change(folder, "24=private")
        assert json.loads(await asyncio.wait_for(client.recv(), 10)) == {"ticket": 24}
        change(folder, "24=private", "23=public")
        assert json.loads(await asyncio.wait_for(client.recv(), 10)) == {"ticket": 23}
        change(folder, "24=public")
        assert json.loads(await asyncio.wait_for(client.recv(), 10)) == {"ticket": 24}


async def test_chat_ends_with_the_sight_of_its_ticket(desk: servers.ServerProcess, folder: Path) -> None:
    """Who may see it no longer hears nothing more that is written in it; whoever comes then is refused."""
    url = f"ws://127.0.0.1:{desk.port}/live/tickets/21"
    headers = await asyncio.to_thread(visit, desk.port, 21, "Guest")
    async with connect(url, additional_headers=headers, origin=desk.url) as client:  # type: ignore[arg-type]
        await client.send(json.dumps({"kind": "message", "text": "Is anybody here?"}))
        assert (await next_of(client, "message"))["text"] == "Is anybody here?"
        await asyncio.to_thread(change, folder, "21=private")
        await asyncio.wait_for(client.wait_closed(), 10)
        assert (client.close_code, client.close_reason) == (1008, "There is no such ticket.")
    async with connect(url, additional_headers=headers, origin=desk.url) as client:  # type: ignore[arg-type]
        await asyncio.wait_for(client.wait_closed(), 10)
        assert client.close_code == 1008
    await asyncio.to_thread(change, folder, "21=public")


# --- people in a browser ---------------------------------------------------------------------


class Line:
    """A connection to the server that can be cut and mended, as that of somebody on a train."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._open: set[socket.socket] = set()
        self._is_cut = False
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """End every connection and let no other one through."""
        self._is_cut = True
        for end in list(self._open):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Let connections through again."""
        self._is_cut = False

    def close(self) -> None:
        """Cut it for good."""
        self.cut()
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                if self._is_cut:
                    near.close()
                    continue
                far = socket.create_connection(("127.0.0.1", self._target))
                for one, other in ((near, far), (far, near)):
                    self._open.add(one)
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        with contextlib.suppress(OSError):
            other.shutdown(socket.SHUT_RDWR)
        self._open.discard(one)
        one.close()


@pytest.fixture
def line(desk: servers.ServerProcess) -> Iterator[Line]:
    """A connection to the desk that can be cut."""
    line = Line(desk.port)
    yield line
    line.close()


def enter(browser: Browser, url: str, ticket: int, name: str, said: list[str]) -> Page:
    """Open a ticket as somebody who has given a name; what a console prints is put into `said`."""
    page = browser.new_context().new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"{url}/tickets/{ticket}")
    page.fill("#name", name)
    page.click("text=Join the conversation")
    page.wait_for_selector("#chat[data-live] #composer")
    return page


def write(page: Page, text: str) -> None:
    """Type a message and send it with the Enter key."""
    page.locator("#composer textarea").press_sequentially(text)
    page.keyboard.press("Enter")


@pytest.mark.browser
def test_two_people_talk_and_the_list_moves(desk: servers.ServerProcess, chromium: Browser) -> None:
    """Each sees that the other is here, is writing, has written, has left; nothing is refused by the policy."""
    said: list[str] = []
    looking = chromium.new_context().new_page()
    looking.on("console", lambda message: said.append(message.text))
    looking.goto(f"{desk.url}/tickets?sort=-updated_at")
    looking.wait_for_selector("#list[data-live]")
    assert looking.locator(".tickets li").first.get_attribute("data-ticket") != "13"
    customer = enter(chromium, desk.url, 13, "Chloé Martin", said)
    agent = enter(chromium, desk.url, 13, "Priya Raman", said)
    customer.wait_for_selector("text=Also here: Priya Raman")
    agent.wait_for_selector("text=Also here: Chloé Martin")
    customer.locator("#composer textarea").press_sequentially("It is <i>there</i>")
    agent.wait_for_selector("text=Chloé Martin is writing")
    customer.keyboard.press("Enter")
    agent.wait_for_selector(".arrived:not(.ours) .text:text-is('It is <i>there</i>')")
    agent.wait_for_selector("#facts .badge.open")
    write(agent, "I have it.")
    customer.wait_for_selector(".arrived.ours .text:text-is('I have it.')")
    customer.wait_for_selector("#facts .badge.waiting")
    assert agent.locator(".arrived").count() == 2
    looking.wait_for_selector(".tickets li[data-ticket='13']:first-child:has-text('4 messages')")
    customer.reload()
    assert customer.locator(".message").count() == 4
    agent.context.close()
    customer.wait_for_selector("#here", state="hidden")
    assert said == []


@pytest.mark.browser
def test_who_loses_the_network_misses_nothing(
    desk: servers.ServerProcess, line: Line, chromium: Browser
) -> None:
    """What was written meanwhile is there when the connection is back, and what one writes then arrives."""
    away = enter(chromium, f"http://127.0.0.1:{line.port}", 18, "Martha Nowak", [])
    agent = enter(chromium, desk.url, 18, "Marco Silva", [])
    agent.wait_for_selector("text=Also here: Martha Nowak")
    line.cut()
    agent.wait_for_selector("#here", state="hidden")
    away.wait_for_selector("#chat:not([data-live])")
    write(agent, "Are you still there?")
    agent.wait_for_selector(".arrived")
    line.mend()
    away.wait_for_selector("#chat[data-live]")
    away.wait_for_selector(".message:has-text('Are you still there?')")
    agent.wait_for_selector("text=Also here: Martha Nowak")
    write(away, "In a tunnel.")
    agent.wait_for_selector(".arrived:has-text('In a tunnel.')")
    for page in (away, agent):
        page.context.close()


@pytest.mark.browser
def test_conversation_works_without_scripts(desk: servers.ServerProcess, chromium: Browser) -> None:
    """Name and message are plain forms; others see the message at once, and what is too long is said."""
    live = enter(chromium, desk.url, 9, "Priya Raman", [])
    context = chromium.new_context(java_script_enabled=False)
    plain = context.new_page()
    plain.goto(f"{desk.url}/tickets/9")
    plain.fill("#name", "R")
    plain.locator("#join").evaluate("form => form.noValidate = true")
    plain.click("text=Join the conversation")
    assert plain.locator("#name-error").count() == 1
    plain.fill("#name", "Rhys Morgan")
    plain.click("text=Join the conversation")
    plain.fill("#text", "With pleasure.")
    plain.click("text=Send")
    assert plain.locator(".message").last.locator(".text").inner_text() == "With pleasure."
    assert re.search(r"/tickets/9#message-\d+$", plain.url)
    live.wait_for_selector(".arrived:has-text('With pleasure.')")
    plain.click("text=Somebody else?")
    assert plain.locator("#name").count() == 1
    for each in (context, live.context):
        each.close()


@pytest.mark.browser
def test_desk_stands_behind_nginx_with_redis(
    folder: Path, tmp_path: Path, redis_url: str, chromium: Browser
) -> None:
    """In production under gunicorn, whose sockets have a port of their own: people talk, the list moves."""
    own, front = servers.free_port(), servers.free_port()
    address = f"http://localhost:{front}"
    settings = {
        "DEBUG": "false",
        "APP_URL": address,
        "REDIS_URL": redis_url,
        "SESSION_BACKEND": "redis",
        # The proxy of this test speaks no TLS.
        "SESSION_SECURE": "false",
        "SECRET_KEY": "k7" * 24,
        "TRUSTED_PROXIES": "127.0.0.1",
        "WS_PORT": str(own),
    }
    said: list[str] = []
    blocks = seed("websocket_nginx.conf", own) + PAGES_BLOCK
    with servers.run_server("gunicorn", folder, workers=2, environment=settings) as server:
        shown = blocks.replace("Host $host;", "Host $http_host;").replace("{port}", str(server.port))
        with nginx(tmp_path / "nginx", front, shown.replace("{{", "{").replace("}}", "}")):
            looking = chromium.new_context().new_page()
            looking.on("console", lambda message: said.append(message.text))
            with looking.expect_websocket() as opened:
                looking.goto(f"{address}/tickets?sort=-updated_at")
            assert opened.value.url.startswith(f"ws://localhost:{front}/ws/live/tickets")
            looking.wait_for_selector("#list[data-live]")
            customer = enter(chromium, address, 15, "Chloé Martin", said)
            agent = enter(chromium, address, 15, "Priya Raman", said)
            customer.wait_for_selector("text=Also here: Priya Raman")
            write(agent, "Through nginx.")
            customer.wait_for_selector(".arrived .text:text-is('Through nginx.')")
            looking.wait_for_selector(".tickets li[data-ticket='15']:first-child")
            for page in (looking, customer, agent):
                page.context.close()
        assert said == []
        assert "Traceback" not in server.read_log()


def test_log_has_no_traceback(desk: servers.ServerProcess) -> None:
    """Whatever was said above, nothing broke."""
    assert "Traceback" not in desk.read_log()
