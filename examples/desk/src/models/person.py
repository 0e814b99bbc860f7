"""The people of the desk: those who ask and those who answer."""

from __future__ import annotations

import enum

from asok import Field, Model


class Role(enum.StrEnum):
    """Which side of the desk somebody is on."""

    CUSTOMER = "customer"
    AGENT = "agent"


class Person(Model):
    """Somebody with a name and an address. Nobody signs in, so nobody proves to be a person."""

    __tablename__ = "people"

    name = Field.String(max_length=80, min_length=2)
    email = Field.Email(unique=True)
    # Protected: what comes from a form never makes an agent of anybody.
    role = Field.Enum(Role, default=Role.CUSTOMER, protected=True)
    created_at = Field.CreatedAt()
