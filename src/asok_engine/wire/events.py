"""Server-sent events, framed (WHATWG HTML 9.2).

It only frames: how long a stream lives and who reads it is known elsewhere. No
text, however it came, can begin a field that its sender did not name.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from asok_engine.errors import UsageError
from asok_engine.wire.jsons import encode_json

__all__ = ["Event", "format_event"]


class Event(Struct, frozen=True):
    """One event: `data` is text or anything JSON holds, `retry` milliseconds until the browser comes back."""

    data: Any = None
    event: str | None = None
    id: str | None = None
    retry: int | None = None
    comment: str | None = None

    def encode(self) -> bytes:
        """Give the event as it is sent."""
        return format_event(self.data, event=self.event, id=self.id, retry=self.retry, comment=self.comment)


def format_event(
    data: Any,
    *,
    event: str | None = None,
    id: str | None = None,
    retry: int | None = None,
    comment: str | None = None,
) -> bytes:
    """Frame one event; text of several lines becomes several data lines, anything else is JSON.

    `retry` is milliseconds; a `comment` alone keeps a connection awake. Raises
    UsageError for a line break in a name or id, which would forge fields.
    """
    lines: list[str] = []
    if comment is not None:
        lines.extend(f": {line}" for line in _lines(comment))
    if retry is not None:
        lines.append(f"retry: {int(retry)}")
    if id is not None:
        lines.append(f"id: {_single(id, 'id')}")
    if event is not None:
        lines.append(f"event: {_single(event, 'name')}")
    if data is not None:
        text = data if isinstance(data, str) else encode_json(data).decode()
        lines.extend(f"data: {line}" for line in _lines(text))
    return ("\n".join(lines) + "\n\n").encode()


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _single(text: str, what: str) -> str:
    if any(char in text for char in "\r\n\x00"):
        raise UsageError(f"An event has the {what} {text!r}; a line break would end the field.")
    return text
