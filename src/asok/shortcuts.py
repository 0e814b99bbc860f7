"""Functions that act on the request of the running context, for code that was not handed it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, cast

from asok.request import Request
from asok_engine.dispatch.context import current_request
from asok_engine.wire.response import Response

__all__ = [
    "abort",
    "back",
    "flash",
    "redirect",
    "render_block",
    "render_blocks",
    "render_template",
    "render_template_string",
]


def _request() -> Request:
    return cast(Request, current_request.get())


def render_template(template: str, context: Mapping[str, Any] | None = None, /, **values: Any) -> Response:
    """Render a template for the current request, as `request.html` does."""
    return _request().html(template, context, **values)


def render_template_string(
    source: str, context: Mapping[str, Any] | None = None, /, **values: Any
) -> Response:
    """Render a template given as text; never give it text that a visitor wrote."""
    return _request().render_string(source, context, **values)


def render_block(
    template: str, block: str, context: Mapping[str, Any] | None = None, /, **values: Any
) -> Response:
    """Render one block of a template for the current request."""
    return _request().block(template, block, context, **values)


def render_blocks(
    template: str, blocks: Sequence[str], context: Mapping[str, Any] | None = None, /, **values: Any
) -> Response:
    """Render several blocks of a template for the current request."""
    return _request().blocks(template, blocks, context, **values)


def redirect(url: str, status: int = 302, *, safe: bool = True) -> NoReturn:
    """Send the client of the current request to `url`, as `request.redirect` does."""
    _request().redirect(url, status, safe=safe)


def back(default: str = "/") -> NoReturn:
    """Send the client of the current request to the page it came from."""
    _request().back(default)


def abort(status: int, message: str = "") -> NoReturn:
    """Stop the current request and answer with the page for this status."""
    _request().abort(status, message)


def flash(category: str, message: str | None = None) -> None:
    """Leave a message for the next page of the current visitor, as `request.flash` does."""
    _request().flash(category, message)
