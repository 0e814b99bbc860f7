"""`window.asokWS` in pages: which have it, where it points, and what the policy allows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from asok import TestClient, WebSocketServer
from asok.websocket_script import mentions_helper
from tests.asok.effects.sites import make_app

INLINE = '<!doctype html><html><head lang="en"><title>x</title></head><body><script nonce="{{ nonce }}">asokWS("/chat")</script></body></html>'
WITH_FILE = '<html><head></head><body><script src="/js/chat.js"></script></body></html>'
PLAIN = "<html><head></head><body><p>no script</p></body></html>"


def page(source: str, settings: dict[str, Any], root: Path, *, started: bool = False, **more: Any) -> Any:
    """Ask an application with sockets for its page."""
    app = make_app(
        root, {"LOG_LEVEL": "ERROR", "WS_ADAPTER": "memory", **settings}, pages={"page.html": source}, **more
    )
    ws = WebSocketServer(app=app, port=8001)
    if started:
        # What start() would set, without opening a port.
        ws._engine.port = 8001
    with TestClient(app) as client:
        answer = client.get("/")
        ws._engine.port = None
        return answer, client.get(match[1]) if (
            match := re.search(r'src="(/assets/asok-ws[^"]+)"', answer.text)
        ) else None


def element(text: str) -> str:
    found = re.search(r"<script src=\"/assets/asok-ws\.[0-9a-f]+\.js\"[^>]*></script>", text)
    return found[0] if found else ""


def policy(answer: Any) -> str:
    return next(
        part
        for part in answer.headers["content-security-policy"].split("; ")
        if part.startswith("connect-src")
    )


def test_page_that_uses_the_helper_has_its_script_before_all_others(tmp_path: Path) -> None:
    """As a file of its own, at the beginning of the head, and cached for good."""
    answer, script = page(INLINE, {}, tmp_path)
    assert answer.text.index("asok-ws") == answer.text.index('<head lang="en">') + len(
        '<head lang="en"><script src="/assets/'
    )
    assert script.status_code == 200
    assert "window.asokWS" in script.text
    assert "immutable" in script.headers["cache-control"]
    assert script.headers["content-type"].startswith("text/javascript")


def test_page_without_a_script_has_none(tmp_path: Path) -> None:
    """A page that cannot use it is sent as it is."""
    answer, script = page(PLAIN, {}, tmp_path)
    assert script is None
    assert policy(answer) == "connect-src 'self'"


@pytest.mark.parametrize(("code", "has_it"), [("window.asokWS('/chat')", True), ("alert(1)", False)])
def test_script_files_that_use_it_count(tmp_path: Path, code: str, has_it: bool) -> None:
    """A page that loads scripts of its own has the helper when one of the project's files uses it."""
    _, script = page(WITH_FILE, {}, tmp_path, files={"src/partials/js/chat.js": code})
    assert (script is not None) is has_it
    assert mentions_helper([tmp_path / "src"]) is has_it


def test_development_connects_to_the_port_of_its_own(tmp_path: Path) -> None:
    """After start() in DEBUG: ws://host:WS_PORT, and exactly that is allowed."""
    answer, _ = page(INLINE, {"DEBUG": True}, tmp_path, started=True)
    assert 'data-port="8001"' in element(answer.text)
    assert policy(answer) == "connect-src 'self' ws://localhost:8001"


def test_production_connects_below_ws(tmp_path: Path) -> None:
    """After start() in production: the proxy's prefix, at the pages' own address."""
    answer, _ = page(INLINE, {}, tmp_path, started=True)
    assert 'data-prefix="/ws"' in element(answer.text)
    assert policy(answer) == "connect-src 'self' ws://localhost"


def test_without_start_the_pages_own_address_is_used(tmp_path: Path) -> None:
    """Sockets on the pages' port need nothing told."""
    answer, _ = page(INLINE, {}, tmp_path)
    assert "data-" not in element(answer.text)
    assert policy(answer) == "connect-src 'self' ws://localhost"


def test_application_without_sockets_pays_nothing(tmp_path: Path) -> None:
    """No server, no script, and the page as it was written."""
    app = make_app(tmp_path, pages={"page.html": INLINE})
    with TestClient(app) as client:
        assert "asok-ws" not in client.get("/").text
