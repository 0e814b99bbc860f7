"""Answers requests: guards, route, chain, errors, finishers. The whole flow is `Kernel.handle_async`.

A guard looks at a request before it is routed and may answer it; a finisher looks
at every response, whoever made it. Both are plain functions composed into tuples
at start, so a feature that is off is absent. `Kernel.handle` is the same flow for
servers that call plainly. No server, no file and no setting is known here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Protocol

from asok_engine.dispatch.bodies import BodyReader
from asok_engine.dispatch.chain import AsyncCall, Composer, Handler, Link, PlainCall
from asok_engine.dispatch.context import request_var
from asok_engine.dispatch.errors import ErrorAnswers
from asok_engine.dispatch.routes import Route, RouteTable
from asok_engine.dispatch.threads import BackgroundLoop, Threads
from asok_engine.errors import InputError, NotFoundError, Redirect, Stop
from asok_engine.wire.request import Request
from asok_engine.wire.response import FreshResponse, Response, respond

__all__ = ["Check", "Endpoint", "Finisher", "Guard", "Keeper", "Kernel"]

Guard = Callable[[Request], Response | None]
GuardAsync = Callable[[Request], Awaitable[Response | None]]
Finisher = Callable[[Request, Response], None]
set_current = request_var.set

#: Looks at a request whose body was read; refuses it by raising an InputError.
Check = Callable[[Request], None]

BODILESS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class Endpoint:
    """What a route has for one method: its handler, and the chains composed around it at start.

    Where no link stands around it, a chain is the handler itself, whose result the
    kernel turns into a Response. `at_once` is a plain call that needs no thread.
    `checks` look at a request with a body before links and handler do. `is_personal`
    tells that the answer may depend on who asks, as that of a file does not.
    """

    __slots__ = (
        "at_once",
        "checks",
        "handler",
        "in_thread",
        "is_personal",
        "on_loop",
        "reads_ahead",
        "streams_body",
    )

    on_loop: Callable[[Request], Awaitable[Any]]
    in_thread: Callable[[Request], Any]
    at_once: Callable[[Request], Any] | None

    def __init__(
        self,
        handler: Handler,
        *,
        streams_body: bool = False,
        checks: Sequence[Check] = (),
        is_personal: bool = True,
    ) -> None:
        self.handler = handler
        self.streams_body = streams_body
        self.at_once = None
        self.checks = tuple(checks)
        self.is_personal = is_personal
        self.reads_ahead = False


class Keeper(Protocol):
    """Keeps what belongs to a visitor between requests.

    `waits` tells that keeping may wait for a disk or a network. What is raised becomes
    the answer.
    """

    @property
    def waits(self) -> bool:
        """Whether a loop has to call the async forms."""

    async def read_ahead(self, request: Request) -> None:
        """Read what code on the loop may ask for, which cannot wait."""

    def read_before(self, request: Request) -> None:
        """Do what `read_ahead` does in a thread, from which code on the background loop is started."""

    def settle(self, request: Request, response: Response) -> None:
        """Write what has changed, when the answer is there and before it is sent."""

    async def settle_async(self, request: Request, response: Response) -> None:
        """Do what `settle` does without blocking the event loop."""


class Kernel:
    """One composed application.

    `guards` is a sequence of pairs (plain, async or None): the async form is
    used under an event loop where it is given. `finishers` run in their order,
    behind them `traced_finishers` for what somebody may look for in a log: refusals,
    failures and streams, and requests whose id was asked for or sent.
    `links` wrap every answer of a request that can be routed, also "nothing
    found" and a body that is refused. `keeper` settles requests that looked at
    something of their visitor and did not end in a defect; `personal_finishers`
    see the answers of those, and every answer that sets a cookie, before the others.
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
        traced_finishers: Iterable[Finisher] = (),
        personal_finishers: Iterable[Finisher] = (),
        keeper: Keeper | None = None,
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
        self._traced_finishers = tuple(traced_finishers)
        self._personal_finishers = tuple(personal_finishers)
        self._keeper = keeper
        self._match = routes.match
        self._find_static = routes.find_static
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
            if self._keeper is not None and self._keeper.waits and endpoint.is_personal:
                is_on_loop = handler.is_async or handler.is_light or reads_body
                endpoint.reads_ahead = is_on_loop or any(link.is_async for link in self._links)
        else:
            in_thread: PlainCall = self._composer.for_threads(self._links, handler)
            if is_alone and not handler.is_async:
                in_thread = handler.call
            in_thread = self._with_body(in_thread, endpoint) if reads_body else in_thread
            is_on_loop = handler.is_async or any(link.is_async for link in self._links)
            if self._keeper is not None and self._keeper.waits and endpoint.is_personal and is_on_loop:
                in_thread = _after(self._keeper.read_before, in_thread)
            endpoint.in_thread = in_thread

    def _with_body_async(self, call: AsyncCall, endpoint: Endpoint) -> Callable[[Request], Awaitable[Any]]:
        bodies, checks = self._bodies, endpoint.checks
        if endpoint.streams_body:
            # A plain handler reads in its thread; the pieces come to it over the loop.
            hand_over = bodies.stream_async if endpoint.handler.is_async else bodies.stream_bridged

            async def streamed(request: Request) -> Any:
                try:
                    hand_over(request)
                    for check in checks:
                        check(request)
                except InputError as error:
                    request.__dict__["body_error"] = error
                    return await self._bad_body.on_loop(request)
                return await call(request)

            return streamed

        read = bodies.read_async

        async def read_first(request: Request) -> Any:
            try:
                await read(request)
                for check in checks:
                    check(request)
            except InputError as error:
                request.__dict__["body_error"] = error
                return await self._bad_body.on_loop(request)
            return await call(request)

        return read_first

    def _with_body(self, call: PlainCall, endpoint: Endpoint) -> Callable[[Request], Any]:
        bodies, checks = self._bodies, endpoint.checks
        if endpoint.streams_body:
            hand_over = bodies.stream_unbridged if endpoint.handler.is_async else bodies.stream
        else:
            hand_over = bodies.read

        def read_first(request: Request) -> Any:
            try:
                hand_over(request)
                for check in checks:
                    check(request)
            except InputError as error:
                request.__dict__["body_error"] = error
                return self._bad_body.in_thread(request)
            return call(request)

        return read_first

    async def handle_async(self, request: Request, refused: Exception | None = None) -> Response:
        """Answer one request on an event loop; never raises for what a handler did.

        `refused` is what the adapter found wrong with the request line.
        """
        # A callable that an object holds is taken from it before it is called, here and below:
        # called in one go it is looked for among the methods of the class first.
        set_current(request)
        is_whole, response = True, None
        try:
            for guard in self._quick_guards:
                response = guard(request)
                if response is not None:
                    break
            else:
                if self._slow_guards:
                    response = await self._guarded_async(request)
                if refused is not None:
                    raise refused
                if response is None:
                    find_static = self._find_static
                    route = find_static(request.path)
                    if route is None:
                        endpoint = self._endpoint(request)
                    else:
                        endpoint = route.methods.get(request.method) or self._other_method(request, route)
                    request.endpoint = endpoint
                    if endpoint.reads_ahead:
                        await self._keeper.read_ahead(request)  # type: ignore[union-attr]
                    call, on_loop = endpoint.at_once, endpoint.on_loop
                    result = await on_loop(request) if call is None else call(request)
                    if type(result) is FreshResponse:
                        response = result
                    else:
                        response = respond(result, endpoint.handler.source)
        except Exception as error:
            response = await self.errors.answer_async(request, error)
            is_whole = isinstance(error, InputError | Stop)
        if request.is_personal and is_whole and self._keeper is not None:
            response = await self._kept_async(self._keeper, request, response)
        if request._draft is not None:
            request.answered(response)
        if request.is_personal or response.cookies:
            for finish in self._personal_finishers:
                finish(request, response)
        for finish in self._finishers:
            finish(request, response)
        if (
            response.status_code >= 400
            or request._id is not None
            or b"x-request-id" in request.sent
            or (type(response.body) is not bytes and response.is_stream)
        ):
            for finish in self._traced_finishers:
                finish(request, response)
        return response

    async def _kept_async(self, keeper: Keeper, request: Request, response: Response) -> Response:
        try:
            await keeper.settle_async(request, response)
        except Exception as error:
            return await self.errors.answer_async(request, error)
        return response

    def _kept(self, keeper: Keeper, request: Request, response: Response) -> Response:
        try:
            keeper.settle(request, response)
        except Exception as error:
            return self.errors.answer(request, error)
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
        if request.is_personal or response.cookies:
            for finish in self._personal_finishers:
                finish(request, response)
        for finish in self._finishers:
            finish(request, response)
        if (
            response.status_code >= 400
            or request._id is not None
            or b"x-request-id" in request.sent
            or (type(response.body) is not bytes and response.is_stream)
        ):
            for finish in self._traced_finishers:
                finish(request, response)
        return response

    def handle(self, request: Request, refused: Exception | None = None) -> Response:
        """Answer one request in the calling thread, as `handle_async` does on a loop."""
        token = set_current(request)
        is_whole = True
        try:
            try:
                for guard in self._guards:
                    response = guard(request)
                    if response is not None:
                        break
                else:
                    if refused is not None:
                        raise refused
                    find_static = self._find_static
                    route = find_static(request.path)
                    if route is None:
                        endpoint = self._endpoint(request)
                    else:
                        endpoint = route.methods.get(request.method) or self._other_method(request, route)
                    request.endpoint = endpoint
                    in_thread = endpoint.in_thread
                    result = in_thread(request)
                    if type(result) is FreshResponse:
                        response = result
                    else:
                        response = respond(result, endpoint.handler.source)
            except Exception as error:
                response = self.errors.answer(request, error)
                is_whole = isinstance(error, InputError | Stop)
            if request.is_personal and is_whole and self._keeper is not None:
                response = self._kept(self._keeper, request, response)
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


def _after(first: Callable[[Request], None], call: PlainCall) -> PlainCall:
    def both(request: Request) -> Any:
        first(request)
        return call(request)

    return both


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
