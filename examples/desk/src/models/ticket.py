"""Tickets: one question of one customer each."""

from __future__ import annotations

import enum

from models.message import Message
from models.person import Person

from asok import Field, Model, Relation
from asok.orm import Query


class State(enum.StrEnum):
    """Who has to do something next: we, the customer, nobody."""

    OPEN = "open"
    WAITING = "waiting"
    SOLVED = "solved"


class Priority(enum.Enum):
    """How much hurry there is; a number, so that the database can sort by it."""

    LOW = 1
    NORMAL = 2
    HIGH = 3
    URGENT = 4

    def __str__(self) -> str:
        return self.name.lower()


class Ticket(Model):
    """A question, who asked it, who answers it, and how far it is."""

    subject = Field.String(max_length=120, min_length=5)
    customer_id = Field.ForeignKey(Person, on_delete="RESTRICT")
    agent_id = Field.ForeignKey(Person, nullable=True, on_delete="SET_NULL")
    state = Field.Enum(State, default=State.OPEN, index=True, protected=True)
    priority = Field.Enum(
        Priority, default=Priority.NORMAL, index=True, label="How urgent is it?", form_type="radio"
    )
    message_count = Field.Integer(default=0, protected=True)
    created_at = Field.CreatedAt(index=True)
    updated_at = Field.UpdatedAt(index=True)

    customer: Relation.BelongsTo[Person]
    agent: Relation.BelongsTo[Person | None]
    messages: Relation.HasMany[Message] = Relation.HasMany(Message)

    @staticmethod
    def scope_unsolved(query: Query[Ticket]) -> Query[Ticket]:
        """Keep what somebody still has to do something about."""
        return query.where(Ticket.state != State.SOLVED)

    @staticmethod
    def scope_mentioning(query: Query[Ticket], text: str) -> Query[Ticket]:
        """Keep what has this text in its subject or in the customer's name."""
        return query.where(
            lambda either: either.where_contains("subject", text).or_where(customer__name__contains=text)
        )

    async def write_async(self, author: str, text: str) -> Message:
        """Add a message; a ticket that the customer writes in is open, one that others write in waits."""
        async with Ticket.transaction():
            message = await Message.create_async(ticket_id=self.id, author=author, text=text)
            state = State.OPEN if author == self.customer.name else State.WAITING
            await self.increment_async("message_count", state=state)
        return message
