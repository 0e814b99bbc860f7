"""Messages of tickets, and the files that came with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asok import Field, Model, Relation

if TYPE_CHECKING:
    from models.person import Person
    from models.ticket import Ticket


class Message(Model):
    """What somebody wrote in a ticket, under their own name or, not signed in, under one that they gave."""

    ticket_id = Field.ForeignKey("Ticket", on_delete="CASCADE")
    author = Field.String(max_length=80, min_length=2)
    # Whoever was signed in; a name alone proves nobody.
    author_id = Field.ForeignKey("Person", nullable=True, on_delete="SET_NULL", protected=True)
    text = Field.Text(max_length=5000, min_length=1)
    created_at = Field.CreatedAt(index=True)

    ticket: Relation.BelongsTo[Ticket]
    writer: Relation.BelongsTo[Person | None] = Relation.BelongsTo("Person", foreign_key="author_id")
    attachments: Relation.HasMany[Attachment] = Relation.HasMany("Attachment")

    class Meta:
        ordering = ("id",)


class Attachment(Model):
    """A file that came with a message: what it was called, and where it is kept."""

    message_id = Field.ForeignKey(Message, on_delete="CASCADE")
    name = Field.String(max_length=255)
    # Hidden: where a file is kept is nobody's business but the page's that sends it.
    path = Field.String(max_length=255, hidden=True)
    size = Field.Integer()
    created_at = Field.CreatedAt()

    message: Relation.BelongsTo[Message]
