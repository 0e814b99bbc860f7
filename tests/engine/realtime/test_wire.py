"""What the protocol does when a client is wrong after it was right."""

from __future__ import annotations

from websockets.frames import Frame, Opcode
from websockets.protocol import CLOSED, CLOSING, OPEN

from asok_engine.realtime.wire import Wire


def wire(*, behind: bool = False) -> Wire:
    made = Wire(state=OPEN)
    made.is_behind = lambda: behind
    return made


def sent(opcode: Opcode, payload: bytes, *, fin: bool = True, masked: bool = True) -> bytes:
    """Give a client's frame; one that is not masked is wrong."""
    return Frame(opcode, payload, fin).serialize(mask=masked)


def test_message_before_a_wrong_frame_is_handled_first() -> None:
    """The connection fails when what came before was handled, and not a byte is read between."""
    one = wire()
    one.receive_data(sent(Opcode.TEXT, b"right") + sent(Opcode.TEXT, b"wrong", masked=False))
    assert [bytes(event.data) for event in one.events_received()] == [b"right"]  # type: ignore[union-attr]
    assert one.state is OPEN
    assert one.data_to_send() == []
    one.receive_data(sent(Opcode.TEXT, b"too late"))
    assert one.events_received() == []
    one.settle()
    assert one.state is CLOSING
    assert one.close_sent is not None
    assert one.close_sent.code == 1002


def test_wrong_frame_alone_fails_at_once() -> None:
    """There is nothing to wait for; messages that a handler has not seen yet are waited for."""
    one = wire()
    one.receive_data(sent(Opcode.TEXT, b"wrong", masked=False))
    assert one.state is CLOSING
    late = wire(behind=True)
    late.receive_data(sent(Opcode.TEXT, b"wrong", masked=False))
    assert late.state is OPEN
    late.settle()
    assert late.state is CLOSING


def test_client_that_leaves_meanwhile_is_gone() -> None:
    """Settling after the end of the connection does nothing."""
    one = wire()
    one.receive_data(sent(Opcode.TEXT, b"right") + sent(Opcode.TEXT, b"wrong", masked=False))
    one.receive_eof()
    assert one.state is CLOSED
    one.settle()
    assert one.state is CLOSED


def test_close_within_a_message_is_a_close() -> None:
    """The code of the client comes back, though its message is not complete."""
    one = wire()
    one.receive_data(sent(Opcode.TEXT, b"half", fin=False) + sent(Opcode.CLOSE, b"\x03\xe8"))
    assert one.close_sent is not None
    assert one.close_sent.code == 1000


def test_settling_what_is_not_owed_does_nothing() -> None:
    """It is called after every burst of messages."""
    one = wire()
    one.settle()
    assert one.state is OPEN
