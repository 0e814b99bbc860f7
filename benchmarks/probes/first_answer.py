"""Imports a framework, builds an application with one route, and has it answer one request.

`first_answer.py FRAMEWORK` prints one JSON object: CPU milliseconds for the import with
the application, and for the first answer after it; megabytes of memory; modules.
What is measured begins behind the imports of this file.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any


def ours() -> Any:
    """Build this framework's application, or the existing one of the same name: a folder with one page."""
    from asok import Asok

    folder = Path(tempfile.mkdtemp(prefix="first-answer-"))
    (folder / "src" / "pages").mkdir(parents=True)
    (folder / "src" / "pages" / "page.py").write_text(
        "async def get(request):\n    return request.json({})\n"
    )
    app = Asok(str(folder))
    app.config["DEBUG"] = False
    app.config["SECRET_KEY"] = "benchmarks-and-nothing-else-0123456789-0123456789"
    app.config["APP_URL"] = "http://127.0.0.1"
    return app


def starlette() -> Any:
    """Build Starlette's."""
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    async def home(request: object) -> JSONResponse:
        return JSONResponse({})

    return Starlette(routes=[Route("/", home)])


def fastapi() -> Any:
    """Build FastAPI's."""
    from fastapi import FastAPI

    app = FastAPI()

    @app.get("/")
    async def home(number: int = 1) -> dict[str, int]:
        return {}

    return app


def litestar() -> Any:
    """Build Litestar's."""
    from litestar import Litestar, get

    @get("/")
    async def home() -> dict[str, int]:
        return {}

    home.__annotations__["return"] = dict[str, int]
    return Litestar([home])


def blacksheep() -> Any:
    """Build BlackSheep's."""
    from blacksheep import Application, get

    @get("/")
    def home() -> Any:
        return {}

    return Application()


def falcon() -> Any:
    """Build Falcon's."""
    import falcon.asgi

    class Home:
        async def on_get(self, request: Any, response: Any) -> None:
            response.media = {}

    app = falcon.asgi.App()
    app.add_route("/", Home())
    return app


def flask() -> Any:
    """Build Flask's."""
    from flask import Flask

    app = Flask("first_answer")
    app.add_url_rule("/", "home", dict)
    return app


def django() -> Any:
    """Build Django's, without its applications and its ORM."""
    from django.conf import settings

    settings.configure(ROOT_URLCONF="__main__", ALLOWED_HOSTS=["127.0.0.1"], LOGGING_CONFIG=None)
    import django

    django.setup()
    from django.core.wsgi import get_wsgi_application
    from django.http import JsonResponse
    from django.urls import path

    globals()["urlpatterns"] = [path("", lambda request: JsonResponse({}))]
    return get_wsgi_application()


def aksara() -> Any:
    """Build the existing aksara's."""
    import logging

    logging.disable(logging.CRITICAL)
    from aksara import Aksara

    app = Aksara()

    @app.get("/")
    async def home() -> dict[str, int]:
        return {}

    return app


BUILDERS = {
    "ours": (ours, "asgi"),
    "asok-0.8": (ours, "asgi"),
    "starlette": (starlette, "asgi"),
    "fastapi": (fastapi, "asgi"),
    "litestar": (litestar, "asgi"),
    "blacksheep": (blacksheep, "asgi"),
    "falcon": (falcon, "asgi"),
    "flask": (flask, "wsgi"),
    "django": (django, "wsgi"),
    "aksara-0.7": (aksara, "asgi"),
}


def answer_asgi(app: Any) -> int:
    """Send one GET to an ASGI application, after its start-up; give the status."""
    import asyncio

    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(event: dict[str, Any]) -> None:
        if event["type"] == "http.response.start":
            statuses.append(event["status"])

    async def ask() -> None:
        started = asyncio.Event()
        events = [{"type": "lifespan.startup"}]

        async def next_event() -> dict[str, str]:
            if not events:
                await asyncio.sleep(3600)
            return events.pop()

        async def heard(event: object) -> None:
            started.set()

        async def live() -> None:
            try:
                await app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, next_event, heard)
            except Exception:
                started.set()

        living = asyncio.ensure_future(live())
        await started.wait()
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
        }
        scope |= {
            "server": ("127.0.0.1", 80),
            "client": ("127.0.0.1", 5000),
            "scheme": "http",
            "method": "GET",
        }
        scope |= {"root_path": "", "path": "/", "raw_path": b"/", "query_string": b"", "state": {}}
        scope["headers"] = [(b"host", b"127.0.0.1")]
        await app(scope, receive, send)
        living.cancel()

    asyncio.run(ask())
    return statuses[0]


def answer_wsgi(app: Any) -> int:
    """Send one GET to a WSGI application; give the status."""
    from wsgiref.util import setup_testing_defaults

    environ: dict[str, Any] = {}
    setup_testing_defaults(environ)
    statuses: list[str] = []
    b"".join(app(environ, lambda status, headers, error=None: statuses.append(status)))
    return int(statuses[0][:3])


def main(name: str) -> None:
    """Measure, and print what was found."""
    build, kind = BUILDERS[name]
    modules, began = len(sys.modules), time.process_time()
    app = build()
    built = time.process_time()
    status = answer_asgi(app) if kind == "asgi" else answer_wsgi(app)
    answered = time.process_time()
    found = {
        "import_ms": (built - began) * 1e3,
        "answer_ms": (answered - built) * 1e3,
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "modules": len(sys.modules) - modules,
        "status": status,
    }
    print(json.dumps(found), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
