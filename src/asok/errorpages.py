"""The application's own error pages: `src/pages/<code>/page.*`.

Such a page is rendered for its status whoever raised it, with `error_message` and
`error_status` in its context. It is never routed: its address is not an address.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from asok.request import Request
from asok_engine.dispatch.chain import Handler
from asok_engine.dispatch.kernel import Endpoint

__all__ = ["error_handlers"]


def error_handlers(
    pages: Mapping[int, Any],
    handler_of: Callable[[Any], Handler],
    endpoint_of: Callable[[Handler, Any], Endpoint],
) -> dict[int, Handler]:
    """Make a handler per status from discovered error pages.

    `endpoint_of` gives what a request is answered by, so that the error page's
    own folder is searched for its templates and not that of the page that failed.
    """
    handlers = {}
    for status, page in pages.items():
        handler = handler_of(page)
        handlers[status] = _announced(handler, endpoint_of(handler, page))
    return handlers


def _announced(handler: Handler, endpoint: Endpoint) -> Handler:
    call = handler.call

    def prepare(request: Request) -> None:
        request.endpoint = endpoint
        request.share(error_message=request.error_message, error_status=request.error_status)

    if handler.is_async:

        async def answer_async(request: Request) -> Any:
            prepare(request)
            return await call(request)

        return Handler(answer_async, handler.source, is_async=True)

    def answer(request: Request) -> Any:
        prepare(request)
        return call(request)

    return Handler(answer, handler.source, is_async=False, is_light=handler.is_light)
