"""Who is at the other end of a WebSocket: the person of the handshake, read again now and then.

A connection may be open for hours. Rights that were taken away count for what it follows
within a few seconds; the connections of a person who was deleted or may not sign in any
more are closed, as those of sessions that end are.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import Any

from msgspec.structs import replace

from asok.auth.visitor import principal_of
from asok.orm.query import Query
from asok_engine.database.running import run_async
from asok_engine.errors import UsageError
from asok_engine.realtime.connection import Connection
from asok_engine.records.plans.find import find_by_key
from asok_engine.records.policy import ANONYMOUS, Principal
from asok_engine.records.query import Query as EngineQuery
from asok_engine.records.record import Record
from asok_engine.records.steps import Plan

__all__ = ["FollowedQueries", "Followers", "barred_people"]

AGAIN_SECONDS = 3.0
#: How many people one statement asks for.
MOST_ASKED = 500


async def barred_people(people: Collection[Any]) -> Collection[Any]:
    """Give those of these people who were deleted or may not sign in any more."""
    by_model: dict[type[Record], dict[Any, Record]] = {}
    for person in people:
        if isinstance(person, Record):
            by_model.setdefault(type(person), {})[person.pk] = person
    barred: list[Any] = []
    for model, known in by_model.items():
        present = await run_async(_present(model, list(known)))
        barred += [person for key, person in known.items() if key not in present]
    return barred


def _present(model: type[Record], keys: list[Any]) -> Plan[set[Any]]:
    description = model.__description__
    meant = EngineQuery(description).only(description.key_name)
    if "is_active" in description.fields:
        meant = meant.where(is_active=True)
    present: set[Any] = set()
    for at in range(0, len(keys), MOST_ASKED):
        found = yield from meant.where(pk__in=keys[at : at + MOST_ASKED]).fetch()
        present.update(person.pk for person in found)
    return present


class Followers:
    """The principals of connections; each person is read once in a few seconds, whoever asks."""

    def __init__(self) -> None:
        self._known: dict[tuple[type, Any, Any], tuple[float, Principal]] = {}

    async def principal_of(self, connection: Connection) -> Principal:
        """Give who a connection is now."""
        person = connection.user
        if not isinstance(person, Record):
            return ANONYMOUS if person is None else principal_of(person)
        # Why with the scopes: a token's limit must outlast the reading, and concerns nobody else.
        scopes, now = getattr(person, "scopes", None), time.monotonic()
        name = (type(person), person.pk, scopes)
        known = self._known.get(name)
        if known is not None and now - known[0] < AGAIN_SECONDS:
            return known[1]
        fresh = await run_async(find_by_key(person.__description__, person.pk))
        is_one = fresh is not None and getattr(fresh, "is_active", True)
        principal = replace(principal_of(fresh), scopes=scopes) if is_one else ANONYMOUS
        if len(self._known) > 10_000:
            self._known.clear()
        self._known[name] = (now, principal)
        return principal


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
