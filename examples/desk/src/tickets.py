"""The tickets of the desk: those of a file, and those that were written since this process began.

The database takes their place in a later chapter.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

STATUSES = ("open", "waiting", "solved")
PRIORITIES = ("low", "normal", "high", "urgent")


@dataclass(frozen=True)
class Attachment:
    """A file that came with a message: what it was called, and where it is kept."""

    name: str
    path: str


@dataclass(frozen=True)
class Message:
    """One message of a ticket."""

    author: str
    at: datetime
    text: str
    attachment: Attachment | None = None


@dataclass(frozen=True)
class Ticket:
    """One question of one customer."""

    id: int
    subject: str
    customer: str
    agent: str | None
    status: str
    priority: str
    opened: datetime
    messages: tuple[Message, ...]


_written: list[Ticket] = []


def all_tickets() -> tuple[Ticket, ...]:
    """Give every ticket, the newest first."""
    return (*reversed(_written), *_of_the_file())


def add_ticket(
    subject: str, customer: str, priority: str, text: str, attachment: Attachment | None = None
) -> Ticket:
    """Open a ticket."""
    now = datetime.now(UTC).replace(tzinfo=None)
    number = max(ticket.id for ticket in all_tickets()) + 1
    message = Message(customer, now, text, attachment)
    ticket = Ticket(number, subject, customer, None, "open", priority, now, (message,))
    _written.append(ticket)
    return ticket


@cache
def _of_the_file() -> tuple[Ticket, ...]:
    path = Path(__file__).parent.parent / "data" / "tickets.json"
    rows = json.loads(path.read_text(encoding="utf-8"))
    tickets = [_ticket(row) for row in rows]
    return tuple(sorted(tickets, key=lambda ticket: ticket.opened, reverse=True))


def find_ticket(number: int) -> Ticket | None:
    """Give the ticket with this number, or None."""
    return next((ticket for ticket in all_tickets() if ticket.id == number), None)


def _ticket(row: dict) -> Ticket:
    messages = tuple(
        Message(message["from"], datetime.fromisoformat(message["at"]), message["text"])
        for message in row["messages"]
    )
    return Ticket(
        row["id"],
        row["subject"],
        row["customer"],
        row["agent"],
        row["status"],
        row["priority"],
        datetime.fromisoformat(row["opened"]),
        messages,
    )
