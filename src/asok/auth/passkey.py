"""`Passkey`: a key of somebody's device, as an abstract model to inherit.

A project writes `class Passkey(auth.Passkey): pass` in `src/models`. Nothing in a row
is secret: what signs never leaves the device. Everything but the name is protected.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from asok.orm.model import Model
from asok_engine.records.fields.field import Field
from asok_engine.records.fields.moment import CreatedAt, DateTime
from asok_engine.records.fields.number import BigInteger, Boolean
from asok_engine.records.fields.reference import ForeignKey
from asok_engine.records.fields.structure import JSON, Binary
from asok_engine.records.fields.text import String

__all__ = ["Passkey"]


class Passkey(Model):
    """A passkey of somebody; `name` is what they call it.

    A project whose AUTH_MODEL is not User says whose it is:
    `user_id = Field.ForeignKey("Member")`.
    """

    __abstract__ = True

    # Why with the person: nothing may be left of somebody who is gone that signs anybody in.
    user_id = ForeignKey[Any]("User", on_delete="CASCADE", protected=True)
    name = String(max_length=100)
    #: What the device calls it, as base64url.
    credential_id = String(max_length=1400, protected=True, hidden=True)
    #: The SHA-256 of that, which every database compares alike.
    credential_hash = String(max_length=64, unique=True, protected=True, hidden=True)
    public_key = Binary(protected=True, hidden=True)
    #: How often the device says that it has signed; 0 for those that do not count.
    sign_count = BigInteger(default=0, protected=True, hidden=True)
    #: What the device knows the person by: random, and the same for all passkeys of one person.
    user_handle = String(max_length=100, protected=True, hidden=True)
    transports = JSON[list[str]](default=list, protected=True, hidden=True)
    #: The kind of device or program, as a UUID; zeros where it does not say.
    aaguid = String(max_length=36, protected=True, hidden=True)
    #: Whether it is kept elsewhere too, so that a lost device does not lose it.
    is_backed_up = Boolean(default=False, protected=True)
    created_at = CreatedAt()
    last_used_at: Field[datetime | None] = DateTime(nullable=True, protected=True)
