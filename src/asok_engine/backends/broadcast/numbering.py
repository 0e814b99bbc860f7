"""Numbers what a process publishes, so that others drop repeats and notice what is missing.

A publisher that got no answer sends again and may send twice; a channel may lose
what was on its way when it broke. The number before each message tells both.
Nothing is sent or received here.
"""

from __future__ import annotations

import os
from collections import OrderedDict

__all__ = ["Numbering"]

NODE_BYTES = 8
NUMBER_BYTES = 8
MOST_NODES = 1000


class Numbering:
    """The numbers of one process: of what it sends, and of what it has heard from each other one."""

    def __init__(self, node: bytes | None = None) -> None:
        self.node = os.urandom(NODE_BYTES) if node is None else node
        self._sent = 0
        self._heard: OrderedDict[bytes, int] = OrderedDict()

    def stamp(self, body: bytes) -> bytes:
        """Put this process and the next number before a message."""
        self._sent += 1
        return self.node + self._sent.to_bytes(NUMBER_BYTES, "big") + body

    def take(self, message: bytes) -> tuple[bytes, bytes | None, int]:
        """Give (sender, body, how many are missing before it); no body for a repeat and for our own.

        A sender that is heard for the first time has missed nothing.
        """
        sender = message[:NODE_BYTES]
        if sender == self.node or len(message) < NODE_BYTES + NUMBER_BYTES:
            return sender, None, 0
        number = int.from_bytes(message[NODE_BYTES : NODE_BYTES + NUMBER_BYTES], "big")
        last = self._heard.get(sender)
        if last is not None and number <= last:
            return sender, None, 0
        self._heard[sender] = number
        self._heard.move_to_end(sender)
        if len(self._heard) > MOST_NODES:
            self._heard.popitem(last=False)
        missing = 0 if last is None else number - last - 1
        return sender, message[NODE_BYTES + NUMBER_BYTES :], missing
