"""One outgoing message, encoded once for however many clients get it.

A server's frames are not masked (RFC 6455 5.1), so the same bytes fit every client;
packed frames are made without context from earlier messages (RFC 7692 7.1.1), for
the same reason.
"""

from __future__ import annotations

import struct
import zlib

__all__ = ["PACKED_FROM_BYTES", "PACKING_BITS", "Parcel", "frame"]

#: The window of packing, small because it is memory for the time of a message.
PACKING_BITS = 12
#: Shorter messages are not packed: it would take longer than it saves.
PACKED_FROM_BYTES = 512
_TEXT, _BINARY, _PACKED = 0x81, 0x82, 0x40
_SHORT = [tuple(bytes((first, length)) for length in range(126)) for first in (_TEXT, _BINARY)]


def frame(payload: bytes, *, is_text: bool, is_packed: bool = False) -> bytes:
    """Make one whole frame as a server sends it (RFC 6455 5.2)."""
    length = len(payload)
    if length < 126 and not is_packed:
        return _SHORT[not is_text][length] + payload
    first = (_TEXT if is_text else _BINARY) | (_PACKED if is_packed else 0)
    if length < 126:
        return bytes((first, length)) + payload
    if length < 65536:
        return struct.pack("!BBH", first, 126, length) + payload
    return struct.pack("!BBQ", first, 127, length) + payload


class Parcel:
    """A text or binary message, its frame, and its packed frame."""

    __slots__ = ("_frame", "_packed", "is_text", "message", "payload")

    def __init__(self, message: str | bytes) -> None:
        self.is_text = isinstance(message, str)
        if isinstance(message, str):
            # Why replaced: a lone surrogate has no UTF-8 form, and one message must not end a broadcast.
            payload = message.encode("utf-8", "replace")
            message = payload.decode()
        else:
            payload = message
        self.message = message
        self.payload = payload
        self._frame: bytes | None = None
        self._packed: bytes | None = None

    def frame(self) -> bytes:
        """Give the frame without packing."""
        if self._frame is None:
            self._frame = frame(self.payload, is_text=self.is_text)
        return self._frame

    def packed_frame(self) -> bytes:
        """Give the frame for clients that have agreed to packing; not packed where that is no use."""
        if self._packed is None:
            self._packed = self.frame()
            if len(self.payload) >= PACKED_FROM_BYTES:
                packer = zlib.compressobj(1, zlib.DEFLATED, -PACKING_BITS, 5)
                packed = packer.compress(self.payload) + packer.flush(zlib.Z_SYNC_FLUSH)
                if len(packed) - 4 < len(self.payload):
                    self._packed = frame(packed[:-4], is_text=self.is_text, is_packed=True)
        return self._packed
