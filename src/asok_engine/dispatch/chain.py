"""Composes links and a handler into one callable, once per route, when the application starts.

A link is `handle(request, next)`, plain or async; it returns what `next(request)`
gave or an answer of its own. Links and handlers mix freely: plain ones next to
each other run in one thread hop under an event loop, async ones are awaited, and
under WSGI everything from the first async one on runs on the background loop.
Whatever a link or handler returns or raises to stop is an answer for the link
around it; an unexpected error passes through all of them to the kernel.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from msgspec import Struct

from asok_engine.dispatch.threads import BackgroundLoop, Threads, running_loop
from asok_engine.errors import InputError, Stop
from asok_engine.wire.request import Request
from asok_engine.wire.response import FreshResponse, Response, respond

__all__ = ["AsyncCall", "Composer", "Handler", "Link", "PlainCall", "is_async_callable"]

#: What a link has forgotten that returned nothing.
_GO_ON = "Return next(request), with await where the link is async def, or an answer of its own."

PlainCall = Callable[[Request], Response]
AsyncCall = Callable[[Request], Coroutine[Any, Any, Response]]
Answer = Callable[[Request, Exception], Response]
AnswerAsync = Callable[[Request, Exception], Awaitable[Response]]


def is_async_callable(call: object) -> bool:
    """Tell whether calling gives a coroutine: async def, a partial of one, an object with async __call__."""
    while hasattr(call, "func") and not inspect.isfunction(call):
        call = call.func
    return inspect.iscoroutinefunction(call) or inspect.iscoroutinefunction(getattr(call, "__call__", None))  # noqa: B004


class Handler(Struct, frozen=True):
    """The innermost callable of a route: `call(request)`; `source` names it in messages.

    `is_light` says that a plain `call` waits for nothing and computes little, so
    it may run on the event loop itself and needs no thread.
    """

    call: Callable[[Any], Any]
    source: str
    is_async: bool
    is_light: bool = False


class Link(Struct, frozen=True):
    """One middleware: `call(request, next)`; `source` names it in messages."""

    call: Callable[[Any, Any], Any]
    source: str
    is_async: bool


class _Tail(Struct, frozen=True):
    """A composed rest of a chain; `level` is the highest pool that it may occupy, -1 for none."""

    call: Callable[[Request], Any]
    is_async: bool
    level: int


class Composer:
    """Composes chains for one application.

    `answer` and `answer_async` turn an InputError or a Stop into a response;
    under WSGI only the first is used outside the background loop.
    """

    def __init__(
        self, threads: Threads, loop: BackgroundLoop, answer: Answer, answer_async: AnswerAsync
    ) -> None:
        self._threads = threads
        self._loop = loop
        self._answer = answer
        self._answer_async = answer_async

    def for_loop(self, links: Sequence[Link], handler: Handler) -> AsyncCall:
        """Compose for an event loop: one coroutine function."""
        if handler.is_light and (not links or links[-1].is_async):
            handler = _on_the_loop(handler)
        return self._on_loop(self._compose(links, self._innermost(handler))).call

    def for_threads(self, links: Sequence[Link], handler: Handler) -> PlainCall:
        """Compose for a server that calls plainly: one plain function."""
        first_async = next((i for i, link in enumerate(links) if link.is_async), len(links))
        if first_async == len(links) and not handler.is_async:
            return self._compose(links, self._innermost(handler)).call
        tail = self._on_loop(self._compose(links[first_async:], self._innermost(handler)))
        run = self._loop.run
        inner: AsyncCall = tail.call

        def enter(request: Request) -> Response:
            return run(inner(request))

        outer = _Tail(enter, is_async=False, level=0)
        for link in reversed(links[:first_async]):
            outer = _Tail(self._plain_step(link, outer.call), is_async=False, level=0)
        return outer.call

    def _compose(self, links: Sequence[Link], tail: _Tail) -> _Tail:
        for link in reversed(links):
            if link.is_async:
                inner = self._on_loop(tail)
                tail = _Tail(self._async_step(link, inner.call), is_async=True, level=inner.level)
            elif tail.is_async:
                tail = _Tail(self._plain_step(link, _bridge(tail.call)), is_async=False, level=tail.level + 1)
            else:
                tail = _Tail(self._plain_step(link, tail.call), is_async=False, level=tail.level)
        return tail

    def _on_loop(self, tail: _Tail) -> _Tail:
        if tail.is_async:
            return tail
        run, call, level = self._threads.run, tail.call, max(tail.level, 0)

        async def hop(request: Request) -> Response:
            return await run(call, request, level)

        return _Tail(hop, is_async=True, level=level)

    def _innermost(self, handler: Handler) -> _Tail:
        call, source = handler.call, handler.source
        if handler.is_async:
            answer_async = self._answer_async

            async def handle_async(request: Request) -> Response:
                try:
                    result = await call(request)
                except (InputError, Stop) as stopped:
                    return await answer_async(request, stopped)
                if type(result) is FreshResponse and request._draft is None:
                    return result
                return request.answered(respond(result, source))

            return _Tail(handle_async, is_async=True, level=-1)
        answer = self._answer

        def handle(request: Request) -> Response:
            try:
                result = call(request)
            except (InputError, Stop) as stopped:
                return answer(request, stopped)
            if type(result) is FreshResponse and request._draft is None:
                return result
            return request.answered(respond(result, source))

        return _Tail(handle, is_async=False, level=0)

    def _plain_step(self, link: Link, inner: PlainCall) -> PlainCall:
        call, source, answer = link.call, link.source, self._answer

        def step(request: Request) -> Response:
            try:
                result = call(request, inner)
            except (InputError, Stop) as stopped:
                return answer(request, stopped)
            if type(result) is FreshResponse and request._draft is None:
                return result
            return request.answered(respond(result, source, for_none=_GO_ON))

        return step

    def _async_step(self, link: Link, inner: AsyncCall) -> AsyncCall:
        call, source, answer_async = link.call, link.source, self._answer_async

        async def step(request: Request) -> Response:
            try:
                result = await call(request, inner)
            except (InputError, Stop) as stopped:
                return await answer_async(request, stopped)
            if type(result) is FreshResponse and request._draft is None:
                return result
            return request.answered(respond(result, source, for_none=_GO_ON))

        return step


def _on_the_loop(handler: Handler) -> Handler:
    call = handler.call

    async def run(request: Request) -> Any:
        return call(request)

    return Handler(run, handler.source, is_async=True)


def _bridge(call: AsyncCall) -> PlainCall:
    def back_to_the_loop(request: Request) -> Response:
        return asyncio.run_coroutine_threadsafe(call(request), running_loop()).result()

    return back_to_the_loop
