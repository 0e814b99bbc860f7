"""From an exception to an answer: one table, one place that logs, one place that renders.

Expected ends of a request (`InputError`, `Stop`) become pages or problem details
(RFC 9457) without a log line of their own. Everything else is a defect or an
outage: it is logged once with its traceback and the request id, and the client
learns nothing but that id. In debug a page made by the face shows the rest.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from asok_engine.dispatch.chain import Handler
from asok_engine.dispatch.threads import BackgroundLoop, Threads, _here
from asok_engine.errors import (
    Abort,
    FrameworkError,
    InputError,
    OutsideError,
    Redirect,
    Stop,
    ValidationError,
)
from asok_engine.telemetry.hooks import error_caught
from asok_engine.wire.authorization import carries_bearer
from asok_engine.wire.jsons import encode_json
from asok_engine.wire.negotiation import best
from asok_engine.wire.request import Request
from asok_engine.wire.response import HTML, Response, bare, respond
from asok_engine.wire.statuses import phrase

__all__ = ["STATUSES", "ErrorAnswers", "status_of"]

PROBLEM = b"application/problem+json"
_PAGE_THREADS = 4
_DATA_FIRST = ("application/json", "text/html")

#: From kind of error to status, first match wins; errors that carry a status of their own keep it.
STATUSES: tuple[tuple[type[BaseException], int], ...] = (
    (TimeoutError, 503),
    (ConnectionError, 503),
    (Exception, 500),
)

InvalidInput = Callable[[Request], Response | None]
DebugPage = Callable[[Request, Exception, int], Response | None]
Problem = Callable[[Request, int, str, Mapping[str, list[str]]], Response]


def status_of(error: BaseException) -> int:
    """Give the status that answers an error."""
    if isinstance(error, InputError | Stop | OutsideError):
        return error.status
    return next(status for kind, status in STATUSES if isinstance(error, kind))


def problem_details(request: Request, status: int, message: str, errors: Mapping[str, list[str]]) -> Response:
    """Answer with problem details (RFC 9457)."""
    body: dict[str, Any] = {"type": "about:blank", "title": phrase(status), "status": status}
    if message:
        body["detail"] = message
    if errors:
        body["errors"] = errors
    if request.id:
        body["request_id"] = request.id
    return bare(encode_json(body), PROBLEM, status)


class ErrorAnswers:
    """Answers errors for one application.

    `pages` holds a handler per status that the application has a page for; it is
    called with the request, whose `error_status` and `error_message` it may
    show. `debug_page` answers in debug what a developer is to see, and gives None for
    the rest. `invalid_input` may lead a browser whose form was refused back to that
    form. `json_first` makes JSON the form for clients that take anything.
    """

    def __init__(
        self,
        loop: BackgroundLoop,
        *,
        pages: Mapping[int, Handler] | None = None,
        debug_page: DebugPage | None = None,
        invalid_input: InvalidInput | None = None,
        problem: Problem = problem_details,
        json_first: bool = False,
        logger: logging.Logger | None = None,
    ) -> None:
        self._loop = loop
        self._pages = dict(pages or {})
        self._debug_page = debug_page
        self._invalid_input = invalid_input
        self._problem = problem
        self._offers = _DATA_FIRST if json_first else ("text/html", "application/json")
        self._log = logger or logging.getLogger("asok")
        # Why a pool of its own: a link may hold a thread of the others until this answer is there.
        self._threads = Threads(_PAGE_THREADS)

    def answer(self, request: Request, error: Exception) -> Response:
        """Answer an error from plain code."""
        response = self._without_page(request, error)
        if response is None:
            handler = self._pages[status_of(error)]
            try:
                if handler.is_async:
                    result = self._wait_for(handler.call(request))
                else:
                    result = handler.call(request)
                response = self._from_page(request, error, handler, result)
            except Exception as second:
                response = self._page_failed(request, error, second)
        return self._finished(request, error, response)

    async def answer_async(self, request: Request, error: Exception) -> Response:
        """Answer an error on the event loop."""
        response = self._without_page(request, error)
        if response is None:
            handler = self._pages[status_of(error)]
            try:
                if handler.is_async:
                    result = await handler.call(request)
                elif handler.is_light:
                    result = handler.call(request)
                else:
                    result = await self._threads.run(handler.call, request)
                response = self._from_page(request, error, handler, result)
            except Exception as second:
                response = self._page_failed(request, error, second)
        return self._finished(request, error, response)

    def _wait_for(self, coroutine: Any) -> Any:
        # Why waiting is safe here: an error page is composed without links and
        # occupies no pool, so the loop can always finish it.
        if _here.loop is not None:
            return asyncio.run_coroutine_threadsafe(coroutine, _here.loop).result()
        return self._loop.run(coroutine)

    def _without_page(self, request: Request, error: Exception) -> Response | None:
        """Answer without the application's own error page, or say None: that page is to answer."""
        if isinstance(error, Redirect):
            if error.by_page:
                return _leading_page(error.url)
            response = bare(b"", HTML, error.status)
            response.headers["Location"] = error.url
            del response.raw[b"content-type"]
            return response
        status = status_of(error)
        expected = isinstance(error, InputError | Stop)
        if not expected:
            self._log.error(
                "%s %s answered %d: %s",
                request.method,
                request.path,
                status,
                error if isinstance(error, FrameworkError) else _named(error),
                exc_info=error,
                extra={"request_id": request.id, "status": status},
            )
            request._draft = None
            if error_caught:
                error_caught.send(request.app, error=error, request=request, error_id=request.id)
        elif isinstance(error, InputError) and error.is_likely_slip:
            # The answer blames the client; whoever wrote the name sees it here alone.
            self._log.warning(
                "%s %s answered %d: %s",
                request.method,
                request.path,
                status,
                error,
                extra={"request_id": request.id, "status": status},
            )
        message = _message(error) if expected else _apology(request, status)
        if self._wants_json(request):
            return self._problem(request, status, message, getattr(error, "errors", None) or {})
        if self._invalid_input is not None and isinstance(error, ValidationError):
            way_back = self._invalid_input(request)
            if way_back is not None:
                return way_back
        if self._debug_page is not None and not isinstance(error, Stop):
            try:
                page = self._debug_page(request, error, status)
            except Exception:
                self._log.exception("The debug page failed.")
                page = None
            if page is not None:
                return page
        request.__dict__["error_status"] = status
        request.__dict__["error_message"] = message
        if status in self._pages:
            return None
        return self._plain_page(status, message, getattr(error, "errors", None) if expected else None)

    def _from_page(self, request: Request, error: Exception, handler: Handler, result: object) -> Response:
        if request._draft is not None:
            request._draft.status_code = 0
        response = respond(result, handler.source)
        response.status_code = status_of(error)
        return response

    def _page_failed(self, request: Request, error: Exception, second: Exception) -> Response:
        status = status_of(error)
        if isinstance(second, Redirect):
            return Response(b"", second.status, {"Location": second.url})
        self._log.error(
            "The page for status %d failed: %s",
            status,
            second,
            exc_info=second,
            extra={"request_id": request.id},
        )
        return self._plain_page(status, _apology(request, status) if status >= 500 else "")

    def _finished(self, request: Request, error: Exception, response: Response) -> Response:
        for name, value in getattr(error, "headers", {}).items():
            response.headers[name] = value
        if status_of(error) == 401 and b"www-authenticate" not in response.raw:
            response.headers["WWW-Authenticate"] = "Bearer"
        if request._draft is not None:
            request._draft.status_code = 0
            request._draft.raw.pop(b"content-type", None)
            request.answered(response)
        return response

    def _wants_json(self, request: Request) -> bool:
        accept = request.headers.get("accept")
        # Only programs carry such credentials, and most of them take anything.
        offers = _DATA_FIRST if carries_bearer(request) else self._offers
        if accept is None:
            return offers[0] == "application/json" or request.is_json
        chosen = best(accept, (*offers, "application/problem+json"))
        return chosen is not None and chosen.endswith("json")

    def _plain_page(
        self, status: int, message: str, errors: Mapping[str, list[str]] | None = None
    ) -> Response:
        title = f"{status} {phrase(status)}"
        text = f"<p>{escape(message)}</p>" if message else ""
        if errors:
            lines = (f"{name}: {text}" for name, texts in errors.items() for text in texts)
            text += f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"
        page = (
            f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
            "</head>"
            f"<body><h1>{escape(title)}</h1>{text}</body></html>\n"
        )
        return bare(page.encode(), HTML, status)


def _named(error: Exception) -> str:
    """Say what an error is, which the text of many does not: that of a KeyError is the key."""
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _message(error: Exception) -> str:
    if isinstance(error, Abort):
        return error.text
    return str(getattr(error, "message", ""))


def _leading_page(url: str) -> Response:
    """Give a page that goes to an address by itself, also without scripts."""
    address = escape(url)
    page = (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>One moment</title>'
        f'<meta http-equiv="refresh" content="0;url={address}">'
        '<meta name="referrer" content="no-referrer"><link rel="icon" href="data:,">'
        f'</head><body><p><a href="{address}">Go on</a></p></body></html>\n'
    )
    response = bare(page.encode(), HTML)
    response.headers["Cache-Control"] = "no-store"
    return response


def _apology(request: Request, status: int) -> str:
    reference = f" Reference: {request.id}" if request.id else ""
    if status == 503:
        return f"This service is not available at the moment.{reference}"
    if status == 502:
        return f"Another service that is needed for this did not answer as it has to. Try again.{reference}"
    return f"Something went wrong on our side.{reference}"
