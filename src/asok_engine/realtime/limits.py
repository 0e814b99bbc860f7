"""What one client, one address and all clients together may cost.

The defaults let a person, a busy tab and an office pass and stop a flood. Counts are
per process. Nothing here closes a connection; the one who asks does.
"""

from __future__ import annotations

import ipaddress
import sys
import threading

from msgspec import Struct

from asok_engine.errors import UsageError

# Windows has no such limit to ask for.
if sys.platform != "win32":
    import resource

__all__ = ["Admission", "Limits", "MessageRate", "open_files_limit"]

#: Files that are left for everything else: databases, logs, pages.
_RESERVED_FILES = 64


class Limits(Struct, frozen=True):
    """The limits of one WebSocket server; None switches off where it is allowed."""

    #: Connections of this process; 503 above.
    max_connections: int = 10_000
    #: Connections of one client address; 429 above. Loopback is not counted: a proxy
    #: that is not trusted makes everybody look like that.
    max_per_address: int | None = 100
    #: Bytes of one message, unpacked; 1009 above.
    max_message_bytes: int = 1_048_576
    #: Messages a second on average, and at once; 1008 above.
    messages_per_second: float | None = 100.0
    burst_messages: int = 1000
    #: Rooms that one connection is in at the same time; 1008 above.
    max_rooms: int = 1000
    #: Models and queries that one connection follows at the same time; 1008 above.
    max_followed: int = 100
    #: Bytes that wait for a client that does not read; 1013 above.
    max_queue_bytes: int = 1_048_576
    #: Seconds between pings, and for the answer to one; the stand-alone server sends them.
    ping_seconds: float | None = 20.0
    pong_seconds: float = 20.0
    #: Seconds without a message in either direction; 1000 after that. None keeps quiet clients.
    idle_seconds: float | None = None
    #: Seconds for a handshake and for the answer to a close frame.
    handshake_seconds: float = 10.0
    close_seconds: float = 5.0

    def __post_init__(self) -> None:
        for name in (
            "max_connections",
            "max_message_bytes",
            "max_rooms",
            "max_followed",
            "max_queue_bytes",
            "burst_messages",
        ):
            if getattr(self, name) < 1:
                raise UsageError(f"Limits got {name}={getattr(self, name)!r}; expected 1 or more.")
        for name in ("max_per_address", "messages_per_second", "ping_seconds", "idle_seconds"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise UsageError(f"Limits got {name}={value!r}; expected more than 0, or None for no limit.")


def open_files_limit() -> int | None:
    """Give how many connections this process can have beside its other files; None where nobody knows."""
    if sys.platform == "win32":
        return None
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return None if soft == resource.RLIM_INFINITY else max(soft - _RESERVED_FILES, 1)


class Admission:
    """Counts the open connections, all and by address; safe in any thread."""

    def __init__(self, limits: Limits) -> None:
        files = open_files_limit()
        self.max_connections = limits.max_connections if files is None else min(limits.max_connections, files)
        self._max_per_address = limits.max_per_address
        self._lock = threading.Lock()
        self._by_address: dict[str, int] = {}
        self.count = 0

    def enter(self, address: str) -> int:
        """Count one connection and give 0; or give the HTTP status that refuses it."""
        with self._lock:
            if self.count >= self.max_connections:
                return 503
            of_address = self._by_address.get(address, 0)
            limit = self._max_per_address
            if limit is not None and of_address >= limit and not _is_loopback(address):
                return 429
            self.count += 1
            self._by_address[address] = of_address + 1
            return 0

    def leave(self, address: str) -> None:
        """Take one connection away that `enter` has counted."""
        with self._lock:
            self.count -= 1
            left = self._by_address.get(address, 1) - 1
            if left > 0:
                self._by_address[address] = left
            else:
                self._by_address.pop(address, None)


def _is_loopback(address: str) -> bool:
    try:
        return not address or ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


class MessageRate:
    """A bucket of messages: it holds a burst and fills again at the average rate."""

    __slots__ = ("_at", "_burst", "_left", "_per_second")

    def __init__(self, per_second: float, burst: int, now: float) -> None:
        self._per_second = per_second
        self._burst = burst
        self._left = float(burst)
        self._at = now

    def allows(self, now: float) -> bool:
        """Take one message; False when the bucket is empty."""
        self._left = min(self._left + (now - self._at) * self._per_second, self._burst)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
