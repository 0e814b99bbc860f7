"""Who a request is from: the person of its session, and the deeds that change that.

A session holds the key of a person and a stamp of their password. The person is read
once per request: by plain code when it asks, and for code on an event loop before it
begins. A stamp that is not that of the stored password signs nobody in, so a change of
password, wherever it is made, ends every session of before.
Sources: ASVS 5.0 V7.2 to V7.4, OWASP Session Management Cheat Sheet.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from asok.auth.bearer import BearerRefused, Bearers
from asok.auth.claims import (
    ACTING,
    ANONYMOUS_CLAIM,
    CLAIM,
    CLIENT,
    CONFIRMED,
    WAITING,
    Acting,
    Claim,
    Waiting,
    claim_in,
    stamp_of,
)
from asok.auth.notices import Notices
from asok.auth.otherways import OtherWays, other_ways
from asok.auth.signin import authenticate, password_field
from asok.auth.tries import Throttle, Tries
from asok_engine.backends.cache.values import decode
from asok_engine.backends.counters.contract import Counters
from asok_engine.backends.sessions.session import OWN, Session
from asok_engine.database.running import run, run_async
from asok_engine.dispatch.middleware.rate_limit import client_of
from asok_engine.dispatch.middleware.sessions import Sessions
from asok_engine.errors import DatabaseError, ForbiddenError, UnauthorizedError, UsageError
from asok_engine.records.description import Description
from asok_engine.records.plans.find import find_by_key
from asok_engine.records.record import Record
from asok_engine.records.steps import AfterCommit, Plan
from asok_engine.security.keys import equal
from asok_engine.security.passwords import Passwords
from asok_engine.security.rights import covers
from asok_engine.wire.authorization import bearer_credentials, carries_bearer
from asok_engine.wire.request import Request
from asok_engine.wire.response import Response

__all__ = ["ConfirmationNeeded", "People"]

_log = logging.getLogger("asok.security")
#: The right to act for others.
PERMISSION = "people.impersonate"
#: For how long somebody acts for somebody else.
ACTING_SECONDS = 3600.0
#: A cookie that tells pages that ask for nobody to look; it opens nothing.
ACTING_COOKIE = "asok_acting"
#: For how long the second step of a sign-in is waited for.
WAITING_SECONDS = 600.0
#: For how long a confirmation is good unless a page says otherwise.
CONFIRMED_SECONDS = 900.0


class ConfirmationNeeded(ForbiddenError):
    """Please confirm first that it is you."""

    code = "confirmation-needed"


class People:
    """The people of one application; the kernel's keeper of sessions, which knows whose they are.

    `model` is the model of AUTH_MODEL, `models` are all of the application. `clock` gives
    seconds since the epoch.
    """

    def __init__(
        self,
        sessions: Sessions,
        counters: Counters,
        model: type[Record],
        *,
        passwords: Passwords | None = None,
        throttle: Throttle | None = None,
        notices: Notices | None = None,
        issuer: str = "",
        models: Mapping[str, type[Any]] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        #: The sessions of the application.
        self.sessions = sessions
        self._counters = counters
        #: The model of the people.
        self.model = model
        #: What makes and checks the hashes of passwords.
        self.passwords = passwords or Passwords()
        #: How many failed tries are allowed.
        self.throttle = throttle or Throttle()
        #: Seconds since the epoch.
        self.clock = clock
        #: What tells people of changes of how they sign in.
        self.notices = notices or Notices()
        self.notices.check(model)
        #: How the application is called in an authenticator app.
        self.issuer = issuer
        #: The tokens with which programs act for people.
        self._models = models or {}
        self.bearers = Bearers(self._models, model, lambda: self.clock())
        #: The name of the password field, "" when the model has none.
        self.field = password_field(model.__description__)

    # --- for the kernel ---------------------------------------------------------------------

    @property
    def waits(self) -> bool:
        """Whether reading may wait: it does for the database with the people."""
        return True

    async def read_ahead(self, request: Request) -> None:
        """Read session and person for code on an event loop, when the visitor has sent an id or a token."""
        credentials = bearer_credentials(request)
        if credentials is not None:
            try:
                request.__dict__["bearer_ahead"] = await run_async(self._taken(request, credentials))
            except (DatabaseError, BearerRefused) as error:
                request.__dict__["bearer_ahead"] = error
            return
        if not self.sessions.cookie.sent(request):
            return
        await self.sessions.read_ahead(request)
        claim = self._claim_ahead(request)
        if claim.key:
            try:
                request.__dict__["person_ahead"] = (claim, await run_async(self._present(claim)))
            except DatabaseError as error:
                # Why kept: a page that does not ask who it is can do without.
                request.__dict__["person_ahead"] = error

    def read_before(self, request: Request) -> None:
        """Do what `read_ahead` does in a thread, for a handler that runs on the background loop."""
        credentials = bearer_credentials(request)
        if credentials is not None:
            try:
                request.__dict__["bearer_ahead"] = run(self._taken(request, credentials))
            except (DatabaseError, BearerRefused) as error:
                request.__dict__["bearer_ahead"] = error
            return
        self.sessions.read_before(request)
        claim = self._claim_ahead(request)
        if claim.key:
            try:
                request.__dict__["person_ahead"] = (claim, run(self._present(claim)))
            except DatabaseError as error:
                request.__dict__["person_ahead"] = error

    def settle(self, request: Request, response: Response) -> None:
        """Write what has changed in the session of a request."""
        self.sessions.settle(request, response)
        self._mark(request, response)

    async def settle_async(self, request: Request, response: Response) -> None:
        """Do what `settle` does without blocking the event loop."""
        await self.sessions.settle_async(request, response)
        self._mark(request, response)

    def _mark(self, request: Request, response: Response) -> None:
        seconds = request.__dict__.get("acting_seconds")
        if seconds is not None:
            self.sessions.cookie.put_beside(response, ACTING_COOKIE, "1" if seconds else "", seconds)

    # --- who it is ----------------------------------------------------------------------------

    def of(self, request: Request) -> Any:
        """Give the person of a request, None for a visitor who is not signed in.

        Raises:
            BackendUnavailable: the place of the sessions, or the database, does not answer.
            BearerRefused: the request carries a token that is not valid (401).
        """
        known = request.__dict__
        if "person" not in known:
            known["person"] = self._found(request)
        return known["person"]

    def _found(self, request: Request) -> Any:
        credentials = bearer_credentials(request)
        if credentials is not None:
            return self._by_token(request, credentials)
        claim, known = self.claim_of(self.sessions.of(request)), request.__dict__
        ahead = known.pop("person_ahead", None)
        if not claim.key:
            return None
        if isinstance(ahead, DatabaseError):
            raise ahead
        if ahead is not None and ahead[0] == claim:
            person, known["impersonator"] = ahead[1]
        else:
            person, known["impersonator"] = run(self._present(claim))
        if known["impersonator"] is not None:
            self._note_acting(request, known["impersonator"], person)
        return person

    def claim_of(self, session: Session) -> Claim:
        """Give what a session says about who it is."""
        return claim_in(session.own.get(CLAIM), session.own.get(ACTING))

    def _present(self, claim: Claim) -> Plan[tuple[Any, Any]]:
        owner, person = (yield from find_by_key(self._description, claim.key)), None
        if owner is not None and claim.acting is not None:
            person = yield from find_by_key(self._description, claim.acting.key)
        return self.judged(claim, owner, person)

    def judged(self, claim: Claim, owner: Any, person: Any) -> tuple[Any, Any]:
        """Give the person whom a claim stands for, and who acts for them, None where nobody does.

        `owner` and `person` are who has the keys of the claim now, None for nobody.
        """
        if not self._is_let_in(owner, claim.stamp):
            return None, None
        acting = claim.acting
        if acting is None:
            return owner, None
        if person is None or not 0 <= self.clock() - acting.since <= ACTING_SECONDS:
            # Nobody rather than the owner: what was meant for somebody else must not become theirs.
            return None, owner
        return (person if self.may_act_for(owner, person) else None), owner

    def _by_token(self, request: Request, credentials: str) -> Any:
        request.is_personal = True
        known = request.__dict__
        ahead = known.get("bearer_ahead")
        if isinstance(ahead, BearerRefused) and "error_status" in known:
            # The page that tells of the refusal may ask too.
            return None
        if isinstance(ahead, Exception):
            raise ahead
        if ahead is not None:
            return ahead
        try:
            return run(self._taken(request, credentials))
        except BearerRefused as error:
            known["bearer_ahead"] = error
            raise

    def _taken(self, request: Request, credentials: str) -> Plan[Any]:
        return self.bearers.take(credentials, self.clock(), client_of(request))

    def _claim_ahead(self, request: Request) -> Claim:
        """Give what the session that was read says, without touching it: the answer may stay a shared one."""
        ahead = request.__dict__.get("session_ahead")
        stored = ahead[0] if isinstance(ahead, tuple) else None
        if stored is None or (data := stored.values.get(OWN + CLAIM)) is None:
            return ANONYMOUS_CLAIM
        acting = stored.values.get(OWN + ACTING)
        return claim_in(decode(data), None if acting is None else decode(acting))

    def find(self, key: Any, stamp: str) -> Plan[Any]:
        """Give the person of a key whose password is the one of a stamp, None when they may not sign in."""
        person = yield from find_by_key(self._description, key)
        return person if self._is_let_in(person, stamp) else None

    def _is_let_in(self, person: Any, stamp: str) -> bool:
        if person is None or not getattr(person, "is_active", True):
            return False
        return equal(stamp, stamp_of(person, self.field))

    # --- signing in and out -------------------------------------------------------------------

    def authenticate(self, request: Request, field: str, credentials: Mapping[str, Any]) -> Any:
        """Give the person with these credentials; see `auth.signin.authenticate`."""
        return run(self._authenticate(request, field, credentials, is_async=False))

    async def authenticate_async(self, request: Request, field: str, credentials: Mapping[str, Any]) -> Any:
        """Do what `authenticate` does without blocking the event loop."""
        return await run_async(self._authenticate(request, field, credentials, is_async=True))

    def _authenticate(
        self, request: Request, field: str, credentials: Mapping[str, Any], *, is_async: bool
    ) -> Plan[Any]:
        return authenticate(
            self._description,
            credentials,
            field=field,
            passwords=self.passwords,
            tries=self.tries(request, is_async=is_async),
        )

    def tries(self, request: Request, *, is_async: bool) -> Tries:
        """Give what counts the tries of the client of a request."""
        counters = self._counters
        return Tries(
            counters.hit_async if is_async else counters.hit,
            counters.take_back_async if is_async else counters.take_back,
            client_of(request),
            self.clock(),
            self.throttle,
        )

    def sign_in(
        self, request: Request, person: Any, *, remember: bool = False, next_url: str = "", code_url: str
    ) -> None:
        """Sign somebody in who has shown one factor: at once, or after the code that is due.

        Raises:
            UsageError: this is no record of AUTH_MODEL that was saved.
            ForbiddenError: the account is not active, or a token says who it is.
            Redirect: a code is due; nobody is signed in until it was typed at `code_url`.
        """
        if not getattr(person, "has_second_factor", False):
            self.login(request, person, remember=remember)
            return
        key = self._key_of(request, person)
        session = self._session_for(request, person)
        session.rotate("", remember=False)
        for name in (CLAIM, CONFIRMED):
            session.own.pop(name, None)
        self._forget_acting(request)
        waiting = Waiting(key, stamp_of(person, self.field), self.clock(), remember, next_url)
        session.own[WAITING] = msgspec.to_builtins(waiting)
        request.__dict__["person"] = None
        _log.info("%s has to type a code, from %s.", self.user_key(person), client_of(request))
        request.redirect(code_url)

    def waiting(self, request: Request) -> Waiting | None:
        """Give the sign-in that waits for its second step in this session, None without one."""
        try:
            waiting = msgspec.convert(self.sessions.of(request).own.get(WAITING), Waiting)
        except msgspec.ValidationError:
            return None
        return waiting if 0 <= self.clock() - waiting.since <= WAITING_SECONDS else None

    def login(self, request: Request, person: Any, *, remember: bool = False) -> None:
        """Make a session somebody's, under another id, when they have shown all that is asked of them.

        Raises:
            UsageError: this is no record of AUTH_MODEL that was saved.
            ForbiddenError: the account is not active, or a token says who it is.
        """
        key = self._key_of(request, person)
        session = self._session_for(request, person)
        session.rotate(self.user_key(person), remember=remember)
        session.own.pop(WAITING, None)
        self._forget_acting(request)
        session.own[CLAIM] = [key, stamp_of(person, self.field)]
        session.own[CONFIRMED] = self.clock()
        # For the list of where somebody is signed in.
        session.own[CLIENT] = [client_of(request), (request.headers.get("user-agent") or "")[:300]]
        request.__dict__["person"] = person
        _log.info("%s signed in from %s.", self.user_key(person), client_of(request))

    def _key_of(self, request: Request, person: Any) -> int | str:
        model = self.model
        key = person.pk if isinstance(person, model) else None
        if key is None:
            raise UsageError(
                f"login was given {type(person).__name__}; expected a saved {model.__name__}.",
                fix="Pass what authenticate gave, unless that was None.",
            )
        if not getattr(person, "is_active", True):
            raise ForbiddenError("This account is not active.")
        # Also where a page has read the token itself: a session would have no scopes.
        if carries_bearer(request) or isinstance(getattr(person, "scopes", None), frozenset):
            raise ForbiddenError("A token signs nobody in.")
        return key if isinstance(key, int) else str(key)

    def _session_for(self, request: Request, person: Any) -> Session:
        session = self.sessions.of(request)
        if session.user_key not in ("", self.user_key(person)):
            # What somebody else has left is not for this person.
            session.end()
        return session

    def logout(self, request: Request) -> None:
        """End the session of a request; everything in it is forgotten."""
        session = self.sessions.of(request)
        if session.user_key:
            _log.info("%s signed out.", session.user_key)
        self._forget_acting(request)
        session.end()
        request.__dict__["person"] = None

    def user_key(self, person: Any) -> str:
        """Give the name under which the sessions of a person are kept."""
        return f"{self._description.table_name}:{person.pk}"

    def end_sessions(self, person: Any) -> int:
        """End every session of a person; give how many there were."""
        return self.sessions.end_all(self.user_key(person))

    async def end_sessions_async(self, person: Any) -> int:
        """Do what `end_sessions` does without blocking the event loop."""
        return await self.sessions.end_all_async(self.user_key(person))

    # --- showing again that it is them -------------------------------------------------------------

    def is_confirmed(self, request: Request, seconds: float = CONFIRMED_SECONDS) -> bool:
        """Tell whether the person of a request has shown within these seconds that it is them."""
        if self.of(request) is None:
            return False
        at = self.sessions.of(request).own.get(CONFIRMED)
        return isinstance(at, int | float) and 0 <= self.clock() - at <= seconds

    def confirmed(self, request: Request) -> None:
        """Take note that the person of a request has shown that it is them; the session gets another id."""
        session = self.sessions.of(request)
        session.rotate()
        session.own[CONFIRMED] = self.clock()
        _log.info("%s confirmed that it is them, from %s.", session.user_key, client_of(request))

    def must_act_for_themselves(self, request: Request) -> None:
        """Go on only when nobody acts for somebody else.

        Raises:
            ForbiddenError: a program does with a token, or a person who impersonates (403).
        """
        if carries_bearer(request):
            raise ForbiddenError("This cannot be done with a token.")
        if self.impersonator_of(request) is not None:
            raise ForbiddenError("This cannot be done while you act for somebody else.")

    def must_be_themselves(self, request: Request) -> Any:
        """Give the person of a request who acts in their own session.

        Raises:
            UnauthorizedError: nobody is signed in.
            ForbiddenError: somebody else acts for them (403).
        """
        person = self.of(request)
        if person is None:
            raise UnauthorizedError("Please sign in.")
        self.must_act_for_themselves(request)
        return person

    def must_be_confirmed(self, request: Request) -> Any:
        """Give the person of a request who has shown within a quarter of an hour that it is them.

        Raises:
            UnauthorizedError: nobody is signed in.
            ConfirmationNeeded: they have not (403).
        """
        person = self.must_be_themselves(request)
        if not self.is_confirmed(request):
            raise ConfirmationNeeded(fix="Call request.auth.require_sudo() at the beginning of this page.")
        return person

    # --- acting for somebody else -------------------------------------------------------------------

    def may_act_for(self, owner: Any, person: Any) -> bool:
        """Tell whether somebody may act for a person: with the right to, and for nobody with more rights."""
        if person == owner or not person.is_active or not owner.can(PERMISSION):
            return False
        rights = owner.rights
        has_roles = "*" in rights or set(person.roles or ()) <= set(owner.roles or ())
        return has_roles and all(covers(rights, right) for right in person.rights)

    def act_for(self, request: Request, owner: Any, person: Any) -> None:
        """Let the owner of a session act for a person who was judged by `may_act_for`."""
        session, known = self.sessions.of(request), request.__dict__
        session.rotate()
        session.own.pop(CONFIRMED, None)
        session.own.pop(WAITING, None)
        key = person.pk if isinstance(person.pk, int) else str(person.pk)
        session.own[ACTING] = msgspec.to_builtins(Acting(key, self.clock()))
        known["person"], known["impersonator"] = person, owner
        known["acting_seconds"] = int(ACTING_SECONDS)
        self._note_acting(request, owner, person)
        _log.warning(
            "%s acts for %s, from %s.", self.user_key(owner), self.user_key(person), client_of(request)
        )

    def stop_acting(self, request: Request) -> None:
        """Make the session its owner's alone again, under another id."""
        owner = self.impersonator_of(request)
        if owner is None:
            return
        self._forget_acting(request)
        session = self.sessions.of(request)
        session.rotate()
        session.own.pop(CONFIRMED, None)
        request.__dict__["person"] = owner
        _log.warning("%s acts for nobody else any more.", self.user_key(owner))

    def impersonator_of(self, request: Request) -> Any:
        """Give who acts for the person of a request, also when their hour is over; None where nobody does."""
        self.of(request)
        return request.__dict__.get("impersonator")

    def may_be_acting(self, request: Request) -> bool:
        """Tell quickly whether a page should ask who acts for whom."""
        cookies = request.headers.raw(b"cookie")
        is_marked = cookies is not None and ACTING_COOKIE.encode() in cookies
        return is_marked or request.__dict__.get("impersonator") is not None

    def _note_acting(self, request: Request, owner: Any, person: Any) -> None:
        """Have the log line of a request name both; what it writes is written as the person."""
        if person is not None:
            request.acting = self.user_key(owner), self.user_key(person)

    def _forget_acting(self, request: Request) -> None:
        if self.sessions.of(request).own.pop(ACTING, None) is not None:
            request.__dict__["acting_seconds"] = 0
        request.__dict__["impersonator"] = None

    def end_others(self, request: Request, person: Any) -> int:
        """End the sessions of a person but the one of this request; give how many there were."""
        return self.sessions.end_all(self.user_key(person), but=self.sessions.of(request).handle)

    async def end_others_async(self, request: Request, person: Any) -> int:
        """Do what `end_others` does without blocking the event loop."""
        handle = self.sessions.of(request).handle
        return await self.sessions.end_all_async(self.user_key(person), but=handle)

    # --- telling of changes -----------------------------------------------------------------------

    def told(self, request: Request, person: Any, notice: str, **facts: Any) -> Plan[None]:
        """Tell a person what a request has changed, when that is committed; see `auth.notices`."""
        yield AfterCommit(
            lambda: self.notices.tell(request, person, notice, **facts), self._description.database
        )

    def other_ways(self, person: Any) -> Plan[OtherWays]:
        """Give what else opens the account of a person than their password."""
        return (yield from other_ways(self._models, self.model, person, self.clock()))

    # --- the model --------------------------------------------------------------------------------

    @property
    def _description(self) -> Description:
        return self.model.__description__
