"""Tokens with which programs act for people: made, shown once, listed, revoked, taken.

A request that carries one is its person's, whatever its cookies say, and has no session.
A token that is unknown, too old or revoked is refused with 401 wherever somebody asks
who it is. Scopes take rights away and never give any. A token opens what its person may
open and nothing else: it signs nobody in, makes no other token, changes no password.
Sources: RFC 6750, ASVS 5.0 V10.4 and V7.1, OWASP REST Security.
"""

from __future__ import annotations

import builtins
import logging
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from asok.auth.account import Account
from asok.auth.bearertoken import BearerToken
from asok.auth.own_models import has_own_model, own_model
from asok_engine.database.running import run, run_async
from asok_engine.dispatch.middleware.rate_limit import client_of
from asok_engine.errors import ForbiddenError, SetupError, UnauthorizedError, UsageError
from asok_engine.records.plans.change import update_all
from asok_engine.records.plans.find import find_by_key, find_by_values
from asok_engine.records.plans.save import save
from asok_engine.records.query import Query
from asok_engine.records.record import Record
from asok_engine.records.steps import Plan
from asok_engine.security.bearer import bearer_digest, make_bearer
from asok_engine.wire.authorization import bearer_credentials
from asok_engine.wire.request import Request

if TYPE_CHECKING:
    from asok.auth.people import People

__all__ = ["BearerRefused", "Bearers", "RequestTokens"]

_log = logging.getLogger("asok.security")
DAY_SECONDS = 86_400.0
#: How long a token is good unless its maker says otherwise.
LIFETIME_SECONDS = 90 * DAY_SECONDS
#: How exactly the last use is kept: a write for every request would cost more than it tells.
USE_SECONDS = 60.0


class BearerRefused(UnauthorizedError):
    """This token is not valid, or not any more."""

    code = "bearer-refused"

    def __init__(self, message: str = "") -> None:
        # RFC 6750 3.1: the same for every reason.
        super().__init__(message, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})


class Bearers:
    """The tokens of one application; `models` are its models, `people` is the model of AUTH_MODEL.

    `clock` gives seconds since the epoch.
    """

    def __init__(
        self, models: Mapping[str, type[Any]], people: type[Record], clock: Callable[[], float] = time.time
    ) -> None:
        self._models = models
        self._people = people
        self._clock = clock

    @property
    def model(self) -> type[BearerToken]:
        """The project's own model; raises SetupError when it has none."""
        if not issubclass(self._people, Account):
            raise SetupError(
                f"Tokens need a {self._people.__name__} whose rights they can limit, and it is no Account.",
                fix=f"Write: class {self._people.__name__}(Account), with Account from asok.auth.",
            )
        return own_model(self._models, BearerToken, self._people)

    def take(self, text: str, now: float, client: str) -> Plan[Any]:
        """Give the person for whom a token acts, limited to its scopes.

        Raises:
            BearerRefused: it is no token, not any more, or its person is not active (401).
        """
        digest = bearer_digest(text)
        token = person = None
        if digest is not None and has_own_model(self._models, BearerToken):
            token = yield from find_by_values(self.model.__description__, {"digest": digest})
        if token is not None and self._is_live(token, now):
            person = yield from find_by_key(self._people.__description__, token.user_id)
        if token is None or person is None or not person.is_active:
            what = "An unknown token" if token is None else f"Token {token.pk}"
            _log.warning("%s was refused, from %s.", what, client)
            raise BearerRefused
        used = token.last_used_at
        moment = datetime.fromtimestamp(now, UTC)
        if used is None or (moment - used).total_seconds() >= USE_SECONDS:
            yield from update_all(_one(token), {"last_used_at": moment})
        person.limit_to(token.scopes)
        return person

    def _is_live(self, token: BearerToken, now: float) -> bool:
        if token.revoked_at is not None:
            return False
        return token.expires_at is None or token.expires_at.timestamp() > now

    def key_of(self, request: Request) -> str:
        """Give the hash by which WebSockets know the token of a request, "" without one."""
        return bearer_digest(bearer_credentials(request) or "") or ""

    async def gone(self, keys: Collection[str]) -> Collection[str]:
        """Give those of these hashes whose token is not good any more."""
        return await run_async(self._gone(keys))

    def _gone(self, digests: Collection[str]) -> Plan[builtins.list[str]]:
        found = yield from Query(self.model.__description__).where(digest__in=builtins.list(digests)).fetch()
        now = self._clock()
        alive = {token.digest for token in found if self._is_live(token, now)}
        return [digest for digest in digests if digest not in alive]

    def create(
        self, person: Any, name: str, scopes: list[str] | None, expires_in: float, now: float
    ) -> Plan[str]:
        """Keep a new token of a person, and give its text."""
        moment = datetime.fromtimestamp(now, UTC)
        text = make_bearer()
        token = self.model(
            user_id=person.pk,
            name=name,
            digest=bearer_digest(text),
            scopes=scopes,
            expires_at=moment + timedelta(seconds=expires_in) if expires_in else None,
        )
        yield from save(token)
        return text

    def of(self, person: Any) -> Query:
        """Give the tokens of a person that were not revoked."""
        return Query(self.model.__description__).where(user_id=person.pk, revoked_at=None)

    def revoke(self, query: Query, now: float) -> Plan[int]:
        """Revoke all tokens of a query; give their number."""
        return (yield from update_all(query, {"revoked_at": datetime.fromtimestamp(now, UTC)}))


class RequestTokens:
    """Tokens of people, asked for by a request: `request.auth.token`."""

    __slots__ = ("_people", "_request")

    def __init__(self, request: Request) -> None:
        self._request = request
        self._people: People = request.app.services.people

    def create(
        self,
        user: Any = None,
        user_id: Any = None,
        expires_in: float | None = None,
        *,
        name: str = "",
        scopes: Iterable[str] | None = None,
    ) -> str:
        """Make a token of a person, by default of the one who is signed in; its text is given this once.

        Args:
            user: the person; `create(request, user_id)` gives their key instead.
            user_id: the key of the person.
            expires_in: for how many seconds it is good, 0 for ever; 90 days when it is not said.
            name: what its owner calls it.
            scopes: the rights that it is limited to, such as "tickets.view" and "posts.*"; None for none.

        Raises UnauthorizedError (401) when nobody is signed in or has this key, and ForbiddenError
        (403) for whoever acts in a session that is not theirs, and for an account with a second step
        that is not signed in.
        """
        return run(self._create(user, user_id, expires_in, name, scopes))

    async def create_async(
        self,
        user: Any = None,
        user_id: Any = None,
        expires_in: float | None = None,
        *,
        name: str = "",
        scopes: Iterable[str] | None = None,
    ) -> str:
        """Do what `create` does without blocking the event loop."""
        return await run_async(self._create(user, user_id, expires_in, name, scopes))

    def _create(
        self,
        user: Any,
        user_id: Any,
        expires_in: float | None,
        name: str,
        scopes: Iterable[str] | None,
    ) -> Plan[str]:
        people, request = self._people, self._request
        bearers, limited = people.bearers, _checked(scopes)
        seconds = LIFETIME_SECONDS if expires_in is None else expires_in
        if seconds < 0:
            raise UsageError(
                f"A token was asked for that is good for {expires_in!r} seconds.",
                fix="Give a number of seconds, or 0 for one that does not end by itself.",
            )
        if user_id is None:
            person = self._owner(None if isinstance(user, Request) else user)
        else:
            person = yield from find_by_key(people.model.__description__, user_id)
        people.must_act_for_themselves(request)
        if person is None or not person.is_active:
            raise UnauthorizedError("Please sign in.")
        if person.scopes is not None:
            raise ForbiddenError("A token makes no other token.")
        if person.has_second_factor and people.of(request) != person:
            # Why: a password alone must not open by a token what it does not open by signing in.
            raise ForbiddenError("This account has a second step; sign in with it first.")
        text = yield from bearers.create(person, name, limited, seconds, people.clock())
        _log.info("%s has a new token, made from %s.", people.user_key(person), client_of(request))
        yield from people.told(request, person, "token-added")
        return text

    def verify(self, text: str) -> Any:
        """Give the person of a token, limited to its scopes; raises BearerRefused (401) for other texts."""
        return run(self._verify(text))

    async def verify_async(self, text: str) -> Any:
        """Do what `verify` does without blocking the event loop."""
        return await run_async(self._verify(text))

    def _verify(self, text: str) -> Plan[Any]:
        return self._people.bearers.take(text, self._people.clock(), client_of(self._request))

    def list(self, user: Any = None) -> builtins.list[Any]:
        """Give the tokens of a person that were not revoked, the newest first; their texts are not known."""
        return run(self._list(user))

    async def list_async(self, user: Any = None) -> builtins.list[Any]:
        """Do what `list` does without blocking the event loop."""
        return await run_async(self._list(user))

    def _list(self, user: Any) -> Plan[builtins.list[Any]]:
        found = yield from self._mine(user).order_by("-created_at", "-id").fetch()
        return builtins.list(found)

    def revoke(self, id: Any, user: Any = None) -> bool:
        """End a token of a person at once; tell whether it was there and theirs. `id` is its key."""
        return run(self._revoke(id, user)) > 0

    async def revoke_async(self, id: Any, user: Any = None) -> bool:
        """Do what `revoke` does without blocking the event loop."""
        return await run_async(self._revoke(id, user)) > 0

    def _revoke(self, key: Any, user: Any) -> Plan[int]:
        mine = self._mine(user)
        token = yield from find_by_key(self._people.bearers.model.__description__, getattr(key, "pk", key))
        if token is None:
            return 0
        return (yield from self._ended(mine.where(pk=token.pk), user))

    def revoke_all(self, user: Any = None) -> int:
        """End every token of a person at once; give how many there were."""
        return run(self._ended(self._mine(user), user))

    async def revoke_all_async(self, user: Any = None) -> int:
        """Do what `revoke_all` does without blocking the event loop."""
        return await run_async(self._ended(self._mine(user), user))

    def _ended(self, query: Query, user: Any) -> Plan[int]:
        count = yield from self._people.bearers.revoke(query, self._people.clock())
        if count:
            _log.info("%d tokens of %s were revoked.", count, self._people.user_key(self._owner(user)))
        return count

    def _mine(self, user: Any) -> Query:
        self._people.must_act_for_themselves(self._request)
        return self._people.bearers.of(self._owner(user))

    def _owner(self, user: Any) -> Any:
        person = self._people.of(self._request) if user is None else user
        if person is None:
            raise UnauthorizedError("Please sign in.")
        if not isinstance(person, self._people.model) or person.pk is None:
            model = self._people.model.__name__
            raise UsageError(f"A token of {type(person).__name__} was asked for; expected a saved {model}.")
        return person


def _one(token: BearerToken) -> Query:
    return Query(token.__description__).where(pk=token.pk)


def _checked(scopes: Iterable[str] | None) -> builtins.list[str] | None:
    """Give scopes as they are kept.

    Raises:
        UsageError: one is no right.
    """
    if scopes is None:
        return None
    if isinstance(scopes, str):
        scopes = scopes.split()
    kept = builtins.list(dict.fromkeys(scopes))
    for scope in kept:
        thing, _, deed = scope.rpartition(".")
        is_right = bool(thing and deed) and scope == scope.strip() and "*" not in thing
        if scope != "*" and not (is_right and (deed == "*" or "*" not in deed)):
            raise UsageError(
                f"A token was asked for with the scope {scope!r}; expected a thing and a deed.",
                fix='Write it as "tickets.view", "tickets.*", or "*".',
            )
    return kept
