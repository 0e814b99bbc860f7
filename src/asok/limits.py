"""Rate limits for handlers and middlewares: `@rate_limit("5/m")`, `app.use(RateLimit("100/m"))`.

The counting is the engine's; the counters are those of the application that
answers, in memory or in Redis.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from asok_engine.backends.counters.contract import Counters
from asok_engine.dispatch.middleware.rate_limit import RouteLimit
from asok_engine.wire.request import Request

__all__ = ["RateLimit", "rate_limit"]

H = TypeVar("H", bound=Callable[..., Any])


def _counters(request: Request) -> Counters:
    counters: Counters = request.app.services.counters
    return counters


class RateLimit(RouteLimit):
    """A limit such as `RateLimit("5/m")` or `RateLimit(5, 60)`, per client by default.

    It decorates a handler, is a middleware for `app.use`, and can be asked within
    a handler with `check(request)`. `key(request)` says who is counted. Raises
    SetupError when the rate cannot be read.
    """

    def __init__(
        self,
        limit: str | int | tuple[int, float],
        window: float | None = None,
        *,
        prefix: str = "",
        key_func: Callable[[Request], str] | None = None,
    ) -> None:
        options: dict[str, Any] = {} if key_func is None else {"key": key_func}
        super().__init__(limit, window, counters=_counters, name=prefix, **options)


def rate_limit(
    limit: str | int | tuple[int, float],
    window: float | None = None,
    *,
    prefix: str = "",
    key_func: Callable[[Request], str] | None = None,
) -> Callable[[H], H]:
    """Limit how often a handler may be called: `@rate_limit("5/m")`, or `@rate_limit(5, 60)`."""
    limiter = RateLimit(limit, window, prefix=prefix, key_func=key_func)

    def decorate(handler: H) -> H:
        return limiter.limited(handler)  # type: ignore[return-value]

    return decorate
