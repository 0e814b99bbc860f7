"""The WebSocket path of the application's own server: one coroutine for each connection.

The server's calls may wait for a slow client, so what is sent stands in a queue of
its own, bounded in bytes, that a task empties; nobody else ever waits for that
client. The frames, the pings and the packing are the server's.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Coroutine, Generator
from typing import Any, cast

from asok_engine.dispatch.sockets import SocketEnd, SocketLink
from asok_engine.realtime.attendant import Attendant
from asok_engine.realtime.closing import GOING_AWAY, NORMAL, OVERLOADED, REFUSED, TOO_BIG
from asok_engine.realtime.connection import Connection
from asok_engine.realtime.gate import Admitted, Gate, Refused
from asok_engine.realtime.limits import Limits, MessageRate
from asok_engine.realtime.parcel import Parcel
from asok_engine.wire.request import Request

__all__ = ["Door", "QueuedPipe"]

TOO_SLOW = "The client does not read what is sent to it."
TOO_MANY = "The client sends too many messages."
#: A message weighs this much more than its text, so that many small ones count as well.
_PARCEL_BYTES = 64


class Door:
    """Serves links of the application's server; it is the site's `SocketDoor`."""

    def __init__(self, gate: Gate, attendant: Attendant, limits: Limits) -> None:
        self._gate = gate
        self._attendant = attendant
        self._limits = limits
        self.is_ending = False

    async def __call__(self, request: Request, link: SocketLink) -> None:
        """Serve one connection from its handshake to its end."""
        if self.is_ending:
            await link.refuse(503, "The server stops; try again later.")
            return
        admitted = await self._gate.admit(request)
        if isinstance(admitted, Refused):
            await link.refuse(admitted.status, admitted.text)
            return
        try:
            await self._serve(request, link, admitted)
        finally:
            self._gate.leave(admitted)

    async def _serve(self, request: Request, link: SocketLink, admitted: Admitted) -> None:
        route, attendant = admitted.route, self._attendant
        subprotocol = route.choose_subprotocol(link.subprotocols)
        try:
            await link.accept(subprotocol)
        except SocketEnd:
            return
        pipe = QueuedPipe(link, self._limits)
        connection = Connection(
            request,
            admitted.params,
            admitted.identity,
            attendant.hub.station(),
            pipe,
            subprotocol=subprotocol,
            may_join=attendant.may_join,
            follow=attendant.follow,
        )
        end = SocketEnd()
        try:
            await attendant.opened(route, connection)
            if route.conversation is not None:
                await attendant.conversation(route, connection)
            while True:
                message = await pipe.receive()
                await attendant.message(route, connection, message)
                if pipe.is_waiting:
                    await pipe.flush()
        except SocketEnd as ended:
            end = ended
        except asyncio.CancelledError:
            end = SocketEnd(GOING_AWAY)
            raise
        finally:
            pipe.ended(end)
            await attendant.left(route, connection, end.code, end.reason)
            await pipe.finish()


class QueuedPipe:
    """The way to a client over a link whose `send` may wait."""

    def __init__(self, link: SocketLink, limits: Limits) -> None:
        self._link = link
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._queue: deque[Parcel] = deque()
        self._queued_bytes = 0
        self._task: asyncio.Task[None] | None = None
        self._is_scheduled = False
        self._is_sending = False
        self._closing: tuple[int, str] | None = None
        self._reader: asyncio.Task[object] | None = None
        self._rate: MessageRate | None = None
        if limits.messages_per_second is not None:
            self._rate = MessageRate(limits.messages_per_second, limits.burst_messages, self._loop.time())
        #: How the connection ended, once it has.
        self.end: SocketEnd | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether messages wait that nothing is sending."""
        return bool(self._queue) and not self._is_sending

    # --- out ------------------------------------------------------------------------------------

    def write(self, parcel: Parcel) -> None:
        """Put a message into the queue."""
        if self._closing is not None or self.end is not None:
            return
        # Why what stood before: one message may be larger than the whole queue.
        if self._queued_bytes > self._limits.max_queue_bytes:
            self._queue.clear()
            self.close(OVERLOADED, TOO_SLOW)
            return
        if self._link.sends_at_once and not self._is_sending and not self._queue:
            self._send_now(parcel)
            return
        self._queue.append(parcel)
        self._queued_bytes += len(parcel.payload) + _PARCEL_BYTES
        self._schedule()

    def _send_now(self, parcel: Parcel) -> None:
        """Send without a task, as long as nothing has to be waited for."""
        sending = self._link.send(parcel.message)
        try:
            waited = sending.send(None)
        except StopIteration:
            return
        except SocketEnd as end:
            self.end = self.end or end
            return
        self._is_sending = True
        self._queued_bytes += len(parcel.payload) + _PARCEL_BYTES
        self._task = self._loop.create_task(self._send_rest(sending, waited, parcel))

    async def _send_rest(self, sending: Coroutine[Any, Any, None], waited: Any, parcel: Parcel) -> None:
        """Go on with a message that has to wait, and with what was queued behind it."""
        try:
            await _Begun(sending, waited)
        except SocketEnd as end:
            self.end = self.end or end
            self._is_sending = False
            return
        self._queued_bytes -= len(parcel.payload) + _PARCEL_BYTES
        await self._send()

    def close(self, code: int, reason: str) -> None:
        """Close behind what is queued, and let the reader end."""
        if self._closing is not None or self.end is not None:
            return
        self._closing = (code, reason)
        # Without a detour: a server that was told to stop may cut the connection any moment.
        self._begin()
        if self._reader is not None:
            self._reader.cancel()

    def _schedule(self) -> None:
        # Why not a task at once: the coroutine that reads sends by itself when its handler is done.
        if not self._is_sending and not self._is_scheduled:
            self._is_scheduled = True
            self._loop.call_soon(self._begin)

    def _begin(self) -> None:
        self._is_scheduled = False
        if not self._is_sending and (self._queue or self._closing is not None):
            self._is_sending = True
            self._task = self._loop.create_task(self._send())

    async def flush(self) -> None:
        """Send what is queued; for the coroutine that reads."""
        self._is_sending = True
        await self._send()

    async def _send(self) -> None:
        try:
            queue, send = self._queue, self._link.send
            while True:
                while queue:
                    parcel = queue.popleft()
                    await send(parcel.message)
                    self._queued_bytes -= len(parcel.payload) + _PARCEL_BYTES
                if self._closing is None or self.end is not None:
                    return
                self.end = SocketEnd(*self._closing)
                await self._link.close(*self._closing)
                return
        except SocketEnd as end:
            self._queue.clear()
            self.end = self.end or end
        finally:
            self._is_sending = False

    async def drained(self) -> None:
        """Wait until nothing is queued."""
        while self._queue and self.end is None:
            self._begin()
            if self._task is None:
                return
            await asyncio.wait({self._task})

    def ended(self, end: SocketEnd) -> None:
        """Note how the connection ended, unless it is us who close it."""
        if self._closing is None and self.end is None:
            self.end = end

    async def finish(self) -> None:
        """Send what is left, for a bounded time."""
        if not self._is_sending and (self._queue or (self._closing is not None and self.end is None)):
            self._begin()
        task = self._task
        if task is not None and not task.done():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(task, self._limits.close_seconds)

    # --- in -------------------------------------------------------------------------------------

    async def receive(self) -> str | bytes:
        """Give the next message that keeps the limits; raises SocketEnd."""
        if (end := self._own_end() or self.end) is not None:
            raise end
        self._reader = cast("asyncio.Task[object]", asyncio.current_task())
        try:
            if self._limits.idle_seconds is None:
                message = await self._link.receive()
            else:
                message = await asyncio.wait_for(self._link.receive(), self._limits.idle_seconds)
        except TimeoutError:
            self._reader = None
            self.close(NORMAL, "The connection was idle.")
            raise SocketEnd(NORMAL) from None
        except asyncio.CancelledError:
            end = self._own_end()
            if end is None:
                raise
            self._reader.uncancel()
            raise end from None
        finally:
            self._reader = None
        if _size(message) > self._limits.max_message_bytes:
            self._refuse(TOO_BIG, f"A message has more than {self._limits.max_message_bytes} bytes.")
        if self._rate is not None and not self._rate.allows(self._loop.time()):
            self._refuse(REFUSED, TOO_MANY)
        return message

    def _own_end(self) -> SocketEnd | None:
        return None if self._closing is None else SocketEnd(*self._closing)

    def _refuse(self, code: int, reason: str) -> None:
        self.close(code, reason)
        raise SocketEnd(code, reason)


class _Begun:
    """A coroutine that was begun by hand and goes on inside of a task."""

    __slots__ = ("_coroutine", "_waited")

    def __init__(self, coroutine: Coroutine[Any, Any, None], waited: Any) -> None:
        self._coroutine = coroutine
        self._waited = waited

    def __await__(self) -> Generator[Any, Any, None]:
        coroutine, waited = self._coroutine, self._waited
        while True:
            failure: BaseException | None = None
            value = None
            try:
                value = yield waited
            except BaseException as error:
                failure = error
            try:
                waited = coroutine.send(value) if failure is None else coroutine.throw(failure)
            except StopIteration:
                return


def _size(message: str | bytes) -> int:
    return len(message.encode()) if isinstance(message, str) and not message.isascii() else len(message)
