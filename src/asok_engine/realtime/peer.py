"""One connection of the stand-alone server: bytes to handshake and messages, and back.

The protocol's state and its parser are those of `websockets`; here is what is around
it: the handshake that waits for the gate, whole messages with their limits, what is
sent, pings, and an end that comes whatever the other side does. No task exists for a
client that is silent, which is what makes thousands of them cheap.

Source: RFC 6455; websockets' sans-I/O layer.
"""

from __future__ import annotations

import asyncio
import codecs
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from io import StringIO
from typing import TYPE_CHECKING, Any, cast

from websockets.extensions.permessage_deflate import PerMessageDeflate, ServerPerMessageDeflateFactory
from websockets.frames import Frame, Opcode
from websockets.http11 import Request as HandshakeRequest
from websockets.protocol import OPEN

from asok_engine.dispatch.sockets import SocketEnd, TakenOver
from asok_engine.realtime.closing import GOING_AWAY, NORMAL, OVERLOADED, REFUSED
from asok_engine.realtime.connection import Connection
from asok_engine.realtime.door import TOO_MANY, TOO_SLOW
from asok_engine.realtime.gate import Admitted, Refused
from asok_engine.realtime.handshake import HandshakeExchange, is_complete
from asok_engine.realtime.limits import MessageRate
from asok_engine.realtime.parcel import PACKED_FROM_BYTES, PACKING_BITS, Parcel
from asok_engine.realtime.signs import SIGN
from asok_engine.realtime.wire import Wire

if TYPE_CHECKING:
    from asok_engine.realtime.standalone import StandaloneServer

__all__ = ["Peer"]

LONGEST_HANDSHAKE_BYTES = 65_536
LOW_WATER_BYTES = 16_384
HIGH_WATER_BYTES = 65_536
#: Messages that wait for a handler before nothing more is read from the client.
MOST_UNREAD = 16

_log = logging.getLogger("asok.websocket")
_wire_log = logging.getLogger("asok.websocket.wire")
# Why: the library tells every opening and closing, which the access log of a site does not need twice.
_wire_log.setLevel(logging.WARNING)

#: No window is kept between messages: it would be most of the memory of a silent client.
_PACKING = (
    ServerPerMessageDeflateFactory(
        server_no_context_takeover=True,
        client_no_context_takeover=True,
        server_max_window_bits=PACKING_BITS,
        client_max_window_bits=PACKING_BITS,
        compress_settings={"memLevel": 5, "level": 1},
    ),
)


class Peer(TakenOver):
    """One TCP connection; it is the `Pipe` of the connection that handlers see.

    `when_gone` is called when it is over, handlers and all.
    """

    __slots__ = (
        "_admitted",
        "_bytes",
        "_draining",
        "_early",
        "_ends_at",
        "_head",
        "_holds_place",
        "_inbox",
        "_is_lost",
        "_is_packed",
        "_is_paused",
        "_is_seen_off",
        "_is_shaking",
        "_is_unread",
        "_limits",
        "_loop",
        "_rate",
        "_reading",
        "_runner",
        "_server",
        "_text",
        "_wire",
        "began_at",
        "connection",
        "heard_at",
        "pinged_at",
        "spoke_at",
        "transport",
        "when_gone",
    )

    def __init__(self, server: StandaloneServer, when_gone: Callable[[], None] | None = None) -> None:
        self._server = server
        self.when_gone = when_gone
        self._limits = server.limits
        self._loop = server.loop
        self._wire = Wire(extensions=_PACKING, max_size=server.limits.max_message_bytes, logger=_wire_log)
        self._wire.is_behind = self._is_behind
        self._head = b""
        self._early = b""
        self._is_shaking = True
        self._is_packed = False
        self._is_paused = False
        self._is_unread = False
        self._text: tuple[StringIO, Any] | None = None
        self._bytes: bytearray | None = None
        self._inbox: deque[str | bytes] = deque()
        self._runner: asyncio.Task[None] | None = None
        self._reading: asyncio.Future[None] | None = None
        self._draining: list[asyncio.Future[None]] = []
        self._admitted: Admitted | None = None
        self._rate: MessageRate | None = None
        self._ends_at: float | None = None
        self._is_seen_off = False
        self._holds_place = False
        self._is_lost = False
        self.connection: Connection | None = None
        self.transport: asyncio.Transport = cast(asyncio.Transport, None)
        self.began_at = self.heard_at = self.spoke_at = server.loop.time()
        self.pinged_at: float | None = None

    # --- the transport's calls --------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(HIGH_WATER_BYTES, LOW_WATER_BYTES)
        self._server.peers.add(self)

    def data_received(self, data: bytes) -> None:
        self.heard_at = self._loop.time()
        self.pinged_at = None
        if self._is_shaking:
            self._shake(data)
            return
        self._wire.receive_data(data)
        for event in self._wire.events_received():
            self._take(cast(Frame, event))
        if not self._inbox and (self._runner is None or self._reading is not None):
            self._wire.settle()
        self._flush()

    def eof_received(self) -> None:
        if not self._is_shaking:
            self._wire.receive_eof()

    def connection_lost(self, error: Exception | None) -> None:
        self._wire.receive_eof()
        for waiting in self._draining:
            if not waiting.done():
                waiting.set_result(None)
        self._is_lost = True
        self._wake()
        self._see_off()
        self._give_back()
        if self._runner is None:
            self._server.gone(self)

    def pause_writing(self) -> None:
        self._is_paused = True

    def resume_writing(self) -> None:
        self._is_paused = False
        for waiting in self._draining:
            if not waiting.done():
                waiting.set_result(None)
        self._draining.clear()

    # --- the handshake ----------------------------------------------------------------------

    def _shake(self, data: bytes) -> None:
        """Collect the handshake; what came behind it waits until it is answered."""
        if self._ends_at is not None:
            # It was refused; what still comes is nobody's.
            return
        if self._runner is not None:
            self._early += data
            if len(self._early) > LONGEST_HANDSHAKE_BYTES:
                self.transport.abort()
            return
        self._head += data
        end = is_complete(self._head)
        if end is None:
            if len(self._head) > LONGEST_HANDSHAKE_BYTES:
                self._answer(Refused(431, "The handshake is too long."))
            return
        head, self._early, self._head = self._head[:end], self._head[end:], b""
        self._wire.receive_data(head)
        events = self._wire.events_received()
        if not events:
            # It is no HTTP, and the library has written what there is to say.
            self._flush()
            return
        self._run(self._decide(cast(HandshakeRequest, events[0])))

    async def _decide(self, shake: HandshakeRequest) -> None:
        answer = self._wire.accept(shake)
        if answer.status_code != 101:
            self._wire.send_response(answer)
            self._flush()
            return
        exchange = HandshakeExchange(shake, self.transport)
        admitted = await self._server.admit(exchange)
        if isinstance(admitted, Refused):
            self._answer(admitted)
            return
        self._admitted, self._holds_place = admitted, True
        if self.transport.is_closing():
            self._give_back()
            return
        route, request = admitted.route, exchange.request
        offered = [name.strip() for name in (request.headers.get("sec-websocket-protocol") or "").split(",")]
        subprotocol = route.choose_subprotocol(offered)
        if subprotocol is not None:
            answer.headers["Sec-WebSocket-Protocol"] = subprotocol
        self._is_packed = any(
            isinstance(extension, PerMessageDeflate) and extension.local_max_window_bits >= PACKING_BITS
            for extension in self._wire.extensions
        )
        self._wire.send_response(answer)
        self._flush()
        limits, attendant = self._limits, self._server.attendant
        if limits.messages_per_second is not None:
            self._rate = MessageRate(limits.messages_per_second, limits.burst_messages, self._loop.time())
        self.connection = Connection(
            request,
            admitted.params,
            admitted.identity,
            attendant.hub.station(),
            self,
            subprotocol=subprotocol,
            may_join=attendant.may_join,
            follow=attendant.follow,
        )
        self._is_shaking = False
        early, self._early = self._early, b""
        if early:
            # Behind this step, so that the connect handler comes before the first message.
            self._loop.call_soon(self.data_received, early)
        await attendant.opened(route, self.connection)
        if route.conversation is not None:
            await attendant.conversation(route, self.connection)
        await self._work()

    def _answer(self, refused: Refused) -> None:
        self._wire.send_response(self._wire.reject(refused.status, f"{refused.text}\n"))
        self._flush()

    # --- messages in ------------------------------------------------------------------------

    def _take(self, frame: Frame) -> None:
        opcode = frame.opcode
        if opcode is Opcode.TEXT:
            if frame.fin:
                self._decoded(frame.data)
                return
            self._text = (StringIO(), codecs.getincrementaldecoder("utf-8")())
            self._continued(frame)
        elif opcode is Opcode.BINARY:
            if frame.fin:
                self._arrived(bytes(frame.data))
                return
            self._bytes = bytearray(frame.data)
        elif opcode is Opcode.CONT:
            self._continued(frame)

    def _continued(self, frame: Frame) -> None:
        if self._text is not None:
            pieces, decoder = self._text
            try:
                pieces.write(decoder.decode(frame.data, frame.fin))
            except UnicodeDecodeError:
                self._text = None
                self._wire.fail(1007, "The text is not UTF-8.")
                return
            if frame.fin:
                self._text = None
                self._arrived(pieces.getvalue())
        elif self._bytes is not None:
            self._bytes += frame.data
            if frame.fin:
                message, self._bytes = bytes(self._bytes), None
                self._arrived(message)

    def _decoded(self, data: Any) -> None:
        try:
            text = str(data, "utf-8")
        except UnicodeDecodeError:
            self._wire.fail(1007, "The text is not UTF-8.")
            return
        self._arrived(text)

    def _arrived(self, message: str | bytes) -> None:
        wire = self._wire
        if wire.close_sent is not None and not wire.close_rcvd_then_sent:
            # We have closed: what still comes is nobody's.
            return
        self.spoke_at = self.heard_at
        if self._rate is not None and not self._rate.allows(self.heard_at):
            self.close(REFUSED, TOO_MANY)
            return
        self._inbox.append(message)
        if len(self._inbox) > MOST_UNREAD and not self._is_unread:
            self._is_unread = True
            self.transport.pause_reading()
        self._wake()
        if self._runner is None:
            self._run(self._work())

    def _wake(self) -> None:
        if self._reading is not None and not self._reading.done():
            self._reading.set_result(None)

    def _next(self) -> str | bytes:
        message = self._inbox.popleft()
        if self._is_unread and len(self._inbox) <= MOST_UNREAD // 4:
            self._is_unread = False
            self.transport.resume_reading()
        return message

    # --- the handlers -----------------------------------------------------------------------

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        """Run one step after the other; a silent client has no task."""
        self._runner = self._loop.create_task(work)
        self._runner.add_done_callback(self._ran)

    def _ran(self, task: asyncio.Task[None]) -> None:
        self._runner = None
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("A WebSocket connection failed: %s", error, exc_info=error)
            if self._is_shaking and not self.transport.is_closing():
                self._answer(Refused(500, "The server met an error."))
            else:
                self.transport.abort()
        if self._inbox and self.connection is not None and not self._is_seen_off:
            self._run(self._work())
        else:
            # Why here too: what was noted between the last look and the end of the step would wait for ever.
            self._settle()
            self._see_off()
        if self._is_lost and self._runner is None:
            self._server.gone(self)

    async def _work(self) -> None:
        connection, admitted = self.connection, self._admitted
        if connection is None or admitted is None:
            return
        attendant, route = self._server.attendant, admitted.route
        while self._inbox:
            await attendant.message(route, connection, self._next())
        self._settle()

    def _is_behind(self) -> bool:
        return bool(self._inbox)

    def _settle(self) -> None:
        """Everything that came was handled: let the connection fail if it has to."""
        self._wire.settle()
        self._flush()

    def _see_off(self) -> None:
        """Call the disconnect handler, once, when no other handler runs."""
        connection, admitted = self.connection, self._admitted
        if connection is None or admitted is None or self._is_seen_off or self._runner is not None:
            return
        if not self._has_ended():
            return
        self._is_seen_off = True
        end = self._end()
        self._run(self._server.attendant.left(admitted.route, connection, end.code, end.reason))

    def _has_ended(self) -> bool:
        wire = self._wire
        return wire.close_rcvd is not None or wire.close_sent is not None or self.transport.is_closing()

    def _end(self) -> SocketEnd:
        wire = self._wire
        if wire.close_sent is not None and not wire.close_rcvd_then_sent:
            return SocketEnd(wire.close_sent.code, wire.close_sent.reason)
        if wire.close_rcvd is not None:
            return SocketEnd(wire.close_rcvd.code, wire.close_rcvd.reason)
        return SocketEnd()

    def _give_back(self) -> None:
        if self._holds_place and self._admitted is not None:
            self._holds_place = False
            self._server.gate.leave(self._admitted)

    # --- the pipe ---------------------------------------------------------------------------

    def write(self, parcel: Parcel) -> None:
        """Send a message; a client that does not read is closed with 1013."""
        wire = self._wire
        if wire.state is not OPEN:
            return
        transport = self.transport
        # Why what stood before: one message may be larger than the whole queue.
        if self._is_paused and transport.get_write_buffer_size() > self._limits.max_queue_bytes:
            self.close(OVERLOADED, TOO_SLOW)
            return
        if parcel is not SIGN:
            self.spoke_at = self._server.now
        if self._is_packed:
            transport.write(parcel.packed_frame())
        elif wire.extensions and len(parcel.payload) >= PACKED_FROM_BYTES:
            (wire.send_text if parcel.is_text else wire.send_binary)(parcel.payload)
            self._flush()
        else:
            transport.write(parcel.frame())

    def close(self, code: int, reason: str) -> None:
        """Begin the closing handshake."""
        if self._wire.state is OPEN:
            self._wire.send_close(code, reason)
            self._inbox.clear()
            self._flush()
            self._wake()

    async def drained(self) -> None:
        """Wait until little is left in the transport's buffer."""
        if self._is_paused and self._wire.state is OPEN:
            waiting = self._loop.create_future()
            self._draining.append(waiting)
            await waiting

    async def receive(self) -> str | bytes:
        """Give the next message, for a handler that takes the whole conversation."""
        while not self._inbox:
            self._settle()
            if self._has_ended():
                raise self._end()
            self._reading = self._loop.create_future()
            try:
                await self._reading
            finally:
                self._reading = None
        return self._next()

    # --- time -------------------------------------------------------------------------------

    def tend(self, now: float) -> None:
        """Do what is due: end what takes too long, ask a silent client for a sign of life."""
        limits = self._limits
        if self._ends_at is not None:
            if now >= self._ends_at:
                self.transport.abort()
        elif self._is_shaking:
            if now - self.began_at > limits.handshake_seconds:
                self.transport.abort()
        elif limits.idle_seconds is not None and now - self.spoke_at > limits.idle_seconds:
            self.close(NORMAL, "The connection was idle.")
        elif self.pinged_at is not None:
            if now - self.pinged_at > limits.pong_seconds:
                # Nobody is there to answer a closing handshake.
                self._wire.fail(1011, "keepalive ping timeout")
                self._flush()
                self.transport.abort()
        elif limits.ping_seconds is not None and now - self.heard_at > limits.ping_seconds:
            self.pinged_at = now
            if self._wire.state is OPEN:
                self._wire.send_ping(b"")
                self._flush()

    def stop(self) -> None:
        """Tell the client that the server goes away."""
        if self._is_shaking:
            self.transport.close()
        else:
            self.close(GOING_AWAY, "The server stops.")

    def _flush(self) -> None:
        """Hand what the protocol has to say to the transport, and give an end its deadline."""
        transport = self.transport
        for data in self._wire.data_to_send():
            if data:
                transport.write(data)
            elif transport.can_write_eof():
                try:
                    transport.write_eof()
                except (OSError, RuntimeError):
                    transport.abort()
            else:
                transport.close()
        if self._ends_at is None and self._wire.close_expected():
            self._ends_at = self._loop.time() + self._limits.close_seconds
            self._wake()
            self._see_off()
