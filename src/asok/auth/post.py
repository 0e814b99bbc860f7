"""The outgoing post of an application: messages are taken at once and sent in a thread.

Whoever asks for a link gets their answer before anything is written or sent, so the time
does not tell whether there is such an account. What could not be sent is in the log.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore

from msgspec import Struct

from asok_engine.backends.mail.contract import Mailer, MailUnavailable, Message
from asok_engine.errors import BackendUnavailable, UsageError

__all__ = ["Letter", "Post"]

_log = logging.getLogger("asok.mail")
#: More than this waiting means that the server is away; then nobody is told that it was sent.
MOST_WAITING = 1000
#: For how long an application that stops goes on sending.
CLOSING_SECONDS = 5.0
#: For how long a message rests, so that work for it takes no time from the answer.
REST_SECONDS = 0.1


class Letter(Struct, frozen=True):
    """What a letter says: the subject, and the text with names of facts in it, as `{link}`."""

    subject: str
    text: str


class Post:
    """Sends with `mailer`; `sender` is who it is from."""

    def __init__(self, mailer: Mailer, sender: str) -> None:
        self._mailer = mailer
        self._sender = sender
        self._threads: ThreadPoolExecutor | None = None
        self._ends_at: float | None = None
        self._room = BoundedSemaphore(MOST_WAITING)

    def put(self, to: str, subject: str, text: str) -> None:
        """Take a message; it is sent soon.

        Raises:
            UsageError: the address is none, or the subject more than a line.
            BackendUnavailable: too many messages wait (503).
        """
        message = Message(self._sender, to, subject, text)
        self._take(lambda: message)

    def put_later(self, write: Callable[[], tuple[str, str, str] | None]) -> None:
        """Take a message that is still to be written: address, subject and text, or None for none.

        It is written when the answer to whoever asked is on its way, and taking one costs the
        same as taking none.

        Raises:
            BackendUnavailable: too many messages wait (503).
        """
        self._take(lambda: None if (written := write()) is None else Message(self._sender, *written))

    def _take(self, make: Callable[[], Message | None]) -> None:
        if not self._room.acquire(blocking=False):
            raise BackendUnavailable(
                f"{MOST_WAITING} messages wait to be sent.", fix="Check that the mail server runs."
            )
        if self._threads is None:
            self._ends_at = None
            self._threads = ThreadPoolExecutor(2, thread_name_prefix="asok-mail")
        self._threads.submit(self._send, make, time.monotonic() + REST_SECONDS)

    def _send(self, make: Callable[[], Message | None], begins_at: float) -> None:
        subject = ""
        try:
            if self._ends_at is None:
                time.sleep(max(0.0, begins_at - time.monotonic()))
            message = make()
            if message is None:
                return
            subject = message.subject
            if self._ends_at is not None and time.monotonic() > self._ends_at:
                raise MailUnavailable("The application was stopped before its turn came.")
            self._mailer.send(message)
        except (MailUnavailable, UsageError) as error:
            _log.error("A message with the subject %r was not sent: %s", subject, error)
        finally:
            self._room.release()

    def close(self) -> None:
        """Send what waits, for some seconds, and stop; what has to stay is in the log."""
        self._ends_at = time.monotonic() + CLOSING_SECONDS
        threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(wait=True)

    async def close_async(self) -> None:
        """Do what `close` does without blocking the event loop."""
        if self._threads is None:
            return
        try:
            await asyncio.to_thread(self.close)
        except RuntimeError:
            # The interpreter ends, as under gunicorn, and has waited for these threads already.
            self.close()
