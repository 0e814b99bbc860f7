"""The style sheet and the script beside a page: scoped to it, served as files, linked in its head.

`page.css` and `page.js` stand next to the page's own file. They are read once, at
the start; the address has a hash of the content in it and may be kept for ever.
Nothing of them stands inside the page, so the strict policy holds.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from html import escape
from pathlib import Path

from msgspec import Struct

from asok.pages.discovery import PageFile
from asok_engine.dispatch.chain import Handler
from asok_engine.dispatch.kernel import Endpoint
from asok_engine.dispatch.routes import RouteTable
from asok_engine.templates.assets import is_module, scope_css, scope_js
from asok_engine.wire.request import Request
from asok_engine.wire.response import Response, bare

__all__ = ["PageAssets", "page_id_of"]

_FOREVER = b"public, max-age=31536000, immutable"


class _Asset(Struct, frozen=True):
    """One file as it is served."""

    address: str
    content: bytes
    content_type: bytes


class _Links(Struct, frozen=True):
    """What a page with assets adds to its head and its body tag."""

    head: str
    body: str


def page_id_of(pattern: str) -> str:
    """Give the id that scopes a page's styles: readable, and different for each pattern."""
    readable = re.sub(r"[^a-z0-9]+", "-", pattern.lower()).strip("-") or "home"
    return f"{readable}-{hashlib.sha1(pattern.encode(), usedforsecurity=False).hexdigest()[:6]}"


class PageAssets:
    """The assets of all pages, by the pattern of the page."""

    def __init__(self, pages: Iterable[PageFile]) -> None:
        self._assets: list[_Asset] = []
        self._links: dict[str, _Links] = {}
        for page in pages:
            if page.style is not None or page.script is not None:
                self._links[page.pattern] = self._linked(page)

    def _linked(self, page: PageFile) -> _Links:
        page_id = page_id_of(page.pattern)
        head = []
        if page.style is not None:
            address = self._added(page_id, scope_css(_text(page.style), page_id), "css")
            head.append(f'<link rel="stylesheet" href="{address}">')
        if page.script is not None:
            source = _text(page.script)
            kind = ' type="module"' if is_module(source) else " defer"
            address = self._added(page_id, scope_js(source, page_id), "js")
            head.append(f'<script src="{address}"{kind}></script>')
        return _Links("\n".join(head), f' data-page-id="{escape(page_id)}"')

    def _added(self, page_id: str, text: str, kind: str) -> str:
        content = text.encode()
        version = hashlib.sha1(content, usedforsecurity=False).hexdigest()[:12]
        address = f"/assets/{page_id}.{version}.{kind}"
        content_type = b"text/css; charset=utf-8" if kind == "css" else b"text/javascript; charset=utf-8"
        self._assets.append(_Asset(address, content, content_type))
        return address

    def add_routes(self, routes: RouteTable) -> None:
        """Serve every asset at its address."""
        for asset in self._assets:
            handler = Handler(_answer(asset), "the assets of pages", is_async=False, is_light=True)
            endpoint = Endpoint(handler, is_personal=False)
            routes.add(asset.address, {"GET": endpoint}, source="the assets of pages")

    def head(self, pattern: str) -> str | None:
        """Give the elements for the head of a page; None for one without assets."""
        links = self._links.get(pattern)
        return None if links is None else links.head

    def body_attributes(self, pattern: str) -> str | None:
        """Give the attributes for the body of a page, beginning with a space; None without assets."""
        links = self._links.get(pattern)
        return None if links is None else links.body


def _answer(asset: _Asset) -> Callable[[Request], Response]:
    def answer(request: Request) -> Response:
        response = bare(asset.content, asset.content_type)
        response.raw[b"cache-control"] = _FOREVER
        return response

    return answer


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
