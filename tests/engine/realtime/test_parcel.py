"""Frames as a server sends them."""

from __future__ import annotations

import pytest
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from asok_engine.realtime.parcel import PACKED_FROM_BYTES, PACKING_BITS, Parcel


def parsed(data: bytes, *, packed: bool = False) -> Frame:
    """Read one frame with the library's parser."""
    reader = StreamReader()
    reader.feed_data(data)
    extensions = [PerMessageDeflate(True, True, PACKING_BITS, PACKING_BITS)] if packed else []
    parser = Frame.parse(reader.read_exact, mask=False, extensions=extensions)
    try:
        while True:
            next(parser)
    except StopIteration as result:
        frame: Frame = result.value
        return frame


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65535, 65536])
@pytest.mark.parametrize("packed", [False, True])
def test_frame_of_every_length_is_read_back(length: int, packed: bool) -> None:
    """The three forms of a length, packed and not, for text and for bytes."""
    for message, opcode in (("x" * length, Opcode.TEXT), (b"y" * length, Opcode.BINARY)):
        parcel = Parcel(message)
        frame = parsed(parcel.packed_frame() if packed else parcel.frame(), packed=packed)
        assert (frame.opcode, bytes(frame.data), frame.fin) == (opcode, parcel.payload, True)


def test_long_message_is_packed_and_a_short_one_is_not() -> None:
    """Packing a few bytes costs more than it saves."""
    long, short = Parcel("a" * PACKED_FROM_BYTES), Parcel("a" * 100)
    assert len(long.packed_frame()) < 50
    assert short.packed_frame() is short.frame()


def test_message_is_encoded_once() -> None:
    """However many clients get it, the bytes are the same object."""
    parcel = Parcel("héllo")
    assert parcel.frame() is parcel.frame()
    assert parcel.payload == "héllo".encode()


def test_text_that_has_no_utf8_form_does_not_raise() -> None:
    """A lone surrogate becomes a question mark instead of ending a broadcast half way."""
    parcel = Parcel("a\ud800b")
    assert (parcel.payload, parcel.message) == (b"a?b", "a?b")
