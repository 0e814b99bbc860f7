"""The script of forms: one file, served by the application, needed by nothing.

Every form works without it. Its address has a hash of its content, so it may be
kept for ever, and the page's policy allows it as a file of the same origin.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from asok.forms.elements import element
from asok_engine.dispatch.chain import Handler
from asok_engine.dispatch.kernel import Endpoint
from asok_engine.dispatch.routes import RouteTable
from asok_engine.templates.markup import Markup
from asok_engine.wire.request import Request
from asok_engine.wire.response import Response, bare

__all__ = ["add_script_route", "script_address", "script_element"]

_FILE = Path(__file__).parent / "assets" / "forms.js"
_FOREVER = b"public, max-age=31536000, immutable"


@cache
def _content() -> bytes:
    return _FILE.read_bytes()


@cache
def script_address() -> str:
    """Give the address of the script."""
    version = hashlib.sha1(_content(), usedforsecurity=False).hexdigest()[:12]
    return f"/assets/asok-forms.{version}.js"


@cache
def script_element() -> Markup:
    """Give the element that loads the script; it does no harm to load it twice."""
    return element("script", {"src": script_address(), "defer": True})


def add_script_route(routes: RouteTable) -> None:
    """Serve the script at its address."""

    def answer(request: Request) -> Response:
        response = bare(_content(), b"text/javascript; charset=utf-8")
        response.raw[b"cache-control"] = _FOREVER
        return response

    handler = Handler(answer, "the script of forms", is_async=False, is_light=True)
    routes.add(script_address(), {"GET": Endpoint(handler)}, source="the script of forms")
