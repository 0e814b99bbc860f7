"""The application object: where its project is, what it takes before the start, how servers call it."""

from __future__ import annotations

import asyncio
import inspect
import io
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from asok import Asok
from asok_engine.errors import UsageError
from asok_engine.security.oauth import Provider, google
from asok_engine.settings.problem import SettingsError
from asok_engine.testing.client import TestClient
from tests.asok.effects.sites import make_app


def environ(path: str = "/") -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "HTTP_HOST": "localhost",
        "wsgi.input": io.BytesIO(),
        "wsgi.url_scheme": "http",
    }


def test_folder_of_the_project_is_found_in_three_ways(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder, a module's name, or the working directory."""
    assert Asok(tmp_path).root_dir == tmp_path
    module = ModuleType("made_up_wsgi")
    module.__file__ = str(tmp_path / "wsgi.py")
    monkeypatch.setitem(sys.modules, "made_up_wsgi", module)
    assert Asok("made_up_wsgi").root_dir == tmp_path
    monkeypatch.chdir(tmp_path)
    assert Asok().root_dir == tmp_path


def test_root_that_is_neither_folder_nor_module_is_named() -> None:
    """The message says what was given and what to give."""
    with pytest.raises(UsageError, match="no-such-place"):
        Asok("no-such-place")


def test_constructor_reads_nothing_and_never_refuses(tmp_path: Path) -> None:
    """What is wrong is said at the start, when wsgi.py has had its word."""
    (tmp_path / ".env").write_text("DEBUG=perhaps\nSECRET_KEY=short\n")
    app = Asok(tmp_path)
    with pytest.raises(SettingsError, match="DEBUG"):
        app.startup()


@pytest.mark.parametrize("given", ["google", google, Provider])
def test_what_is_no_provider_is_refused_where_it_is_added(tmp_path: Path, given: Any) -> None:
    """Its name, or the function that makes it, is a likely slip."""
    app = Asok(tmp_path)
    with pytest.raises(
        UsageError, match=r"^app\.add_provider was given a \w+\. .*add_provider\(google\(\)\)"
    ):
        app.add_provider(given)
    assert app.add_provider(google("a", "b")).providers


def test_same_object_answers_wsgi_and_asgi(tmp_path: Path) -> None:
    """Two arguments are WSGI, three ASGI, one the older ASGI."""
    app = make_app(tmp_path, {"LOG_LEVEL": "ERROR"})
    started: list[Any] = []
    body = b"".join(app(environ(), lambda status, headers: started.append(status)))
    assert (started, body) == (["200 OK"], b"hello")

    async def asgi(call: Any) -> list[dict[str, Any]]:
        sent: list[dict[str, Any]] = []
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/",
            "raw_path": b"/",
            "query_string": b"",
            "headers": [(b"host", b"localhost")],
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b""}

        async def send(message: Any) -> None:
            sent.append(message)

        await call(scope, receive, send)
        return sent

    assert asyncio.run(asgi(app))[1]["body"] == b"hello"
    assert asyncio.run(asgi(lambda scope, receive, send: app(scope)(receive, send)))[1]["body"] == b"hello"


def test_servers_recognise_an_asgi_3_application(tmp_path: Path) -> None:
    """uvicorn and hypercorn ask the attribute, and call it without arguments to find factories."""
    app = Asok(tmp_path)
    assert inspect.iscoroutinefunction(app.__call__)
    with pytest.raises(TypeError):
        app()


def test_middlewares_hooks_and_values_are_taken_until_the_start(tmp_path: Path) -> None:
    """`use`, `share`, hooks of both kinds work as decorators or calls, and `use` is refused afterwards."""
    app = make_app(
        tmp_path,
        {"LOG_LEVEL": "ERROR"},
        pages={
            "page.py": "def get(request):\n    return request.render_string('{{ product }} {{ path }}')\n"
        },
    )
    happened: list[str] = []

    @app.use
    async def outer(request: Any, next: Any) -> Any:
        response = await next(request)
        response.headers["X-Order"] = "outer"
        return response

    @app.use
    def inner(request: Any, next: Any) -> Any:
        response = next(request)
        response.headers["X-Order"] = "inner"
        return response

    @app.on_startup
    async def up() -> None:
        happened.append("up")

    @app.on_shutdown
    def down() -> None:
        happened.append("down")

    assert app.share(product="Desk", path=lambda request: request.path) is app
    with TestClient(app) as client:
        answer = client.get("/")
        assert answer.text == "Desk /"
        assert answer.headers["X-Order"] == "outer"
        with pytest.raises(UsageError, match=r"wsgi\.py"):
            app.use(outer)
    assert happened == ["up", "down"]


def test_routes_and_version_are_told(tmp_path: Path) -> None:
    """`asok routes` and health read them."""
    app = make_app(tmp_path, {"VERSION": "2.5", "LOG_LEVEL": "ERROR"})
    assert "/" in [route.pattern for route in app.routes()]
    assert app.version == "2.5"
    assert repr(app) == f"<Asok {tmp_path.name}>"


def test_two_applications_do_not_share_settings_or_middlewares(tmp_path: Path) -> None:
    """Each has its own."""
    one = make_app(tmp_path / "one", {"PROJECT_NAME": "One", "LOG_LEVEL": "ERROR"})
    two = make_app(tmp_path / "two", {"PROJECT_NAME": "Two", "LOG_LEVEL": "ERROR"})
    one.use(lambda request, next: "from one")
    assert (one.config["PROJECT_NAME"], two.config["PROJECT_NAME"]) == ("One", "Two")
    with TestClient(one) as first, TestClient(two) as second:
        assert (first.get("/").text, second.get("/").text) == ("from one", "hello")


def test_start_that_failed_is_told_to_every_request(tmp_path: Path) -> None:
    """A broken start never serves half an application."""
    app = make_app(tmp_path, {"LOG_LEVEL": "CRITICAL"})

    @app.on_startup
    def broken() -> None:
        raise RuntimeError("no cellar")

    for _ in range(2):
        with pytest.raises(RuntimeError, match="no cellar"):
            app(environ(), lambda status, headers: None)
