"""Builds an application with many routes and asks for the first, the last, and one that is not there.

`many_routes.py FRAMEWORK COUNT` prints one JSON object. Half of the routes are constant
(`/r17`), half have a parameter (`/p17/{id}`). A request is the whole ASGI or WSGI call.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
from call import AsgiCalls, WsgiCalls, microseconds

Built = tuple[Any, float]


def ours(half: int) -> Built:
    """Build a route table and a kernel around it, answered by the ASGI adapter."""
    from asok_engine.dispatch.bodies import BodyReader
    from asok_engine.dispatch.chain import Handler
    from asok_engine.dispatch.errors import ErrorAnswers
    from asok_engine.dispatch.kernel import Endpoint, Kernel
    from asok_engine.dispatch.routes import RouteTable
    from asok_engine.dispatch.site import Site
    from asok_engine.dispatch.threads import BackgroundLoop, Threads
    from asok_engine.servers.asgi import AsgiAdapter
    from asok_engine.wire.request import Request

    async def get(request: Request) -> Any:
        return request.text("x")

    began = time.process_time()
    loop, routes = BackgroundLoop(), RouteTable()
    for number in range(half):
        for pattern in (f"/r{number}", f"/p{number}/[id:int]"):
            endpoint = Endpoint(Handler(get, "get()", is_async=True))
            routes.add(pattern, {"GET": endpoint}, source="benchmark")
    routes.compile()
    kernel = Kernel(
        routes=routes, errors=ErrorAnswers(loop), bodies=BodyReader(1_000_000), threads=Threads(4), loop=loop
    )
    kernel.compose("asgi")
    return AsgiAdapter(Site(lambda: (kernel, Request), loop)), time.process_time() - began


def starlette(half: int) -> Built:
    """Build Starlette's."""
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    async def get(request: object) -> PlainTextResponse:
        return PlainTextResponse("x")

    began = time.process_time()
    routes = []
    for number in range(half):
        routes += [Route(f"/r{number}", get), Route(f"/p{number}/{{id:int}}", get)]
    return Starlette(routes=routes), time.process_time() - began


def fastapi(half: int) -> Built:
    """Build FastAPI's."""
    from fastapi import FastAPI
    from fastapi.responses import PlainTextResponse

    async def constant() -> PlainTextResponse:
        return PlainTextResponse("x")

    async def parameter(id: int) -> PlainTextResponse:
        return PlainTextResponse("x")

    began = time.process_time()
    app = FastAPI()
    for number in range(half):
        app.get(f"/r{number}")(constant)
        app.get(f"/p{number}/{{id}}")(parameter)
    return app, time.process_time() - began


def blacksheep(half: int) -> Built:
    """Build BlackSheep's."""
    from blacksheep import Application, text

    began = time.process_time()
    app = Application()
    for number in range(half):

        async def constant() -> Any:
            return text("x")

        async def parameter(id: int) -> Any:
            return text("x")

        parameter.__annotations__ = {"id": int}
        app.router.add_get(f"/r{number}", constant)
        app.router.add_get(f"/p{number}/{{id}}", parameter)
    return app, time.process_time() - began


def falcon(half: int) -> Built:
    """Build Falcon's."""
    import falcon.asgi

    class Page:
        async def on_get(self, request: Any, response: Any, id: int | None = None) -> None:
            response.text = "x"

    began = time.process_time()
    app, page = falcon.asgi.App(), Page()
    for number in range(half):
        app.add_route(f"/r{number}", page)
        app.add_route(f"/p{number}/{{id:int}}", page)
    return app, time.process_time() - began


def flask(half: int) -> Built:
    """Build Flask's."""
    from flask import Flask

    began = time.process_time()
    app = Flask("many_routes")
    for number in range(half):
        app.add_url_rule(f"/r{number}", f"r{number}", lambda: "x")
        app.add_url_rule(f"/p{number}/<int:id>", f"p{number}", lambda id: "x")
    return app, time.process_time() - began


def django(half: int) -> Built:
    """Build Django's."""
    from django.conf import settings

    settings.configure(
        ROOT_URLCONF="__main__", ALLOWED_HOSTS=["127.0.0.1"], LOGGING_CONFIG=None, MIDDLEWARE=[]
    )
    import django

    django.setup()
    from django.core.wsgi import get_wsgi_application
    from django.http import HttpResponse
    from django.urls import path

    began = time.process_time()
    patterns = []
    for number in range(half):
        patterns.append(path(f"r{number}", lambda request: HttpResponse("x")))
        patterns.append(path(f"p{number}/<int:id>", lambda request, id: HttpResponse("x")))
    globals()["urlpatterns"] = patterns
    return get_wsgi_application(), time.process_time() - began


BUILDERS = {
    "ours": (ours, "asgi"),
    "starlette": (starlette, "asgi"),
    "fastapi": (fastapi, "asgi"),
    "blacksheep": (blacksheep, "asgi"),
    "falcon": (falcon, "asgi"),
    "flask": (flask, "wsgi"),
    "django": (django, "wsgi"),
}


def main(name: str, count: int) -> None:
    """Measure, and print what was found."""
    build, kind = BUILDERS[name]
    half = count // 2
    app, seconds = build(half)
    # Why: some frameworks build their tree when they start or at the first request.
    began = time.process_time()
    caller = AsgiCalls(app) if kind == "asgi" else WsgiCalls(app)
    caller.prepare("/r0", "")
    seconds += time.process_time() - began
    found: dict[str, Any] = {"build_s": seconds}
    paths = {"constant, first": "/r0", "constant, last": f"/r{half - 1}"}
    paths |= {"parameter, first": "/p0/7", "parameter, last": f"/p{half - 1}/7"}
    for label, path in paths.items():
        found[label] = min(microseconds(caller.prepare(path, "")))
    found["missing"] = min(microseconds(caller.prepare("/nothing/here", "", expected=404)))
    print(json.dumps(found), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
