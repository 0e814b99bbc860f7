"""Starlette, with orjson as its documentation suggests and its own templates and static files."""

from __future__ import annotations

import os
from typing import Any

import jinja2
import orjson
from answers import ITEMS, TEMPLATES, TEXT, fortunes
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

loader = jinja2.FileSystemLoader(TEMPLATES)
templates = Jinja2Templates(env=jinja2.Environment(loader=loader, autoescape=True, auto_reload=False))


class FastJSON(JSONResponse):
    """A JSON answer made by orjson."""

    def render(self, content: Any) -> bytes:
        return orjson.dumps(content)


async def plaintext(request: Request) -> Response:
    return PlainTextResponse(TEXT)


async def message(request: Request) -> Response:
    return FastJSON({"message": TEXT})


async def item(request: Request) -> Response:
    query = request.query_params
    return FastJSON({"id": request.path_params["id"], "q": query["q"], "limit": int(query["limit"])})


async def table(request: Request) -> Response:
    return templates.TemplateResponse(request, "html/fortunes.html", {"fortunes": fortunes()})


async def page(request: Request) -> Response:
    return templates.TemplateResponse(
        request, "html/page.html", {"user": "alice", "items": ITEMS, "name": "alice"}
    )


class Header:
    """Adds one header to every answer."""

    def __init__(self, app: Any, name: bytes, value: bytes) -> None:
        self.app, self.field = app, (name, value)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def sending(event: Any) -> None:
            if event["type"] == "http.response.start":
                event["headers"].append(self.field)
            await send(event)

        await self.app(scope, receive, sending)


LINKS = [
    Middleware(Header, name=b"x-first", value=b"1"),
    Middleware(Header, name=b"x-second", value=b"2"),
    Middleware(Header, name=b"x-third", value=b"3"),
]
app = Starlette(
    routes=[
        Route("/plaintext", plaintext),
        Route("/json", message),
        Route("/items/{id:int}", item),
        Route("/fortunes", table),
        Route("/page", page),
        Mount("/css", StaticFiles(directory=os.environ["BENCH_FILES"])),
    ],
    middleware=LINKS if os.environ.get("BENCH_LINKS") else [],
)
