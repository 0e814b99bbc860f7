"""`Identity`: somebody at a provider who is somebody here, as an abstract model to inherit.

A project writes `class Identity(auth.Identity): pass` in `src/models`. Who it is, is issuer
and subject, never an e-mail address: those are given to others, and typed by anybody.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from asok.orm.model import Model
from asok_engine.records.fields.field import Field
from asok_engine.records.fields.moment import CreatedAt, DateTime
from asok_engine.records.fields.reference import ForeignKey
from asok_engine.records.fields.text import String

__all__ = ["Identity"]


class Identity(Model):
    """Somebody at a provider; `provider` is what the application calls it.

    A project whose AUTH_MODEL is not User says whose it is:
    `user_id = Field.ForeignKey("Member")`.
    """

    __abstract__ = True

    user_id = ForeignKey[Any]("User", on_delete="CASCADE", protected=True)
    provider = String(max_length=50, protected=True)
    issuer = String(max_length=255, protected=True, hidden=True)
    subject = String(max_length=255, protected=True, hidden=True)
    #: The SHA-256 of both, which every database compares alike; so there is one row of each.
    identity_hash = String(max_length=64, unique=True, protected=True, hidden=True)
    #: What the provider last called them, for a list of where they can sign in.
    label = String(max_length=254, default="", protected=True)
    created_at = CreatedAt()
    last_used_at: Field[datetime | None] = DateTime(nullable=True, protected=True)
