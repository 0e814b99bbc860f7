"""Runs the user's handlers for one connection after the other event, and judges what they raise.

Async handlers run on the connection's loop, plain ones on a bounded pool of threads;
one connection's handlers never overlap. What a handler raises closes its connection
and no other: with 1008 when the client was refused, with 1011 and a log line when
the handler is at fault.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from typing import Any

from asok_engine.dispatch.context import request_var
from asok_engine.dispatch.sockets import SocketEnd
from asok_engine.dispatch.threads import Threads
from asok_engine.errors import InputError, Stop
from asok_engine.realtime.closing import FAILED, NORMAL, REFUSED, fitting_reason
from asok_engine.realtime.connection import Connection, Follow
from asok_engine.realtime.hub import Hub
from asok_engine.realtime.routes import SocketHandler, SocketRoute
from asok_engine.telemetry.hooks import error_caught

__all__ = ["Attendant"]

_log = logging.getLogger("asok.websocket")
Call = tuple[Callable[..., Any], tuple[Any, ...]]


class Attendant:
    """Takes connections in, calls their handlers, and sees them off."""

    def __init__(
        self,
        hub: Hub,
        threads: Threads,
        owner: object = None,
        may_join: Callable[[Connection, str], bool] | None = None,
        follow: Follow | None = None,
    ) -> None:
        self.hub = hub
        self.may_join = may_join
        self.follow = follow
        self.threads = threads
        self.owner = owner

    async def opened(self, route: SocketRoute, connection: Connection) -> None:
        """Take a connection in and call its connect handler; later calls need this one to be over."""
        self.hub.enter(connection)
        if route.connect is not None:
            await self.call(route.connect, connection)

    async def message(self, route: SocketRoute, connection: Connection, message: str | bytes) -> None:
        """Call the message handler."""
        if route.message is not None:
            await self.call(route.message, connection, message)

    async def conversation(self, route: SocketRoute, connection: Connection) -> None:
        """Run the handler that reads the messages itself; its end closes the connection."""
        if route.conversation is not None:
            await self.call(route.conversation, connection)
            if not connection.closed:
                connection._pipe.close(NORMAL, "")

    async def left(self, route: SocketRoute, connection: Connection, code: int, reason: str) -> None:
        """See a connection off and call its disconnect handler."""
        connection.close_code, connection.close_reason = code, reason
        connection.unfollow()
        self.hub.leave(connection)
        if route.disconnect is not None:
            await self.call(route.disconnect, connection)

    async def call(self, handler: SocketHandler, connection: Connection, *arguments: Any) -> None:
        """Call one handler; what it raises closes its connection and goes no further."""
        # Each step of a connection may run in a task of its own.
        request_var.set(connection.request)
        try:
            if handler.is_async:
                await handler.call(connection, *arguments)
            else:
                await self.threads.run(_apply, (handler.call, (connection, *arguments)))
        except SocketEnd:
            # The client left while the handler waited for it.
            return
        except (InputError, Stop) as refusal:
            connection._pipe.close(REFUSED, fitting_reason(getattr(refusal, "message", "")))
        except Exception as error:
            self._failed(handler, connection, error)

    def _failed(self, handler: SocketHandler, connection: Connection, error: Exception) -> None:
        error_id = connection.request.id or secrets.token_hex(8)
        _log.error(
            "The handler %s failed for a client of %s: %s",
            handler.name,
            connection.path,
            error,
            exc_info=error,
            extra={"request_id": error_id},
        )
        if error_caught:
            error_caught.send(self.owner, error=error, request=connection.request, error_id=error_id)
        connection._pipe.close(FAILED, "The server met an error.")


def _apply(call: Call) -> Any:
    function, arguments = call
    return function(*arguments)
