"""What is kept about visitors, and the forms they send, on every server, in a browser, and while Redis is away."""

from __future__ import annotations

import contextlib
import getpass
import http.client
import re
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from tests import servers

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.servers

FORM = "application/x-www-form-urlencoded"
WSGI = """
import os
from asok import Asok

app = Asok()
app.config["SECRET_KEY"] = "visitors-and-nothing-else-0123456789abc"
app.config["APP_URL"] = "http://127.0.0.1"
app.config["ALLOWED_HOSTS"] = ["127.0.0.1", "localhost"]
app.config["RATE_LIMIT"] = False
app.config["LOG_LEVEL"] = "WARNING"
if os.environ.get("REDIS_URL"):
    app.config["SESSION_BACKEND"] = "redis"
else:
    app.config["SESSION_BACKEND"] = "file"
"""
FILES = {
    "wsgi.py": WSGI,
    "src/partials/html/layout.html": "<!doctype html><html lang=en><head><title>Cart</title></head><body>"
    "{% for category, message in get_flashed_messages() %}<p class={{ category }}>{{ message }}</p>{% endfor %}"
    "{% block main %}{% endblock %}</body></html>",
    "src/pages/page.html": "{% extends 'html/layout.html' %}{% block main %}<h1>Welcome</h1>{% endblock %}",
    "src/pages/cart/page.html": "{% extends 'html/layout.html' %}{% block main %}<ul>"
    "{% for row in rows %}<li>{{ row }}</li>{% endfor %}</ul>"
    '<form method="post"><label>Product <input name="product"></label><button>Add</button></form>'
    '<form id="out" method="post" action="/leave"><button>Leave</button></form>{% endblock %}',
    "src/pages/cart/page.py": "async def get(request):\n"
    "    return request.html('page.html', rows=request.session.get('cart', []))\n\n"
    "def post(request):\n"
    "    request.session.setdefault('cart', []).append(request.form['product'])\n"
    "    request.flash('success', 'Added.')\n"
    "    request.redirect('/cart')\n",
    "src/pages/leave/page.py": "async def post(request):\n"
    "    request.session.end()\n    request.flash('Good-bye.')\n    request.redirect('/')\n",
    "src/pages/enter/page.py": "def get(request):\n"
    "    request.session['count'] = 0\n    request.session.rotate('user:1')\n    return 'in'\n",
    "src/pages/count/page.py": "async def get(request):\n"
    "    request.session['count'] = request.session['count'] + 1\n"
    "    return str(request.session['count'])\n",
    # Both say that everybody may keep them; one of them speaks of its visitor.
    "src/pages/shout/page.py": "async def get(request):\n"
    "    request.header('Cache-Control', 'PUBLIC , max-age=60')\n"
    "    return 'count ' + str(request.session.get('count', 'none'))\n",
    "src/pages/news/page.py": "async def get(request):\n"
    "    request.header('Cache-Control', 'public, max-age=60')\n    return 'news'\n",
    "src/pages/free/page.py": "async def get(request):\n    return 'free'\n",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop that keeps carts."""
    folder = tmp_path_factory.mktemp("visitors")
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


NGINX = """
daemon off; user {user}; pid {folder}/pid; error_log {folder}/log;
events {{}}
http {{
  access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  proxy_cache_path {folder}/cache keys_zone=shared:1m;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://127.0.0.1:{behind}; proxy_set_header Host $host;
      proxy_cache shared; proxy_cache_key $uri; proxy_ignore_headers Set-Cookie Vary;
      add_header X-Cache $upstream_cache_status;
    }}
  }}
}}
"""


@contextlib.contextmanager
def shared_cache(folder: Path, behind: int) -> Iterator[int]:
    """Put a careless nginx in front: it heeds Cache-Control, and neither Set-Cookie nor Vary; gives its port."""
    program = servers.find_program("nginx")
    if program is None:
        pytest.skip("nginx is not installed")
    port = servers.free_port()
    folder.mkdir()
    (folder / "conf").write_text(
        NGINX.format(user=getpass.getuser(), folder=folder, port=port, behind=behind)
    )
    process = subprocess.Popen([program, "-c", str(folder / "conf"), "-p", str(folder)])
    try:
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(5)


class Visitor:
    """Somebody with cookies, over plain sockets."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookies: dict[str, str] = {}
        self._fields: dict[str, str] = {}

    def header(self, name: str) -> str:
        """Give a field of the last answer, "" without."""
        return self._fields.get(name.lower(), "")

    def ask(self, method: str, path: str, body: str | None = None, **headers: str) -> tuple[int, str, str]:
        """Send one request; give status, Location and text."""
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()), **headers}
            if body is not None:
                sent["Content-Type"] = FORM
            link.request(method, path, body, sent)
            answer = link.getresponse()
            self._fields = {name.lower(): value for name, value in answer.getheaders()}
            for name, value in answer.getheaders():
                if name.lower() == "set-cookie":
                    key, _, text = value.partition(";")[0].partition("=")
                    self.cookies[key] = text
            return answer.status, answer.headers.get("Location", ""), answer.read().decode()
        finally:
            link.close()

    def token(self, path: str) -> str:
        """Give the token of a page's form."""
        found = re.search(r'name="csrf_token" value="([0-9a-f]+)"', self.ask("GET", path)[2])
        assert found
        return found[1]


@pytest.mark.parametrize("kind", list(servers.KINDS))
def test_cart_is_kept_and_its_form_is_the_visitors_own(kind: str, project: Path) -> None:
    """Form, redirect, message, sign-out; another visitor's token, another site and no token are refused."""
    with servers.run_server(kind, project) as server:
        ada, mallory = Visitor(server.port), Visitor(server.port)
        ada.ask("GET", "/")
        assert ada.cookies == {}
        token = ada.token("/cart")
        for product in ("Tea", "Cake & <b>"):
            body = urlencode({"csrf_token": token, "product": product})
            assert ada.ask("POST", "/cart", body)[:2] == (302, "/cart")
        page = ada.ask("GET", "/cart")[2]
        assert page.count("<p class=success>Added.</p>") == 2
        assert "<li>Tea</li><li>Cake &amp; &lt;b&gt;</li>" in page
        assert "Added." not in ada.ask("GET", "/cart")[2]
        assert "<li>" not in mallory.ask("GET", "/cart")[2]
        for stolen in (mallory.token("/cart"), "", "0" * 64):
            body = urlencode({"csrf_token": stolen, "product": "x"})
            assert ada.ask("POST", "/cart", body)[0] == 403
        body = urlencode({"csrf_token": token, "product": "x"})
        assert ada.ask("POST", "/cart", body, Origin="https://evil.example")[0] == 403
        kept = dict(ada.cookies)
        assert ada.ask("POST", "/leave", urlencode({"csrf_token": token}))[:2] == (302, "/")
        assert "Good-bye." in ada.ask("GET", "/")[2]
        thief = Visitor(server.port)
        thief.cookies = kept
        assert "<li>" not in thief.ask("GET", "/cart")[2]
        assert "Traceback" not in server.read_log()


def test_shared_cache_never_shows_one_visitor_to_another(project: Path, tmp_path: Path) -> None:
    """Not a page that was made with a session, and no cookie, although a handler said public (case 89)."""
    with (
        servers.run_server("uvicorn", project) as server,
        shared_cache(tmp_path / "nginx", server.port) as port,
    ):
        ada, mallory = Visitor(port), Visitor(port)
        assert [mallory.ask("GET", "/news")[2] for _ in range(2)] == ["news", "news"]
        assert mallory.header("X-Cache") == "HIT"
        ada.ask("GET", "/enter")
        mallory.ask("GET", "/enter")
        assert mallory.cookies != ada.cookies
        ada.ask("GET", "/count")
        assert ada.ask("GET", "/shout")[2] == "count 1"
        assert ada.header("Cache-Control") == "private, max-age=60"
        assert mallory.ask("GET", "/shout")[2] == "count 0"
        assert Visitor(port).ask("GET", "/shout")[2] == "count none"
        assert ada.token("/cart") != mallory.token("/cart")
        stranger = Visitor(port)
        stranger.ask("GET", "/cart")
        assert set(stranger.cookies) == {"__Host-asok_csrf"}


@pytest.mark.parametrize("kind", ["uvicorn", "gunicorn"])
def test_two_workers_share_the_files(kind: str, project: Path) -> None:
    """Whichever process answers, the visitor is the same; at once, nobody loses a key."""
    with servers.run_server(kind, project, workers=2) as server:
        ada = Visitor(server.port)
        token = ada.token("/cart")
        for number in range(12):
            body = urlencode({"csrf_token": token, "product": f"p{number}"})
            assert ada.ask("POST", "/cart", body)[0] == 302
        assert ada.ask("GET", "/cart")[2].count("<li>") == 12


@pytest.mark.parametrize("kind", ["uvicorn", "gunicorn", "granian-rsgi"])
def test_redis_that_stops_under_load_is_503_and_loses_nothing(
    kind: str, project: Path, redis_server: servers.RedisProcess
) -> None:
    """While it stands still visitors get 503, never an empty session; afterwards theirs is as it was (case 137)."""
    with servers.run_server(kind, project, environment={"REDIS_URL": redis_server.url}) as server:
        visitors = [Visitor(server.port) for _ in range(6)]
        for visitor in visitors:
            assert visitor.ask("GET", "/enter")[0] == 200
        stop = threading.Event()
        seen: list[tuple[int, str]] = []
        counts: list[int] = []

        def keep_asking(visitor: Visitor) -> Callable[[], None]:
            def run() -> None:
                done = 0
                while not stop.is_set():
                    status, _, text = visitor.ask("GET", "/count")
                    seen.append((status, text))
                    if status == 200:
                        # A session that was lost would begin to count anew, or break.
                        assert int(text) > done
                        done = int(text)
                counts.append(done)

            return run

        threads = [threading.Thread(target=keep_asking(visitor)) for visitor in visitors]
        for thread in threads:
            thread.start()
        time.sleep(0.7)
        redis_server.pause()
        time.sleep(3)
        assert Visitor(server.port).ask("GET", "/free")[0] == 200
        redis_server.resume()
        time.sleep(2.5)
        stop.set()
        for thread in threads:
            thread.join(30)
        statuses = {status for status, _ in seen}
        assert statuses == {200, 503}
        assert len(counts) == len(visitors)
        for visitor, done in zip(visitors, sorted(counts), strict=True):
            assert done > 0
            status, _, text = visitor.ask("GET", "/count")
            assert status == 200
            assert int(text) > 1


def test_browser_keeps_the_cookies_and_sends_the_form(project: Path, chromium: Browser) -> None:
    """Chromium takes the `__Host-` cookies on localhost, with scripts and without; nothing is blocked or logged."""
    with servers.run_server("uvicorn", project) as server:
        for has_scripts in (True, False):
            context = chromium.new_context(java_script_enabled=has_scripts)
            page = context.new_page()
            said: list[str] = []
            page.on("console", lambda message, said=said: said.append(message.text))
            page.goto(f"http://localhost:{server.port}/cart")
            for product in ("Tea", "Cake"):
                page.get_by_label("Product").fill(product)
                page.get_by_role("button", name="Add").click()
                assert page.get_by_text("Added.").is_visible()
            assert page.get_by_role("listitem").all_inner_texts() == ["Tea", "Cake"]
            cookies = {cookie["name"]: cookie for cookie in context.cookies()}
            assert set(cookies) == {"__Host-asok_session", "__Host-asok_csrf"}
            assert all(cookie["httpOnly"] and cookie["secure"] for cookie in cookies.values())
            page.get_by_role("button", name="Leave").click()
            assert page.get_by_text("Good-bye.").is_visible()
            page.goto(f"http://localhost:{server.port}/cart")
            assert page.get_by_role("listitem").count() == 0
            assert [text for text in said if "favicon" not in text and "404" not in text] == []
            context.close()
