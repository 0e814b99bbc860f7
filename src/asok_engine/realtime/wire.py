"""The protocol of `websockets`, with two of its answers changed to what we want for clients.

A client that closes in the middle of a message has closed; and what arrived before a
frame that is wrong is handled before the connection fails, so a client gets what it
was owed. Source: RFC 6455 5.5.1, 7.1.7; the Autobahn test suite, cases 3 to 7.
"""

from __future__ import annotations

from collections.abc import Callable, Generator

from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

__all__ = ["Wire"]


class Wire(ServerProtocol):
    """One connection's protocol. `is_behind` tells whether messages wait to be handled."""

    is_behind: Callable[[], bool]
    _owed: tuple[CloseCode | int, str] | None = None

    def recv_frame(self, frame: Frame) -> None:
        """Take a frame."""
        if frame.opcode is Opcode.CLOSE:
            self.current_size = None
        super().recv_frame(frame)

    def fail(self, code: CloseCode | int, reason: str = "") -> None:
        """Fail the connection, or note it until `settle` when messages came before."""
        if self.state is OPEN and code != CloseCode.ABNORMAL_CLOSURE and (self.events or self.is_behind()):
            self._owed = (code, reason)
            self.parser = self._skip()
            next(self.parser)
            return
        super().fail(code, reason)

    def settle(self) -> None:
        """Fail the connection if that is owed; called when every message was handled."""
        owed, self._owed = self._owed, None
        if owed is not None:
            super().fail(*owed)

    def _skip(self) -> Generator[None]:
        """Read on without looking, until the connection fails or the client is gone."""
        while not (yield from self.reader.at_eof()):
            self.reader.discard()
        self._owed = None
        super().fail(CloseCode.ABNORMAL_CLOSURE)
        yield
