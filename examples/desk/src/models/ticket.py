"""Tickets: one question of one customer each."""

from __future__ import annotations

import enum

from models.message import Message
from models.person import Person

from asok import Field, Model, Relation
from asok.auth import Allow, Policy
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


class TicketPolicy(Policy):
    """Who sees and edits which tickets."""

    #: `write` is to write in a ticket.
    actions = ("view", "write", "create", "edit", "delete")

    def rules(self, principal, action):
        if action == "create":
            yield Allow("whoever asks", True)
        if action in ("view", "write"):
            yield Allow("public questions", Ticket.is_public)
            if principal.id is not None:
                yield Allow("one's own", Ticket.customer_id == principal.id)
        yield Allow("agents", principal.can(f"tickets.{action}"))


class Ticket(Model):
    """A question, who asked it, who answers it, and how far it is."""

    __policy__ = TicketPolicy

    subject = Field.String(max_length=120, min_length=5)
    customer_id = Field.ForeignKey(Person, on_delete="RESTRICT")
    # What a page shows. A stranger may give the address of somebody else, and must not learn their name.
    asked_by = Field.String(max_length=80, min_length=2, protected=True)
    agent_id = Field.ForeignKey(Person, nullable=True, on_delete="SET_NULL")
    state = Field.Enum(State, default=State.OPEN, index=True, protected=True)
    priority = Field.Enum(
        Priority, default=Priority.NORMAL, index=True, label="How urgent is it?", form_type="radio"
    )
    # What somebody without an account asks is public, because nobody can show that it is theirs.
    is_public = Field.Boolean(default=False, label="Others may read it")
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
        """Keep what has this text in its subject or in the name under which it was asked."""
        return query.where(
            lambda either: either.where_contains("subject", text).or_where(asked_by__contains=text)
        )

    async def write_async(self, author: str, text: str, writer: Person | None = None) -> Message:
        """Add a message; a ticket that the customer writes in is open, one that others write in waits.

        `writer` is whoever is signed in; only then is `author` more than a name that somebody gave.
        """
        is_customer = author == self.asked_by if writer is None else writer.id == self.customer_id
        async with Ticket.transaction():
            message = await Message.create_async(
                ticket_id=self.id, author=author, author_id=writer and writer.id, text=text, _trust=True
            )
            state = State.OPEN if is_customer else State.WAITING
            await self.increment_async("message_count", state=state)
        return message
