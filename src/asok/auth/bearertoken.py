"""`BearerToken`: a token with which a program acts for somebody, as an abstract model to inherit.

A project writes `class BearerToken(auth.BearerToken): pass` in `src/models`. A row holds
a hash of the token, which opens nothing. Everything but the name is protected.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from asok.orm.model import Model
from asok_engine.records.fields.field import Field
from asok_engine.records.fields.moment import CreatedAt, DateTime
from asok_engine.records.fields.reference import ForeignKey
from asok_engine.records.fields.structure import JSON
from asok_engine.records.fields.text import String

__all__ = ["BearerToken"]


class BearerToken(Model):
    """A token of somebody; `name` is what they call it.

    A project whose AUTH_MODEL is not User says whose it is:
    `user_id = Field.ForeignKey("Member")`.
    """

    __abstract__ = True

    # Why with the person: the key of somebody who is gone may be given to somebody else.
    user_id = ForeignKey[Any]("User", on_delete="CASCADE", protected=True)
    name = String(max_length=100, default="")
    #: The SHA-256 of the token.
    digest = String(max_length=64, unique=True, protected=True, hidden=True)
    #: The rights that it is limited to, None for all that the person has.
    scopes: Field[list[str] | None] = JSON(nullable=True, protected=True)
    created_at = CreatedAt()
    #: None for one that does not end by itself.
    expires_at: Field[datetime | None] = DateTime(nullable=True, protected=True)
    #: To the minute.
    last_used_at: Field[datetime | None] = DateTime(nullable=True, protected=True)
    revoked_at: Field[datetime | None] = DateTime(nullable=True, protected=True)
