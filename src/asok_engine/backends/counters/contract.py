"""What a counter backend promises to whoever limits how often something happens.

A counter answers one question: may this key happen once more within its window?
It knows nothing of requests, addresses or statuses; the caller makes the key and
turns a refusal into its answer. Every fulfilment passes the one suite in
`tests/contracts/test_counters.py`.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

__all__ = ["Counters", "Verdict"]


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """Tell whether one more is allowed, how many are left, and when to come back."""

    allowed: bool
    # How many more would be accepted at this moment.
    remaining: int
    # 0.0 when allowed; else the time after which one more would be accepted.
    retry_after_seconds: float


class Counters(Protocol):
    """Counts hits per key in a sliding window.

    `now` is seconds since the epoch, taken by the caller. A hit that is refused
    is not counted, so a client that keeps trying is let in again when its
    accepted hits have aged. The same key with another window is another counter.
    """

    def hit(self, key: str, limit: int, window_seconds: float, now: float) -> Verdict:
        """Count one hit for `key` unless `limit` hits fell into the last window.

        Raises:
            BackendUnavailable: the backend does not answer; never "allowed" by default.
        """

    async def hit_async(self, key: str, limit: int, window_seconds: float, now: float) -> Verdict:
        """Do what `hit` does without blocking the event loop."""

    def take_back(self, key: str, window_seconds: float, now: float) -> None:
        """Take back one accepted hit of `key`, which turned out not to count; does nothing without one.

        Raises:
            BackendUnavailable: the backend does not answer.
        """

    async def take_back_async(self, key: str, window_seconds: float, now: float) -> None:
        """Do what `take_back` does without blocking the event loop."""

    def close(self) -> None:
        """Give back what the synchronous side holds."""

    async def close_async(self) -> None:
        """Give back what this event loop and the synchronous side hold."""
