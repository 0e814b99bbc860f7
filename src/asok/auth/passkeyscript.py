"""The script of passkeys: what pages with `data-passkey` get, and what it needs to know.

It stands in the head of such pages only, as a file of the same origin that may be kept
for ever, and brings the page's form token along. The buttons are hidden until it runs, so
that a browser without scripts or without passkeys shows none that does nothing.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from asok_engine.dispatch.chain import Handler
from asok_engine.dispatch.kernel import Endpoint
from asok_engine.dispatch.routes import RouteTable
from asok_engine.wire.request import Request as EngineRequest
from asok_engine.wire.response import Response, bare

if TYPE_CHECKING:
    from asok.request import Request

__all__ = ["PasskeyScript"]

_MARK = "data-passkey="
_HEAD_END = re.compile(r"</head\s*>|<body[\s>]|<(?:button|form|main)[\s>]", re.IGNORECASE)
_FOREVER = b"public, max-age=31536000, immutable"


class PasskeyScript:
    """The script of one application."""

    def __init__(self) -> None:
        version = hashlib.sha1(_content(), usedforsecurity=False).hexdigest()[:12]
        self.address = f"/assets/asok-passkeys.{version}.js"

    def add_routes(self, routes: RouteTable) -> None:
        """Serve the script at its address."""
        handler = Handler(_answer, "the script of passkeys", is_async=False, is_light=True)
        routes.add(self.address, {"GET": Endpoint(handler)}, source="the script of passkeys")

    def into(self, request: Request, page: str) -> str:
        """Put the element into a page that has such buttons."""
        if _MARK not in page:
            return page
        place = _HEAD_END.search(page)
        at = 0 if place is None else place.start()
        root = escape(request.root_path)
        token = request.csrf_token() if request.demands_tokens else ""
        element = (
            f'<script src="{root}{self.address}" data-prefix="{root}" data-token="{token}" defer></script>'
        )
        return f"{page[:at]}{element}{page[at:]}"


@cache
def _content() -> bytes:
    return files("asok.auth").joinpath("assets/passkeys.js").read_bytes()


def _answer(request: EngineRequest) -> Response:
    response = bare(_content(), b"text/javascript; charset=utf-8")
    response.raw[b"cache-control"] = _FOREVER
    return response
