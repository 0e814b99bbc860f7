"""The words between servers and the room of sockets."""

from __future__ import annotations

from asok_engine.dispatch.sockets import SocketEnd


def test_end_tells_code_and_reason() -> None:
    """Without any it is the code of a connection that broke."""
    assert (SocketEnd().code, SocketEnd().reason) == (1006, "")
    assert str(SocketEnd(4001, "enough")) == "closed with 4001 enough"
