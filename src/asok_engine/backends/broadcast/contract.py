"""What carries messages between the processes of an application.

A message is bytes that mean nothing here. What one process publishes, every open
one hears, the publisher too, in the order of its publisher. A backend that was
away connects again by itself and tells that there was a gap; it keeps nothing for
those who were not there. Every fulfilment passes `tests/contracts/test_broadcast.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

__all__ = ["Broadcast", "Gap"]


class Gap(Struct, frozen=True):
    """Messages that did not arrive here, or may not have: why, and how many where that is known."""

    reason: str
    missed: int | None = None


class Broadcast(Protocol):
    """Publishes to every process and hears what they publish; all calls are made on one event loop."""

    async def open(self, deliver: Callable[[bytes], None], gap: Callable[[Gap], None]) -> None:
        """Begin to listen; `deliver` is called on this loop for each message, `gap` for each loss.

        Returns when the first attempt to listen has succeeded or failed; a failed
        one goes on in the background.

        Raises:
            SetupError: it can never work as it is set up.
        """

    async def publish(self, message: bytes) -> None:
        """Hand one message on.

        Raises:
            BackendUnavailable: it was not handed on, as far as is known.
        """

    async def close(self) -> None:
        """Stop listening and give back what is held; it may be opened again."""
