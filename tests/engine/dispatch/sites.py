"""Small applications without a face: a few handlers as a site that servers can drive."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from asok_engine.dispatch.bodies import BodyReader
from asok_engine.dispatch.chain import Handler, Link
from asok_engine.dispatch.errors import ErrorAnswers
from asok_engine.dispatch.kernel import Endpoint, Keeper, Kernel
from asok_engine.dispatch.routes import RouteTable
from asok_engine.dispatch.site import Site
from asok_engine.dispatch.threads import BackgroundLoop, Threads
from asok_engine.wire.request import Request
from asok_engine.wire.response import Response

__all__ = ["LOOP", "handler", "link", "make_kernel", "make_site"]

#: One background loop for every site of a test process.
LOOP = BackgroundLoop()


def handler(call: Callable[..., Any], *, light: bool = False) -> Handler:
    """Make a handler of a function, plain or async."""
    return Handler(call, call.__name__, inspect.iscoroutinefunction(call), is_light=light)


def link(call: Callable[..., Any]) -> Link:
    """Make a link of a function `(request, next)`, plain or async."""
    return Link(call, f"middleware {call.__name__}", inspect.iscoroutinefunction(call))


def make_kernel(
    pages: Mapping[str, Callable[..., Any]],
    *,
    links: Sequence[Callable[..., Any]] = (),
    streaming: Iterable[str] = (),
    error_pages: Mapping[int, Handler] | None = None,
    guards: Sequence[Any] = (),
    finishers: Sequence[Callable[[Request, Response], None]] = (),
    traced_finishers: Sequence[Callable[[Request, Response], None]] = (),
    personal_finishers: Sequence[Callable[[Request, Response], None]] = (),
    keeper: Keeper | None = None,
    checks: Sequence[Callable[[Request], None]] = (),
    max_body_bytes: int = 1000,
    threads: int = 2,
    **errors: Any,
) -> Kernel:
    """Build a kernel; a key is "/path" for GET or "POST /path" for another method."""
    routes = RouteTable()
    methods: dict[str, dict[str, Endpoint]] = {}
    for key, call in pages.items():
        method, _, path = key.rpartition(" ")
        endpoint = Endpoint(handler(call), streams_body=key in streaming, checks=checks)
        methods.setdefault(path, {})[method or "GET"] = endpoint
    for path, endpoints in methods.items():
        routes.add(path, endpoints, source=path)
    routes.compile()
    return Kernel(
        routes=routes,
        errors=ErrorAnswers(LOOP, pages=error_pages, **errors),
        bodies=BodyReader(max_body_bytes),
        threads=Threads(threads),
        loop=LOOP,
        guards=guards,
        finishers=finishers,
        traced_finishers=traced_finishers,
        links=[link(call) for call in links],
        personal_finishers=personal_finishers,
        keeper=keeper,
    )


def make_site(pages: Mapping[str, Callable[..., Any]], **options: Any) -> Site:
    """Build a site that has not started; options as in `make_kernel`."""
    return Site(lambda: (make_kernel(pages, **options), Request), LOOP)
