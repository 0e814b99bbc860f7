"""Whoever listens hears of every request, once when it comes and once when it is answered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from asok.app import Asok
from asok_engine.telemetry import hooks
from asok_engine.testing.client import TestClient


@pytest.fixture
def heard() -> Iterator[list[tuple[Any, ...]]]:
    """What the receivers of all hooks have heard."""
    heard: list[tuple[Any, ...]] = []

    def started(sender: object, request: Any) -> None:
        heard.append(("started", request.path))

    def finished(sender: object, request: Any, response: Any, seconds: float) -> None:
        heard.append(("finished", request.path, response.status_code, seconds >= 0))

    def caught(sender: object, error: Exception, request: Any, error_id: str) -> None:
        heard.append(("caught", str(error), error_id == request.id))

    def up(sender: object) -> None:
        heard.append(("up", type(sender).__name__))

    def down(sender: object) -> None:
        heard.append(("down", type(sender).__name__))

    pairs = [
        (hooks.request_started, started),
        (hooks.request_finished, finished),
        (hooks.error_caught, caught),
        (hooks.app_startup, up),
        (hooks.app_shutdown, down),
    ]
    for hook, receiver in pairs:
        hook.connect(receiver)
    yield heard
    for hook, receiver in pairs:
        hook.disconnect(receiver)


@pytest.mark.parametrize("protocol", ["asgi", "wsgi"])
def test_hooks_tell_of_the_whole_life_of_an_application(
    protocol: str, tmp_path: Path, heard: list[tuple[Any, ...]]
) -> None:
    """Start, each request, a defect and the stop are heard in order, with the application as sender."""
    pages = tmp_path / "src/pages"
    (pages / "boom").mkdir(parents=True)
    (pages / "page.py").write_text("def get(request):\n    return 'here'\n")
    (pages / "boom/page.py").write_text("def get(request):\n    raise ValueError('torn')\n")
    app = Asok(tmp_path)
    app.config["DEBUG"] = True
    with TestClient(app, protocol=protocol) as client:
        client.get("/")
        client.get("/boom")
    assert heard == [
        ("up", "Asok"),
        ("started", "/"),
        ("finished", "/", 200, True),
        ("started", "/boom"),
        ("caught", "torn", True),
        ("finished", "/boom", 500, True),
        ("down", "Asok"),
    ]
