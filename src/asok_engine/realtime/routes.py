"""Socket routes: a path pattern and the handlers for what happens on connections to it.

The patterns are those of pages. Handlers may be added at any time before a client
connects; the table is built at the next look-up. A handler with one parameter takes
the whole conversation (`async for message in conn`), one with two takes a message.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from asok_engine.dispatch.routes import RouteTable, parse_pattern
from asok_engine.errors import SetupError, UsageError

__all__ = ["SocketHandler", "SocketRoute", "SocketRoutes"]


class SocketHandler:
    """A user's function, and how it is called."""

    __slots__ = ("call", "is_async", "name")

    def __init__(self, call: Callable[..., Any]) -> None:
        self.call = call
        self.is_async = inspect.iscoroutinefunction(call) or inspect.iscoroutinefunction(
            getattr(call, "__call__", None)  # noqa: B004
        )
        self.name = f"{getattr(call, '__module__', '')}.{getattr(call, '__qualname__', repr(call))}"


class SocketRoute:
    """What one pattern does when a client connects, sends and leaves."""

    __slots__ = ("connect", "conversation", "disconnect", "message", "pattern", "subprotocols")

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.connect: SocketHandler | None = None
        self.message: SocketHandler | None = None
        #: The handler that reads the messages itself, in place of `message`.
        self.conversation: SocketHandler | None = None
        self.disconnect: SocketHandler | None = None
        self.subprotocols: tuple[str, ...] = ()

    def choose_subprotocol(self, offered: Sequence[str]) -> str | None:
        """Give the first of our subprotocols that the client offers."""
        return next((name for name in self.subprotocols if name in offered), None)

    def __repr__(self) -> str:
        return f"<SocketRoute {self.pattern}>"


class SocketRoutes:
    """All socket routes of one WebSocket server."""

    def __init__(self) -> None:
        self._routes: dict[str, SocketRoute] = {}
        self._table: RouteTable | None = None

    def __bool__(self) -> bool:
        return bool(self._routes)

    def patterns(self) -> list[str]:
        """Give every pattern, in the order of addition."""
        return [route.pattern for route in self._routes.values()]

    def on_message(self, pattern: str, call: Callable[..., Any], subprotocols: Sequence[str] = ()) -> None:
        """Call `call(conn, message)` for each message, or `call(conn)` once for the conversation."""
        route = self._route(pattern)
        handler = SocketHandler(call)
        if route.message is not None or route.conversation is not None:
            raise _taken("messages", pattern, handler)
        if _takes_conversation(call, pattern):
            if not handler.is_async:
                raise SetupError(
                    f"The handler {handler.name} of {pattern!r} takes only a connection and is not async.",
                    fix="Give it a second parameter, message, or make it async def.",
                )
            route.conversation = handler
        else:
            route.message = handler
        route.subprotocols = tuple(subprotocols)

    def on_connect(self, pattern: str, call: Callable[..., Any]) -> None:
        """Call `call(conn)` when a client has connected."""
        route = self._route(pattern)
        if route.connect is not None:
            raise _taken("connections", pattern, SocketHandler(call))
        route.connect = SocketHandler(call)

    def on_disconnect(self, pattern: str, call: Callable[..., Any]) -> None:
        """Call `call(conn)` when a client has left, however that came."""
        route = self._route(pattern)
        if route.disconnect is not None:
            raise _taken("disconnections", pattern, SocketHandler(call))
        route.disconnect = SocketHandler(call)

    def match(self, path: str) -> tuple[SocketRoute, Mapping[str, Any]] | None:
        """Give the route of a decoded path and its parameters, or None."""
        table = self._table
        if table is None:
            table = RouteTable()
            for route in self._routes.values():
                table.add(route.pattern, {"GET": route}, source="a socket route")
            table.compile()
            self._table = table
        found = table.match(path)
        return None if found is None else (found[0].methods["GET"], found[1])

    def _route(self, pattern: str) -> SocketRoute:
        parsed = parse_pattern(pattern)
        route = self._routes.get(parsed.shape)
        if route is None:
            route = self._routes[parsed.shape] = SocketRoute(pattern)
            self._table = None
        elif parse_pattern(route.pattern).names != parsed.names:
            raise SetupError(
                f"The socket routes {route.pattern!r} and {pattern!r} match the same paths "
                "under different parameter names.",
                fix="Give their parameters the same names.",
            )
        return route


def _takes_conversation(call: Callable[..., Any], pattern: str) -> bool:
    try:
        parameters = inspect.signature(call).parameters.values()
    except (TypeError, ValueError):
        return False
    if any(one.kind is one.VAR_POSITIONAL for one in parameters):
        return False
    needed = [
        one
        for one in parameters
        if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD) and one.default is one.empty
    ]
    allowed = [one for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    if not allowed or len(needed) > 2:
        raise UsageError(
            f"The handler {getattr(call, '__qualname__', call)} of {pattern!r} takes {len(needed)} "
            "arguments; it is called with a connection and a message.",
            fix="Write it as def handler(conn, message), or async def handler(conn) to read by itself.",
        )
    return len(allowed) == 1


def _taken(what: str, pattern: str, handler: SocketHandler) -> SetupError:
    return SetupError(
        f"{handler.name} is the second handler for the {what} of {pattern!r}.",
        fix="Remove one, or call the other from it.",
    )
