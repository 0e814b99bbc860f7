"""Numbers what a process publishes, so that others drop repeats and notice what is missing.

A publisher that got no answer sends again and may send twice; a channel may lose
what was on its way when it broke. The number before each message tells both.
Nothing is sent or received here.
"""

from __future__ import annotations

import os
import struct
from collections import OrderedDict

__all__ = ["Numbering"]

NODE_BYTES = 8
#: The number of the last message in a body, and how many it holds.
NUMBERS = struct.Struct("!QI")
HEAD_BYTES = NODE_BYTES + NUMBERS.size
MOST_NODES = 1000


class Numbering:
    """The numbers of one process: of what it sends, and of what it has heard from each other one."""

    def __init__(self, node: bytes | None = None) -> None:
        self.node = os.urandom(NODE_BYTES) if node is None else node
        self._sent = 0
        self._heard: OrderedDict[bytes, int] = OrderedDict()

    def stamp(self, body: bytes, count: int = 1) -> bytes:
        """Put this process and the next `count` numbers before a body that holds so many messages."""
        self._sent += count
        return self.node + NUMBERS.pack(self._sent, count) + body

    def skip(self, count: int) -> None:
        """Use numbers for messages that are never sent, so that the others notice."""
        self._sent += count

    def take(self, message: bytes) -> tuple[bytes, bytes | None, int]:
        """Give (sender, body, how many are missing before it); no body for a repeat and for our own.

        A sender that is heard for the first time has missed nothing.
        """
        sender = message[:NODE_BYTES]
        if sender == self.node or len(message) < HEAD_BYTES:
            return sender, None, 0
        number, count = NUMBERS.unpack_from(message, NODE_BYTES)
        last = self._heard.get(sender)
        if last is not None and number <= last:
            return sender, None, 0
        self._heard[sender] = number
        self._heard.move_to_end(sender)
        if len(self._heard) > MOST_NODES:
            self._heard.popitem(last=False)
        missing = 0 if last is None else max(number - count - last, 0)
        return sender, message[HEAD_BYTES:], missing
