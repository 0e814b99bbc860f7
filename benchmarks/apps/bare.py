"""The limit: the same answers from a plain function, once per protocol, with no framework at all.

Paths are looked up in a dictionary, JSON is msgspec, templates are Jinja2. What
stands here is what a framework cannot save.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import jinja2
import msgspec
from answers import ITEMS, TEMPLATES, TEXT, fortunes

FILE = b"0123456789abcdef" * 640
LINKS = bool(os.environ.get("BENCH_LINKS"))

_environment = jinja2.Environment(
    loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, auto_reload=False
)
_fortunes = _environment.get_template("html/fortunes.html")
_page = _environment.get_template("html/page.html")
_json = msgspec.json.Encoder().encode

PLAIN, JSON, HTML = "text/plain; charset=utf-8", "application/json", "text/html; charset=utf-8"
Answer = tuple[str, bytes]


def plaintext(path: str, query: str) -> Answer:
    """Answer with constant text."""
    return PLAIN, TEXT.encode()


def message(path: str, query: str) -> Answer:
    """Answer with a small JSON object."""
    return JSON, _json({"message": TEXT})


def item(path: str, query: str) -> Answer:
    """Answer with what the path and the query say."""
    fields = parse_qs(query)
    return JSON, _json({"id": int(path[7:]), "q": fields["q"][0], "limit": int(fields["limit"][0])})


def table(path: str, query: str) -> Answer:
    """Answer with twelve rows in a template."""
    return HTML, _fortunes.render(fortunes=fortunes()).encode()


def page(path: str, query: str) -> Answer:
    """Answer with a template that extends another."""
    return HTML, _page.render(user="alice", items=ITEMS, name="alice").encode()


def file(path: str, query: str) -> Answer:
    """Answer with ten kilobytes that are in memory."""
    return PLAIN, FILE


PATHS: dict[str, Callable[[str, str], Answer]] = {
    "/plaintext": plaintext,
    "/json": message,
    "/fortunes": table,
    "/page": page,
    "/css/ten.txt": file,
}
HEADERS = [("x-first", "1"), ("x-second", "2"), ("x-third", "3")] if LINKS else []
RAW_HEADERS = [(name.encode(), value.encode()) for name, value in HEADERS]
RAW_TYPES = {name: name.encode() for name in (PLAIN, JSON, HTML)}


def find(path: str) -> Callable[[str, str], Answer] | None:
    """Give what answers a path."""
    return PATHS.get(path) or (item if path.startswith("/items/") else None)


async def asgi(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer an ASGI call."""
    if scope["type"] == "lifespan":
        for phase in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{phase}.complete"})
        return
    path = scope["path"]
    answer, status = find(path), 200
    if answer is None:
        content_type, body, status = PLAIN, b"nothing here", 404
    else:
        content_type, body = answer(path, scope["query_string"].decode())
    headers = [
        (b"content-type", RAW_TYPES[content_type]),
        (b"content-length", b"%d" % len(body)),
        *RAW_HEADERS,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def wsgi(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Answer a WSGI call."""
    path = environ["PATH_INFO"]
    answer, status = find(path), "200 OK"
    if answer is None:
        content_type, body, status = PLAIN, b"nothing here", "404 Not Found"
    else:
        content_type, body = answer(path, environ["QUERY_STRING"])
    start_response(status, [("Content-Type", content_type), ("Content-Length", str(len(body))), *HEADERS])
    return [body]


class Rsgi:
    """Answers RSGI calls."""

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        path = scope.path
        answer = find(path)
        if answer is None:
            protocol.response_str(404, [("content-type", PLAIN)], "nothing here")
            return
        content_type, body = answer(path, scope.query_string)
        headers = [("content-type", content_type), ("content-length", str(len(body))), *HEADERS]
        protocol.response_bytes(200, headers, body)


rsgi = Rsgi()
