"""Answers requests: guards, route, chain, errors, finishers. The whole flow is `Kernel.handle_async`.

A guard looks at a request before it is routed and may answer it; a finisher looks
at every response, whoever made it. Both are plain functions composed into tuples
at start, so a feature that is off is absent. `Kernel.handle` is the same flow for
servers that call plainly. No server, no file and no setting is known here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from asok_engine.dispatch.bodies import BodyReader
from asok_engine.dispatch.chain import AsyncCall, Composer, Handler, Link, PlainCall
from asok_engine.dispatch.context import request_var
from asok_engine.dispatch.errors import ErrorAnswers
from asok_engine.dispatch.routes import Route, RouteTable
from asok_engine.dispatch.threads import BackgroundLoop, Threads
from asok_engine.errors import InputError, NotFoundError, Redirect
from asok_engine.wire.request import Request
from asok_engine.wire.response import Response, respond

__all__ = ["Endpoint", "Finisher", "Guard", "Kernel"]

Guard = Callable[[Request], Response | None]
GuardAsync = Callable[[Request], Awaitable[Response | None]]
Finisher = Callable[[Request, Response], None]

BODILESS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class Endpoint:
    """What a route has for one method: its handler, and the chains composed around it at start.

    Where no link stands around it, a chain is the handler itself, whose result the
    kernel turns into a Response. `at_once` is a plain call that needs no thread.
    """

    __slots__ = ("at_once", "handler", "in_thread", "on_loop", "streams_body")

    on_loop: Callable[[Request], Awaitable[Any]]
    in_thread: Callable[[Request], Any]
    at_once: Callable[[Request], Any] | None

    def __init__(self, handler: Handler, *, streams_body: bool = False) -> None:
        self.handler = handler
        self.streams_body = streams_body
        self.at_once = None


class Kernel:
    """One composed application.

    `guards` is a sequence of pairs (plain, async or None): the async form is
    used under an event loop where it is given. `finishers` run in their order,
    behind them those of `refusal_finishers` for a status of 400 and above.
    `links` wrap every answer of a request that can be routed, also "nothing
    found" and a body that is refused.
    """

    def __init__(
        self,
        *,
        routes: RouteTable,
        errors: ErrorAnswers,
        bodies: BodyReader,
        threads: Threads,
        loop: BackgroundLoop,
        guards: Iterable[tuple[Guard, GuardAsync | None]] = (),
        finishers: Iterable[Finisher] = (),
        refusal_finishers: Iterable[Finisher] = (),
        links: Sequence[Link] = (),
    ) -> None:
        self.routes = routes
        self.errors = errors
        self.threads = threads
        self.loop = loop
        self._bodies = bodies
        self._links = tuple(links)
        self._composer = Composer(threads, loop, errors.answer, errors.answer_async)
        guards = tuple(guards)
        self._guards = tuple(plain for plain, _ in guards)
        first_async = next((i for i, (_, waits) in enumerate(guards) if waits is not None), len(guards))
        self._quick_guards = self._guards[:first_async]
        self._slow_guards = guards[first_async:]
        self._finishers = tuple(finishers)
        self._refusal_finishers = tuple(refusal_finishers)
        self._match = routes.match
        self._missing = Endpoint(Handler(self._nothing_found, "dispatch", is_async=False, is_light=True))
        self._refused = Endpoint(Handler(_method_refused, "dispatch", is_async=False, is_light=True))
        self._options = Endpoint(Handler(_options, "dispatch", is_async=False, is_light=True))
        self._bad_body = Endpoint(Handler(_body_refused, "dispatch", is_async=False, is_light=True))
        self._composed: set[str] = set()

    def compose(self, protocol: str) -> None:
        """Compose every chain for servers of one protocol; does nothing the second time."""
        form = "in_thread" if protocol == "wsgi" else "on_loop"
        if form in self._composed:
            return
        for route in self.routes.all():
            for method, endpoint in route.methods.items():
                self._compose_one(endpoint, form, reads_body=method not in BODILESS)
        for endpoint in (self._missing, self._refused, self._options, self._bad_body):
            self._compose_one(endpoint, form, reads_body=False)
        self._composed.add(form)

    def _compose_one(self, endpoint: Endpoint, form: str, *, reads_body: bool) -> None:
        if hasattr(endpoint, form):
            return
        handler, is_alone = endpoint.handler, not self._links
        if form == "on_loop":
            on_loop: AsyncCall = self._composer.for_loop(self._links, handler)
            if is_alone and handler.is_async:
                on_loop = handler.call
            elif is_alone and handler.is_light and not reads_body:
                endpoint.at_once = handler.call
            endpoint.on_loop = self._with_body_async(on_loop, endpoint) if reads_body else on_loop
        else:
            in_thread: PlainCall = self._composer.for_threads(self._links, handler)
            if is_alone and not handler.is_async:
                in_thread = handler.call
            endpoint.in_thread = self._with_body(in_thread, endpoint) if reads_body else in_thread

    def _with_body_async(self, call: AsyncCall, endpoint: Endpoint) -> Callable[[Request], Awaitable[Any]]:
        bodies = self._bodies
        if endpoint.streams_body:
            # A plain handler reads in its thread; the pieces come to it over the loop.
            hand_over = bodies.stream_async if endpoint.handler.is_async else bodies.stream_bridged

            async def streamed(request: Request) -> Any:
                try:
                    hand_over(request)
                except InputError as error:
                    request.__dict__["body_error"] = error
                    return await self._bad_body.on_loop(request)
                return await call(request)

            return streamed

        read = bodies.read_async

        async def read_first(request: Request) -> Any:
            try:
                await read(request)
            except InputError as error:
                request.__dict__["body_error"] = error
                return await self._bad_body.on_loop(request)
            return await call(request)

        return read_first

    def _with_body(self, call: PlainCall, endpoint: Endpoint) -> Callable[[Request], Any]:
        bodies = self._bodies
        if endpoint.streams_body:
            hand_over = bodies.stream_unbridged if endpoint.handler.is_async else bodies.stream
        else:
            hand_over = bodies.read

        def read_first(request: Request) -> Any:
            try:
                hand_over(request)
            except InputError as error:
                request.__dict__["body_error"] = error
                return self._bad_body.in_thread(request)
            return call(request)

        return read_first

    async def handle_async(self, request: Request, refused: Exception | None = None) -> Response:
        """Answer one request on an event loop; never raises for what a handler did.

        `refused` is what the adapter found wrong with the request line.
        """
        request_var.set(request)
        try:
            for guard in self._quick_guards:
                response = guard(request)
                if response is not None:
                    break
            else:
                response = await self._guarded_async(request) if self._slow_guards else None
                if refused is not None:
                    raise refused
                if response is None:
                    match = self._match(request.path)
                    if match is None:
                        endpoint = self._missing
                    else:
                        route, request.params = match
                        endpoint = route.methods.get(request.method) or self._other_method(request, route)
                    request.endpoint = endpoint
                    call = endpoint.at_once
                    result = await endpoint.on_loop(request) if call is None else call(request)
                    if type(result) is Response and not result.may_be_shared:
                        response = result
                    else:
                        response = respond(result, endpoint.handler.source)
        except Exception as error:
            response = await self.errors.answer_async(request, error)
        if request._draft is not None:
            request.answered(response)
        for finish in self._finishers:
            finish(request, response)
        if response.status_code >= 400:
            for finish in self._refusal_finishers:
                finish(request, response)
        return response

    async def _guarded_async(self, request: Request) -> Response | None:
        for plain, waits in self._slow_guards:
            response = plain(request) if waits is None else await waits(request)
            if response is not None:
                return response
        return None

    async def instead_async(self, request: Request, error: Exception) -> Response:
        """Answer an error that came up behind `handle_async`, before anything was sent."""
        return self._finished(request, await self.errors.answer_async(request, error))

    def instead(self, request: Request, error: Exception) -> Response:
        """Answer an error that came up behind `handle`, before anything was sent."""
        return self._finished(request, self.errors.answer(request, error))

    def _finished(self, request: Request, response: Response) -> Response:
        for finish in self._finishers:
            finish(request, response)
        if response.status_code >= 400:
            for finish in self._refusal_finishers:
                finish(request, response)
        return response

    def handle(self, request: Request, refused: Exception | None = None) -> Response:
        """Answer one request in the calling thread, as `handle_async` does on a loop."""
        token = request_var.set(request)
        try:
            try:
                for guard in self._guards:
                    response = guard(request)
                    if response is not None:
                        break
                else:
                    if refused is not None:
                        raise refused
                    request.endpoint = endpoint = self._endpoint(request)
                    result = endpoint.in_thread(request)
                    if type(result) is Response and not result.may_be_shared:
                        response = result
                    else:
                        response = respond(result, endpoint.handler.source)
            except Exception as error:
                response = self.errors.answer(request, error)
            if request._draft is not None:
                request.answered(response)
            return self._finished(request, response)
        finally:
            request_var.reset(token)

    def _endpoint(self, request: Request) -> Endpoint:
        match = self._match(request.path)
        if match is None:
            return self._missing
        route, request.params = match
        endpoint = route.methods.get(request.method)
        if endpoint is not None:
            return endpoint  # type: ignore[no-any-return]
        return self._other_method(request, route)

    def _other_method(self, request: Request, route: Route) -> Endpoint:
        if request.method == "HEAD" and "GET" in route.methods:
            return route.methods["GET"]  # type: ignore[no-any-return]
        request.__dict__["allowed_methods"] = route.allowed_methods
        return self._options if request.method == "OPTIONS" else self._refused

    def _nothing_found(self, request: Request) -> Response:
        if request.method in ("GET", "HEAD"):
            address = self.routes.canonical(request.path)
            if address is not None:
                query = f"?{request.query_string}" if request.query_string else ""
                raise Redirect(request.root_path + address + query, 308)
        raise NotFoundError(f"There is nothing at {request.path}.")


def _method_refused(request: Request) -> Response:
    allowed = ", ".join(request.__dict__["allowed_methods"])
    raise InputError(
        f"{request.method} is not allowed here; {allowed} is.", status=405, headers={"Allow": allowed}
    )


def _body_refused(request: Request) -> Response:
    raise request.__dict__["body_error"]


def _options(request: Request) -> Response:
    response = Response(b"", 204)
    response.headers["Allow"] = ", ".join(request.__dict__["allowed_methods"])
    return response
