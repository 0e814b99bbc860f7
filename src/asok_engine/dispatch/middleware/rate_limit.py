"""Limits how often one client may ask: for the whole application, and for one handler.

The window slides, so no border lets a client through twice. Who may is decided by
a backend of `backends.counters`; when it does not answer, the request is answered
with 503, never let through. A client is an IPv4 address or an IPv6 network of 64
bits, because one host owns all addresses of such a network. Sources: RFC 6585 4
(429), RFC 9110 10.2.3 (Retry-After).
"""

from __future__ import annotations

import functools
import inspect
import ipaddress
import logging
import time
from collections.abc import Callable, Collection
from typing import Any

from asok_engine.backends.counters.contract import Counters, Verdict
from asok_engine.backends.counters.rates import Rate, parse_rate
from asok_engine.dispatch.chain import is_async_callable
from asok_engine.dispatch.context import request_var
from asok_engine.errors import SetupError, TooManyRequests, UsageError
from asok_engine.wire.request import Request

__all__ = ["ClientLimit", "RouteLimit", "client_of"]

Key = Callable[[Request], str]

_log = logging.getLogger("asok.security")


def client_of(request: Request) -> str:
    """Give the name under which the client of a request is counted."""
    address = request.ip
    return _network(address) if ":" in address else address


@functools.lru_cache(maxsize=1024)
def _network(address: str) -> str:
    try:
        parsed = ipaddress.IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return f"{ipaddress.IPv6Address(int(parsed) >> 64 << 64)}/64"


class ClientLimit:
    """Lets every client ask at most as often as `rate` says, over all handlers together.

    `exempt_paths` are whole paths, `exempt_prefixes` the beginnings of paths that
    are not counted, such as those of static files. For counters that wait for a
    network, compose `guard` with `guard_async`; for those in memory, `guard` alone.
    """

    def __init__(
        self,
        counters: Counters,
        rate: str | tuple[int, float] | Rate,
        *,
        exempt_paths: Collection[str] = (),
        exempt_prefixes: Collection[str] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._limit, self._window_seconds = parse_rate(rate)
        self._hit = counters.hit
        self._hit_async = counters.hit_async
        self._exempt_paths = frozenset(exempt_paths)
        self._exempt_prefixes = tuple(exempt_prefixes)
        self._clock = clock
        self._has_hinted = False

    def guard(self, request: Request) -> None:
        """Count a request; raises TooManyRequests, or BackendUnavailable when the counters do not answer."""
        path = request.path
        if path in self._exempt_paths or path.startswith(self._exempt_prefixes):
            return
        verdict = self._hit(client_of(request), self._limit, self._window_seconds, self._clock())
        if not verdict.allowed:
            self._hint(request)
            raise _refusal(verdict, self._limit, self._window_seconds)

    async def guard_async(self, request: Request) -> None:
        """Count a request without holding up the event loop."""
        path = request.path
        if path in self._exempt_paths or path.startswith(self._exempt_prefixes):
            return
        verdict = await self._hit_async(client_of(request), self._limit, self._window_seconds, self._clock())
        if not verdict.allowed:
            self._hint(request)
            raise _refusal(verdict, self._limit, self._window_seconds)

    def _hint(self, request: Request) -> None:
        """Tell once when the refused client looks like a proxy: then everyone shares one limit."""
        if self._has_hinted:
            return
        peer = request.exchange.peer()[0]
        forwards = "x-forwarded-for" in request.headers or "forwarded" in request.headers
        if request.ip != peer or not (forwards or not peer):
            return
        self._has_hinted = True
        _log.warning(
            "The rate limit refused %s, which seems to be a proxy, so all its clients share one limit. "
            "Name it in TRUSTED_PROXIES if it is yours.",
            peer or "a client without an address",
        )


class RouteLimit:
    """Limits one handler, as a decorator, a middleware, or a call within a handler.

    `RouteLimit("5/m")` and `RouteLimit(5, 60)` are the same. `counters` gives the
    application's counters for a request, which exist only once it has started.
    `name` keeps counts apart; a decorated handler has its own by default. `key` says
    who is counted, by default the client's address.

    Raises:
        SetupError: the rate cannot be read.
    """

    def __init__(
        self,
        limit: str | int | tuple[int, float] | Rate,
        window: float | None = None,
        *,
        counters: Callable[[Request], Counters],
        name: str = "",
        key: Key = client_of,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._rate = _rate_of(limit, window)
        self._counters = counters
        self._name = name
        self._key = key
        self._clock = clock

    def check(self, request: Request, name: str = "") -> None:
        """Count one call; raises TooManyRequests, or BackendUnavailable when the counters do not answer."""
        limit, seconds = self._rate
        verdict = self._counters(request).hit(self._key_of(request, name), limit, seconds, self._clock())
        if not verdict.allowed:
            raise _refusal(verdict, limit, seconds)

    async def check_async(self, request: Request, name: str = "") -> None:
        """Do what `check` does without holding up the event loop."""
        limit, seconds = self._rate
        counters = self._counters(request)
        verdict = await counters.hit_async(self._key_of(request, name), limit, seconds, self._clock())
        if not verdict.allowed:
            raise _refusal(verdict, limit, seconds)

    # One object for `@limit` above a handler and for `app.use(limit)`: the number
    # of arguments tells which of them is meant.
    def __call__(self, *arguments: Any) -> Any:
        """Decorate a handler (one argument), or be a link of a chain (request and next)."""
        if len(arguments) == 1 and callable(arguments[0]):
            return self.limited(arguments[0])
        if len(arguments) == 2 and isinstance(arguments[0], Request):
            request, following = arguments
            self.check(request, "middleware")
            return following(request)
        raise UsageError(
            f"A rate limit was called with {len(arguments)} arguments.",
            fix='Write @rate_limit("5/m") above a handler, or app.use(RateLimit("100/m")).',
        )

    def limited(self, handler: Callable[..., Any]) -> Callable[..., Any]:
        """Give a handler, plain or async, that counts its calls before it begins."""
        name = self._name or _name_of(handler)
        if is_async_callable(handler):

            @functools.wraps(handler)
            async def handle_async(*arguments: Any, **named: Any) -> Any:
                await self.check_async(_request_among(arguments, named, name), name)
                return await handler(*arguments, **named)

            return handle_async

        @functools.wraps(handler)
        def handle(*arguments: Any, **named: Any) -> Any:
            self.check(_request_among(arguments, named, name), name)
            return handler(*arguments, **named)

        return handle

    def _key_of(self, request: Request, name: str) -> str:
        return f"{self._name or name}:{self._key(request)}"


def _rate_of(limit: str | int | tuple[int, float] | Rate, window: float | None) -> Rate:
    if window is None:
        if isinstance(limit, int):
            raise SetupError(
                f"A rate limit was given {limit!r} without a window.",
                fix='Write the seconds too, (5, 60), or one text: "5/m".',
            )
        return parse_rate(limit)
    if not isinstance(limit, int):
        raise SetupError(
            f"A rate limit was given {limit!r} and the window {window!r}; expected a number beside a window."
        )
    return parse_rate((limit, window))


def _refusal(verdict: Verdict, limit: int, window_seconds: float) -> TooManyRequests:
    # Rounded up past the moment itself, at which a fraction may still be missing.
    seconds = int(verdict.retry_after_seconds) + 1
    return TooManyRequests(
        f"More than {limit} requests in {window_seconds:g} seconds; "
        f"try again in {seconds} second{'s' if seconds > 1 else ''}.",
        retry_after=seconds,
    )


def _name_of(handler: Callable[..., Any]) -> str:
    inner = inspect.unwrap(handler)
    while isinstance(inner, functools.partial):
        inner = inner.func
    name = getattr(inner, "__qualname__", type(inner).__qualname__)
    return f"{getattr(inner, '__module__', '')}.{name}"


def _request_among(arguments: tuple[Any, ...], named: dict[str, Any], name: str) -> Request:
    for value in arguments[:2]:
        if isinstance(value, Request):
            return value
    request = named.get("request") or request_var.get()
    if isinstance(request, Request):
        return request
    raise UsageError(
        f"{name} has a rate limit but was called outside a request.",
        fix="Let the handler take the request as its argument.",
    )
