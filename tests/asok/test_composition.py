"""What the settings decide is built at the start, and what is off is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from asok.composition import PageRoute
from asok_engine.errors import SetupError
from asok_engine.testing.client import TestClient
from tests.asok.effects.sites import make_app


def composed(folder: Path, **settings: object) -> tuple[set[str], list[str], list[str]]:
    """Start an application; give its routes, guards and finishers by name, those of traced answers last."""
    app = make_app(folder, {"LOG_LEVEL": "ERROR", **settings})
    app.startup()
    kernel = app.site.kernel
    names = [type(guard.__self__).__name__ for guard in kernel._guards]
    finishers = [type(finish.__self__).__name__ for finish in (*kernel._finishers, *kernel._traced_finishers)]
    return {route.pattern for route in kernel.routes.all()}, names, finishers


def test_what_is_off_is_absent(tmp_path: Path) -> None:
    """No guard, finisher or route is left of a feature that is switched off."""
    routes, guards, finishers = composed(
        tmp_path, RATE_LIMIT=False, HEALTHCHECK=False, SECURITY_HEADERS=False, LOG_LEVEL="CRITICAL"
    )
    assert guards == ["Hosts"]
    assert finishers == ["Conditional", "RequestId"]
    assert "/health" not in routes


def test_page_that_cannot_be_loaded_stops_production_and_not_development(tmp_path: Path) -> None:
    """In DEBUG the other pages answer, and the broken one shows what is wrong."""
    pages = {"page.py": "def get(request):\n    return 'fine'\n", "bad/page.py": "def get(request)\n"}
    broken = make_app(tmp_path / "p", {"LOG_LEVEL": "CRITICAL"}, pages=pages)
    with pytest.raises(SetupError, match=r"bad/page\.py"):
        broken.startup()
    app = make_app(tmp_path / "d", {"DEBUG": True, "LOG_LEVEL": "CRITICAL"}, pages=pages)
    with TestClient(app) as client:
        assert client.get("/").text == "fine"
        answer = client.get("/bad")
        assert answer.status_code == 500
        assert "bad/page.py" in answer.text


def test_middleware_without_handle_stops_the_start(tmp_path: Path) -> None:
    """A middleware that is silently absent may be the one that guards something."""
    app = make_app(
        tmp_path, {"LOG_LEVEL": "CRITICAL"}, files={"src/middlewares/01_guard.py": "def handel(): ...\n"}
    )
    with pytest.raises(SetupError, match="01_guard"):
        app.startup()


def test_endpoints_know_their_page(tmp_path: Path) -> None:
    """Templates are looked up in the folder of the page that answers."""
    app = make_app(tmp_path, {"LOG_LEVEL": "ERROR"})
    app.startup()
    match = app.site.kernel.routes.match("/")
    assert match is not None
    endpoint = match[0].methods["GET"]
    assert isinstance(endpoint, PageRoute)
    assert endpoint.folder == tmp_path / "src/pages"


def test_form_action_is_chosen_by_the_form_or_the_query(tmp_path: Path) -> None:
    """`_action` in the form runs `action_<name>`; without one `post` answers."""
    source = (
        "CSRF = False\n\n"
        "def post(request):\n    return 'post'\n\n"
        "async def action_save(request):\n    return 'saved ' + request.form['x']\n\n"
        "def action_drop(request):\n    return 'dropped'\n"
    )
    app = make_app(tmp_path, {"LOG_LEVEL": "ERROR"}, pages={"page.py": source})
    with TestClient(app) as client:
        assert client.post("/", data={"_action": "save", "x": "1"}).text == "saved 1"
        assert client.post("/?_action=drop", data={"x": "1"}).text == "dropped"
        assert client.post("/", data={"x": "1"}).text == "post"
        assert client.post("/", data={"_action": "other"}).status_code == 404
        assert client.get("/").status_code == 405
