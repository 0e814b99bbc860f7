"""People and tickets to begin with: `asok db seed`. A second run finds them there and adds nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from models.message import Message
from models.person import Person, Role
from models.ticket import Priority, Ticket
from wsgi import app

from asok import slugify

#: By these one signs in, in DEBUG only: a password that everybody can read is none.
DEMO = {"Anneke de Vries": Role.CUSTOMER, "Priya Raman": Role.AGENT, "Ines Brandt": Role.MANAGER}
DEMO_PASSWORD = "tickets and tea at four"

DATA = Path(__file__).parent.parent / "data" / "tickets.json"


def seed() -> None:
    """Put in what is missing, all of it or nothing."""
    data = json.loads(DATA.read_text(encoding="utf-8"))
    now = datetime.now(UTC)
    with Ticket.transaction():
        people = {name: _person(name, Role.AGENT) for name in data["agents"]}
        for row in data["tickets"]:
            name = row["customer"]
            people[name] = _person(name)
            _ticket(row, people, now)
        if app.config["DEBUG"]:
            for name, role in DEMO.items():
                _may_sign_in(people.get(name) or _person(name), role)


def _person(name: str, role: Role = Role.CUSTOMER) -> Person:
    # example.com belongs to nobody, so a mail to these people never arrives anywhere.
    email = f"{slugify(name).replace('-', '.')}@example.com"
    return Person.find(email=email) or Person.create(name=name, email=email, role=role, _trust=True)


def _may_sign_in(person: Person, role: Role) -> None:
    if person.password is None:
        person.update(password=DEMO_PASSWORD, role=role, email_verified_at=datetime.now(UTC), _trust=True)
    print(f"Sign in as {person.role}: {person.email}, password: {DEMO_PASSWORD}")


def _ticket(row: dict[str, Any], people: dict[str, Person], now: datetime) -> None:
    customer, agent = people[row["customer"]], people.get(row["agent"])
    if Ticket.exists(subject=row["subject"], customer_id=customer.id):
        return
    moments = [now - timedelta(hours=message["hours_ago"]) for message in row["messages"]]
    ticket = Ticket.create(
        subject=row["subject"],
        customer_id=customer.id,
        asked_by=customer.name,
        agent_id=agent and agent.id,
        state=row["state"],
        priority=Priority[row["priority"].upper()],
        is_public=row.get("is_public", True),
        message_count=len(moments),
        created_at=moments[0],
        updated_at=moments[-1],
        _trust=True,
    )
    for message, moment in zip(row["messages"], moments, strict=True):
        Message.create(
            ticket_id=ticket.id,
            author=message["from"],
            text=message["text"],
            created_at=moment,
            _trust=True,
        )
