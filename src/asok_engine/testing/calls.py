"""One call of a test client as data, and the open answer that a caller gives back.

Both protocols share these two values; what is behind them differs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Call", "Caller", "OpenAnswer"]


@dataclass(frozen=True, slots=True)
class Call:
    """One request: `raw_path` is percent-encoded; `content` in pieces has no known length."""

    method: str
    scheme: str
    host: str
    port: int
    raw_path: str
    query: str
    headers: list[tuple[str, str]]
    content: bytes | Iterator[bytes]
    client: tuple[str, int]


@dataclass(frozen=True, slots=True)
class OpenAnswer:
    """An answer that has begun.

    `next_piece` gives the body piece by piece and None at its end; `close` leaves,
    as a client that goes away does. Both raise what the application raised.
    """

    status_code: int
    fields: list[tuple[str, str]]
    next_piece: Callable[[], bytes | None]
    close: Callable[[], None]


class Caller(Protocol):
    """Calls one application over one protocol."""

    def open(self, call: Call) -> OpenAnswer:
        """Send a request and return when its answer has begun."""

    def start(self) -> None:
        """Start the application as a server does; raises when it does not start."""

    def stop(self) -> None:
        """Stop the application as a server does."""
