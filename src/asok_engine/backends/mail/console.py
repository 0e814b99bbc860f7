"""Writes messages where a developer sees them, instead of sending them."""

from __future__ import annotations

import sys
from typing import TextIO

from asok_engine.backends.mail.contract import Message

__all__ = ["ConsoleMailer"]


class ConsoleMailer:
    """Write each message to `stream`, the standard error output by default."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream

    def send(self, message: Message) -> None:
        """Write a message."""
        text = f"\nMail to {message.to}: {message.subject}\n\n{message.text}\n\n"
        stream = self._stream or sys.stderr
        stream.write(text)
        stream.flush()
