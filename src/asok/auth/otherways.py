"""What else opens an account than its password: access tokens, passkeys, accounts at providers.

They outlive another password, as people expect of what they have given to programs and
devices. After a theft that is not what they want, so whoever gets another password is told.
Sources: OWASP Forgot Password Cheat Sheet, ASVS 5.0 V6.3.7 and V7.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from asok.auth.bearertoken import BearerToken
from asok.auth.identity import Identity
from asok.auth.own_models import models_about
from asok.auth.passkey import Passkey
from asok_engine.records.query import Query
from asok_engine.records.record import Record
from asok_engine.records.steps import Plan

__all__ = ["OtherWays", "other_ways"]


class OtherWays(Struct, frozen=True):
    """How many other ways into an account there are; false when there is none."""

    tokens: int = 0
    passkeys: int = 0
    #: Accounts at providers.
    identities: int = 0

    def __bool__(self) -> bool:
        return bool(self.tokens or self.passkeys or self.identities)

    def __str__(self) -> str:
        """What they are, as people read it: "2 access tokens and 1 passkey"."""
        counted = (
            (self.tokens, "access token"),
            (self.passkeys, "passkey"),
            (self.identities, "connected account"),
        )
        said = [f"{number} {name}{'' if number == 1 else 's'}" for number, name in counted if number]
        return " and ".join(part for part in (", ".join(said[:-1]), *said[-1:]) if part)


def other_ways(
    models: Mapping[str, type[Any]], people: type[Record], person: Any, now: float
) -> Plan[OtherWays]:
    """Give what else opens the account of a person; `models` are those of the application."""
    moment = datetime.fromtimestamp(now, UTC)
    numbers: list[int] = []
    for base in (BearerToken, Passkey, Identity):
        number = 0
        # Why not the one model: a project that has another is told so where it uses it, not by a
        # password that was changed already.
        for model in models_about(models, base, people):
            meant = Query(model.__description__).where(user_id=person.pk)
            if base is BearerToken:
                meant = meant.where(revoked_at=None)
            ends = [getattr(each, "expires_at", None) for each in (yield from meant.fetch())]
            number += sum(end is None or end > moment for end in ends)
        numbers.append(number)
    return OtherWays(*numbers)
