"""While an application cannot run, its developer sees why in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from asok_engine.servers.development import failure_page, readable_traceback, with_failures_shown
from asok_engine.testing.client import TestClient


def test_failure_page_answers_everything_with_the_text() -> None:
    """Every address and method answers 500 with the text, and a browser looks again."""
    with TestClient(failure_page("SyntaxError: here")) as client:
        response = client.get("/any/where")
        assert response.status_code == 500
        assert "SyntaxError: here" in response
        assert response.headers["refresh"] == "2"
        assert response.headers["cache-control"] == "no-store"
        posted = client.post("/", {"a": "1"})
        assert posted.status_code == 500
        assert "refresh" not in posted.headers


def test_failed_start_keeps_the_server_and_is_shown() -> None:
    """A start that fails does not end the server; requests tell what happened."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.failed", "message": "no database"})
            return
        raise RuntimeError("no database")

    with TestClient(with_failures_shown(app, Path("/project"))) as client:
        response = client.get("/")
    assert response.status_code == 500
    assert "RuntimeError: no database" in response


def test_working_application_is_left_alone() -> None:
    """Answers pass unchanged."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 201, "headers": [(b"x-one", b"1")]})
        await send({"type": "http.response.body", "body": b"made"})

    response = TestClient(with_failures_shown(app, Path("/project"))).get("/")
    assert (response.status_code, response.body, response.headers["x-one"]) == (201, b"made", "1")


def test_failure_after_the_answer_has_begun_is_not_painted_over() -> None:
    """A second answer cannot be sent; the server is told instead."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise LookupError("late")

    with pytest.raises(LookupError, match="late"):
        TestClient(with_failures_shown(app, Path("/project"))).get("/")


def test_traceback_begins_in_the_project(tmp_path: Path) -> None:
    """Frames of the framework before the project's first one are left out."""
    module = tmp_path / "page.py"
    module.write_text("def broken():\n    return 1 / 0\n")
    space: dict[str, Any] = {}
    exec(compile(module.read_text(), str(module), "exec"), space)
    try:
        space["broken"]()
    except ZeroDivisionError as error:
        text = readable_traceback(error, tmp_path)
    assert "return 1 / 0" in text
    assert "test_development" not in text
    assert text.endswith("ZeroDivisionError: division by zero")
