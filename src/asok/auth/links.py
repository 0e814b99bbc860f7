"""Links in mail: to sign in, to prove an address, to set another password.

A link is bound to its purpose, to the address and the state of the password, and to a
number of the account that using any link counts up in one statement: of clicks at the
same time, in whatever process, one gets in, and then no earlier link does. Who asks for
one gets the same answer whoever they name, and mail goes out after it.
Sources: OWASP Forgot Password Cheat Sheet, CVE-2024-45231, CVE-2026-6873.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import quote

from msgspec import Struct

from asok.auth.account import Account
from asok.auth.people import People, stamp_of
from asok.auth.post import Post
from asok_engine.database.running import run, run_async
from asok_engine.dispatch.middleware.rate_limit import client_of
from asok_engine.errors import SetupError, TooManyRequests
from asok_engine.records.fields.field import UNSET
from asok_engine.records.plans.change import update_all
from asok_engine.records.plans.find import find, find_by_key
from asok_engine.records.plans.save import save
from asok_engine.records.query import Query
from asok_engine.records.record import Record
from asok_engine.records.steps import Atomic, Call, Plan
from asok_engine.security.tokens import TimedTokens, TokenRefused
from asok_engine.wire.request import Request

__all__ = ["Letter", "LinkKind", "Links", "RequestAuth", "RequestLinks", "ResetLinks"]

_log = logging.getLogger("asok.security")
WINDOW_SECONDS = 900.0
#: Letters in a window: to one address, and asked for by one client.
PER_ADDRESS, PER_CLIENT = 3, 20


class Letter(Struct, frozen=True):
    """What a letter says: the subject, and the text with `{link}` and `{minutes}` in it."""

    subject: str
    text: str


class LinkKind(Struct, frozen=True):
    """One purpose of links: where they lead, and the letter that brings them unless the page has its own."""

    purpose: str
    path: str
    letter: Letter


KINDS: dict[str, LinkKind] = {
    "magic": LinkKind(
        "sign-in link",
        "/auth/magic/callback",
        Letter("Sign in", "Open this address to sign in. It works once, for {minutes} minutes.\n\n{link}\n"),
    ),
    "verification": LinkKind(
        "proof of an address",
        "/auth/verify",
        Letter(
            "Is this your address?", "Open this address to say yes, within {minutes} minutes.\n\n{link}\n"
        ),
    ),
    "reset": LinkKind(
        "password reset",
        "/auth/reset",
        Letter(
            "Another password",
            "Open this address to choose another password. It works once, for {minutes} minutes.\n\n"
            "{link}\n\nIf it was not you who asked, there is nothing to do.\n",
        ),
    ),
}


class Links:
    """Makes and takes the links of one application; `app_url` is what they begin with."""

    kinds: ClassVar[dict[str, LinkKind]] = KINDS

    def __init__(
        self,
        people: People,
        post: Post,
        secret: str,
        fallbacks: Sequence[str] = (),
        *,
        app_url: str | None,
        ttl_seconds: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._people = people
        #: What letters are given to.
        self.post = post
        self._app_url = app_url
        self._ttl_seconds = ttl_seconds
        #: Seconds since the epoch.
        self.clock = clock
        self._tokens = {
            name: TimedTokens(secret, kind.purpose, fallbacks, clock=lambda: self.clock())
            for name, kind in self.kinds.items()
        }

    def make(self, name: str, person: Any) -> str:
        """Give a token of a kind for a person."""
        self._account()
        return self._tokens[name].make(str(person.pk), state=_state(person, self._people.field))

    def take(self, name: str, token: str) -> Plan[Any]:
        """Give the person whom a token was made for, and use it up; their address is proven by it.

        Raises:
            TokenRefused: it is no token of this kind, not any more, or it was used (400).
        """
        model = self._account()
        tokens = self._tokens[name]
        subject = tokens.subject(token)
        person = None if subject is None else (yield from find_by_key(model.__description__, subject))
        if person is None:
            raise TokenRefused("This link is not valid, or it has been used already.")
        state = _state(person, self._people.field)
        tokens.read(token, max_age_seconds=self._ttl_seconds, state=state)
        number = person.link_number
        proven = person.email_verified_at or datetime.fromtimestamp(self.clock(), UTC)
        meant = Query(model.__description__).where(pk=person.pk, link_number=number, is_active=True)
        # One statement decides between clicks at the same time, whatever process they reach.
        if (yield from update_all(meant, {"link_number": number + 1, "email_verified_at": proven})) != 1:
            raise TokenRefused("This link is not valid, or it has been used already.")
        _log.info("%s used a %s.", self._people.user_key(person), self.kinds[name].purpose)
        return (yield from find_by_key(model.__description__, person.pk))

    def reset(self, token: str, password: str) -> Plan[Any]:
        """Give the person of a reset token another password; the token stays good when that is refused.

        Raises:
            TokenRefused: the token is not valid (400).
            InvalidRecord: the password may not be taken (422).
        """
        return (yield Atomic(self._reset(token, password), self._account().__description__.database))

    def _reset(self, token: str, password: str) -> Plan[Any]:
        person = yield from self.take("reset", token)
        setattr(person, self._people.field, password)
        return (yield from save(person))

    def send(
        self, name: str, email: str, *, base_url: str, path: str, letter: Letter | None, client: str, hit: Any
    ) -> Plan[None]:
        """Send a link to whoever has this address, if anybody does; nothing tells which.

        Raises:
            TooManyRequests: this address or this client has asked too often (429).
        """
        kind = self.kinds[name]
        address = hashlib.sha256(email.strip().lower().encode("utf-8", "surrogatepass")).hexdigest()[:32]
        for key, limit in ((f"link:{name}:{address}", PER_ADDRESS), (f"link:client:{client}", PER_CLIENT)):
            verdict = yield Call(hit, (key, limit, WINDOW_SECONDS, self.clock()))
            if not verdict.allowed:
                raise TooManyRequests(
                    "Too many links were asked for; try again later.",
                    retry_after=int(verdict.retry_after_seconds) + 1,
                )
        person = yield from find(self._account().__description__, UNSET, {"email": email})
        if person is None or not person.is_active:
            _log.info("A %s was asked for from %s, for nobody.", kind.purpose, client)
            return
        start = (self._app_url or base_url).rstrip("/")
        link = f"{start}{path or kind.path}?token={quote(self.make(name, person))}"
        chosen = letter or kind.letter
        minutes = str(int(self._ttl_seconds // 60))
        text = chosen.text.replace("{minutes}", minutes).replace("{link}", link)
        self.post.put(person.email, chosen.subject, text)

    async def close_async(self) -> None:
        """Send the letters that wait."""
        await self.post.close_async()

    def _account(self) -> type[Record]:
        model = self._people.model
        if not issubclass(model, Account):
            raise SetupError(
                f"Links in mail need a {model.__name__} that counts them, and it is no Account.",
                fix=f"Write: class {model.__name__}(Account), with Account from asok.auth.",
            )
        return model


class RequestLinks:
    """Links of one kind for a request: `request.auth.magic`, `.verification`, `.reset`."""

    __slots__ = ("_links", "_name", "_request")

    def __init__(self, links: Links, name: str, request: Request) -> None:
        self._links = links
        self._name = name
        self._request = request

    def create_token(self, user: Any) -> str:
        """Give a token for a person, to be sent to their address and nowhere else."""
        return self._links.make(self._name, user)

    def verify_token(self, token: str) -> Any:
        """Give the person of a token, once; raises TokenRefused (400) for any other."""
        return run(self._links.take(self._name, token))

    async def verify_token_async(self, token: str) -> Any:
        """Do what `verify_token` does without blocking the event loop."""
        return await run_async(self._links.take(self._name, token))

    def send(self, email: str, *, path: str = "", letter: Letter | None = None) -> None:
        """Send a link to whoever has this address, if anybody does; `path` is the page that it opens.

        Raises TooManyRequests (429) after three to one address in a quarter of an hour.
        """
        run(self._send(email, path, letter, self._request.app.services.counters.hit))

    async def send_async(self, email: str, *, path: str = "", letter: Letter | None = None) -> None:
        """Do what `send` does without blocking the event loop."""
        await run_async(self._send(email, path, letter, self._request.app.services.counters.hit_async))

    def _send(self, email: str, path: str, letter: Letter | None, hit: Any) -> Plan[None]:
        return self._links.send(
            self._name,
            email,
            base_url=self._request.host_url,
            path=path,
            letter=letter,
            client=client_of(self._request),
            hit=hit,
        )


class ResetLinks(RequestLinks):
    """Links to set another password: `request.auth.reset`."""

    __slots__ = ()

    def change_password(self, token: str, password: str) -> Any:
        """Give the person of a token another password, once, and end their sessions; gives the person.

        Raises TokenRefused (400), and InvalidRecord (422) for a password that may not be taken: the
        token stays good then.
        """
        person = run(self._links.reset(token, password))
        self._request.app.services.people.end_sessions(person)
        return person

    async def change_password_async(self, token: str, password: str) -> Any:
        """Do what `change_password` does without blocking the event loop."""
        person = await run_async(self._links.reset(token, password))
        await self._request.app.services.people.end_sessions_async(person)
        return person


class RequestAuth:
    """What a request has besides `login` and `logout`: `request.auth`."""

    __slots__ = ("_request",)

    def __init__(self, request: Request) -> None:
        self._request = request

    @property
    def magic(self) -> RequestLinks:
        """Links to sign in without a password."""
        return RequestLinks(self._request.app.services.links, "magic", self._request)

    @property
    def verification(self) -> RequestLinks:
        """Links that prove an address."""
        return RequestLinks(self._request.app.services.links, "verification", self._request)

    @property
    def reset(self) -> ResetLinks:
        """Links to set another password."""
        return ResetLinks(self._request.app.services.links, "reset", self._request)


def _state(person: Any, field: str) -> str:
    """Give what must not have changed when a link is used."""
    return f"{person.email}\0{stamp_of(person, field)}\0{person.link_number}"
