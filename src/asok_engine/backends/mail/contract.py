"""What a mailer promises to whoever has something to send.

A message is a value that was checked when it was made: addresses and subject are one
line each, so nothing in them becomes a header (CWE-93). A mailer takes it over whole or
raises; it never sends in the clear what was to go over TLS.
"""

from __future__ import annotations

from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Protocol

from msgspec import Struct

from asok_engine.errors import BackendUnavailable, UsageError

__all__ = ["MailUnavailable", "Mailer", "Message"]


class MailUnavailable(BackendUnavailable):
    """The mail server does not answer, cannot be trusted, or has refused the message."""

    code = "mail-unavailable"


class Message(Struct, frozen=True):
    """A letter of text to one address.

    Raises:
        UsageError: an address is none, or the subject has a line break.
    """

    sender: str
    to: str
    subject: str
    text: str

    def __post_init__(self) -> None:
        for name, address in (("sender", self.sender), ("to", self.to)):
            if not _is_address(address):
                raise UsageError(f"A message has {name}={address!r}, which is no e-mail address.")
        if not self.subject.isprintable():
            raise UsageError(
                f"A message has the subject {self.subject!r}; expected one line without control characters."
            )

    def to_email(self) -> EmailMessage:
        """Give the message in the form of the standard library, with date and id."""
        made = EmailMessage()
        made["From"], made["To"], made["Subject"] = self.sender, self.to, self.subject
        made["Date"] = formatdate(usegmt=True)
        made["Message-ID"] = make_msgid(domain=self.sender.rpartition("@")[2])
        # Machines that answer mail leave this one alone (RFC 3834).
        made["Auto-Submitted"] = "auto-generated"
        made.set_content(self.text)
        return made


class Mailer(Protocol):
    """Sends messages, one at a time; may take seconds, so call it off an event loop."""

    def send(self, message: Message) -> None:
        """Hand a message over.

        Raises:
            MailUnavailable: it was not taken.
        """


def _is_address(text: str) -> bool:
    """Tell whether text is one address and can be nothing else in a header or a command."""
    local, at, host = text.partition("@")
    is_plain = text.isprintable() and not any(char in ' <>,;:"()[]\\' for char in text)
    return bool(local and at and host) and is_plain and "@" not in host
