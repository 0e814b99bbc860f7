"""Who is at the other end of a WebSocket: the person of the handshake, read again now and then.

A connection may be open for hours. Every few seconds it is judged as a page would judge
its session or token at that moment, for many people by one statement: rights that were
taken away are gone, and whoever may not be signed in any more is nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from typing import Any

from asok.auth.claims import Claim
from asok.auth.people import People
from asok.auth.visitor import principal_of
from asok.orm.query import Query
from asok_engine.backends.sessions.session import Session
from asok_engine.database.running import run_async
from asok_engine.errors import UsageError
from asok_engine.realtime.connection import Connection
from asok_engine.realtime.gate import PersonNow
from asok_engine.records.policy import ANONYMOUS, Principal
from asok_engine.records.query import Query as EngineQuery
from asok_engine.records.record import Record
from asok_engine.records.steps import Plan

__all__ = ["FollowedQueries", "PeopleNow", "follower_of"]

#: How many connections are asked for by one statement.
MOST_ASKED = 500
#: The people that were read, by model and by the text of their key: sessions keep numbers or text.
_Found = dict[tuple[type[Record], str], Any]


class PeopleNow:
    """Tells who some people are now, by the rules of `people`, which are those of requests."""

    def __init__(self, people: People) -> None:
        self._people = people

    async def __call__(self, known: Sequence[tuple[Any, Session | None]]) -> list[PersonNow]:
        """Give each of these as they are now; they come with their session, or None where a token says it.

        What is no record with one key stays as it is.
        """
        now: list[PersonNow] = []
        for at in range(0, len(known), MOST_ASKED):
            # Why in pieces: the loop has other connections to serve meanwhile.
            now += await run_async(self._now(known[at : at + MOST_ASKED]))
        return now

    def _now(self, known: Sequence[tuple[Any, Session | None]]) -> Plan[list[PersonNow]]:
        claimed = [(person, self._claim(person, session)) for person, session in known]
        wanted: dict[type[Record], dict[Any, None]] = {}
        for person, claim in claimed:
            for model, key in self._wanted(person, claim):
                wanted.setdefault(model, {})[key] = None
        found: _Found = {}
        for model, keys in wanted.items():
            for record in (yield from EngineQuery(model.__description__).where(pk__in=list(keys)).fetch()):
                found[model, str(record.pk)] = record
        return [self._one(person, claim, found) for person, claim in claimed]

    def _claim(self, person: Any, session: Session | None) -> Claim | None:
        """Give what the session says; None where something else than the session named the person."""
        if session is None or not isinstance(person, self._people.model):
            return None
        claim = self._people.claim_of(session)
        return claim if claim.key else None

    def _wanted(self, person: Any, claim: Claim | None) -> Iterator[tuple[type[Record], Any]]:
        if claim is not None:
            yield self._people.model, claim.key
            if claim.acting is not None:
                yield self._people.model, claim.acting.key
        elif isinstance(person, Record) and len(person.__description__.key) == 1:
            yield type(person), person.pk

    def _one(self, person: Any, claim: Claim | None, found: _Found) -> PersonNow:
        ones = [found.get((model, str(key))) for model, key in self._wanted(person, claim)]
        if not ones:
            return PersonNow(person, False)
        if claim is not None:
            fresh, _ = self._people.judged(claim, ones[0], ones[-1])
        else:
            fresh = ones[0] if getattr(ones[0], "is_active", True) else None
        if fresh is None:
            return PersonNow(None, True)
        # Why a copy: the tabs of one person have handlers that run at the same time.
        fresh = copy(fresh)
        scopes = getattr(person, "scopes", None)
        if isinstance(scopes, frozenset):
            fresh.limit_to(scopes)
        return PersonNow(fresh, fresh._row != person._row)


def follower_of(connection: Connection) -> Principal:
    """Give whom the policy of what a connection follows is asked about."""
    person = connection.user
    return ANONYMOUS if person is None else principal_of(person)


class FollowedQueries:
    """The engine's queries of what handlers follow; the same one for a model, so that views are shared."""

    def __init__(self) -> None:
        self._of_models: dict[type, EngineQuery] = {}

    def of(self, what: Any) -> EngineQuery:
        """Give the query of a model or of a set of its records."""
        if isinstance(what, Query):
            return what._query
        if isinstance(what, type) and issubclass(what, Record):
            query = self._of_models.get(what)
            if query is None:
                query = self._of_models[what] = EngineQuery(what.__description__)
            return query
        raise UsageError(
            f"conn.follow got {what!r}; expected a model or a query: Ticket, or Ticket.where(state=1)."
        )
