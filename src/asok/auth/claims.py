"""What a session says of its person, as it is kept: claims, under names of their own.

A session holds the key of a person and a stamp of their password, from where they signed
in, what they have still to show, and whom they act for. What cannot be read says nothing.
Nothing here reads a session or a database.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
from msgspec import Struct

from asok_engine.backends.cache.values import MISSING
from asok_engine.records.fields.secret import PasswordHash

__all__ = [
    "ACTING",
    "ANONYMOUS_CLAIM",
    "CLAIM",
    "CLIENT",
    "CONFIRMED",
    "WAITING",
    "Acting",
    "Claim",
    "Waiting",
    "claim_in",
    "stamp_of",
]

#: Under which name the session has who is signed in.
CLAIM = "user"
#: Under which name it has from where: address and user agent.
CLIENT = "client"
#: Under which name it has who has shown a password and not yet a code.
WAITING = "waiting"
#: Under which name it has when somebody last showed that it is them, in seconds since the epoch.
CONFIRMED = "confirmed"
#: Under which name it has whom its owner acts for, and since when.
ACTING = "acting"


class Acting(Struct, frozen=True, array_like=True):
    """Whom the owner of a session acts for, and since when, in seconds since the epoch."""

    key: int | str
    since: float


class Claim(Struct, frozen=True):
    """What a session says about who it is: key and stamp of its owner, and whom they act for."""

    key: int | str = ""
    stamp: str = ""
    acting: Acting | None = None


#: What the session of nobody says.
ANONYMOUS_CLAIM = Claim()


class Waiting(Struct, frozen=True, array_like=True):
    """A sign-in that waits for its second step."""

    key: int | str
    #: Of the password that was shown.
    stamp: str
    since: float
    remember: bool
    #: Where the visitor wants to go, "" when that was not said.
    next_url: str


def stamp_of(person: Any, field: str) -> str:
    """Give what tells one state of a person's password from another, and tells nothing about it."""
    stored = getattr(person, field) if field else None
    mark = stored.mark if isinstance(stored, PasswordHash) else ""
    return hashlib.sha256(f"stamp of a password\0{mark}".encode()).hexdigest()[:32]


def claim_in(value: Any, acting: Any) -> Claim:
    """Give a claim as the session has it, that of nobody for anything else."""
    if value is MISSING or not isinstance(value, list) or len(value) != 2:
        return ANONYMOUS_CLAIM
    key, stamp = value
    if not isinstance(key, int | str) or not isinstance(stamp, str):
        return ANONYMOUS_CLAIM
    if acting is None:
        return Claim(key, stamp)
    try:
        return Claim(key, stamp, msgspec.convert(acting, Acting))
    except msgspec.ValidationError:
        # What cannot be read must not make somebody the owner.
        return ANONYMOUS_CLAIM
