"""Falcon under ASGI and under WSGI, with msgspec as its own recipe has it."""

from __future__ import annotations

import os
from typing import Any

import falcon
import falcon.asgi
import jinja2
import msgspec
from answers import ITEMS, TEMPLATES, TEXT, fortunes

loader = jinja2.FileSystemLoader(TEMPLATES)
environment = jinja2.Environment(loader=loader, autoescape=True, auto_reload=False)
templates = {name: environment.get_template(f"html/{name}.html") for name in ("fortunes", "page")}


class Plaintext:
    def on_get(self, request: Any, response: Any) -> None:
        response.content_type = falcon.MEDIA_TEXT
        response.text = TEXT


class Message:
    def on_get(self, request: Any, response: Any) -> None:
        response.media = {"message": TEXT}


class Item:
    def on_get(self, request: Any, response: Any, id: int) -> None:
        q, limit = request.get_param("q", required=True), request.get_param_as_int("limit", required=True)
        response.media = {"id": id, "q": q, "limit": limit}


class Table:
    def on_get(self, request: Any, response: Any) -> None:
        response.content_type = falcon.MEDIA_HTML
        response.text = templates["fortunes"].render(fortunes=fortunes())


class Page:
    def on_get(self, request: Any, response: Any) -> None:
        response.content_type = falcon.MEDIA_HTML
        response.text = templates["page"].render(user="alice", items=ITEMS, name="alice")


def _awaited(plain: type[Any]) -> type[Any]:
    call = plain.on_get

    async def on_get(self: Any, request: Any, response: Any, **parameters: Any) -> None:
        call(self, request, response, **parameters)

    return type(plain.__name__, (), {"on_get": on_get})


class Header:
    """Adds one header to every answer."""

    def __init__(self, name: str, value: str) -> None:
        self.name, self.value = name, value

    def process_response(self, request: Any, response: Any, resource: Any, succeeded: bool) -> None:
        response.set_header(self.name, self.value)

    async def process_response_async(
        self, request: Any, response: Any, resource: Any, succeeded: bool
    ) -> None:
        response.set_header(self.name, self.value)


LINKS = [Header("x-first", "1"), Header("x-second", "2"), Header("x-third", "3")]
handler = falcon.media.JSONHandler(dumps=msgspec.json.encode, loads=msgspec.json.decode)


def _equipped(app: Any, *, awaited: bool) -> Any:
    app.resp_options.media_handlers.update({falcon.MEDIA_JSON: handler})
    pages = {
        "/plaintext": Plaintext,
        "/json": Message,
        "/items/{id:int}": Item,
        "/fortunes": Table,
        "/page": Page,
    }
    for path, resource in pages.items():
        app.add_route(path, (_awaited(resource) if awaited else resource)())
    app.add_static_route("/css", os.environ["BENCH_FILES"])
    return app


middleware = LINKS if os.environ.get("BENCH_LINKS") else []
asgi = _equipped(falcon.asgi.App(middleware=middleware), awaited=True)
wsgi = _equipped(falcon.App(middleware=middleware), awaited=False)
