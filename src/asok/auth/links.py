"""Links in mail: to sign in, to prove an address, to change it, to set another password.

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
from asok.auth.claims import stamp_of
from asok.auth.newpassword import OWN_WORDS, is_of_own_words
from asok.auth.people import People
from asok.auth.post import Letter, Post
from asok.auth.tries import Tries
from asok_engine.database.running import run, run_async
from asok_engine.errors import SetupError, UniqueError, UsageError
from asok_engine.records.errors import FieldProblem, InvalidRecord
from asok_engine.records.fields.field import UNSET
from asok_engine.records.plans.change import update_all
from asok_engine.records.plans.find import find, find_by_key
from asok_engine.records.plans.save import save
from asok_engine.records.query import Query
from asok_engine.records.record import Record
from asok_engine.records.steps import Atomic, Plan
from asok_engine.security.tokens import TimedTokens, TokenRefused
from asok_engine.wire.request import Request

__all__ = ["AddressLinks", "LinkKind", "Links", "RequestLinks", "ResetLinks"]

_log = logging.getLogger("asok.security")
_GONE = "This link is not valid, or it has been used already."
#: Letters in the window of the sign-in: to one address, and asked for by one client.
PER_ADDRESS, PER_CLIENT = 3, 20
#: Kinds that are counted together. Why: a page sends one of them where the address was proven and
#: the other where it was not, and the one that is used up must not tell which.
_COUNTED_AS = {"magic": "sign-in", "verification": "sign-in"}


class LinkKind(Struct, frozen=True):
    """One purpose of links: where they lead, and the letter that brings them unless the page has its own."""

    purpose: str
    path: str
    letter: Letter


KINDS: dict[str, LinkKind] = {
    "magic": LinkKind(
        "sign-in link",
        "/auth/magic/callback",
        Letter("Sign in", "Open this link to sign in. It works once, for {minutes} minutes.\n\n{link}\n"),
    ),
    "verification": LinkKind(
        "proof of an address",
        "/auth/verify",
        Letter(
            "Verify your email",
            "Open this link to verify your email. It works for {minutes} minutes.\n\n{link}\n\n"
            "If it was not you, you can ignore this email.\n",
        ),
    ),
    "reset": LinkKind(
        "password reset",
        "/auth/reset",
        Letter(
            "Reset your password",
            "Open this link to choose a new password. It works once, for {minutes} minutes.\n\n"
            "{link}\n\nIf it was not you who asked, you can ignore this email.\n",
        ),
    ),
    "address": LinkKind(
        "change of an address",
        "/account/email/confirm",
        Letter(
            "Verify your new email",
            "Open this link to make this the email of your account. It works for {minutes} minutes.\n\n"
            "{link}\n\nIf it was not you who asked, you can ignore this email.\n",
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
            raise TokenRefused(_GONE)
        state = _state(person, self._people.field)
        tokens.read(token, max_age_seconds=self._ttl_seconds, state=state)
        number = person.link_number
        proven = person.email_verified_at or datetime.fromtimestamp(self.clock(), UTC)
        meant = Query(model.__description__).where(pk=person.pk, link_number=number, is_active=True)
        # One statement decides between clicks at the same time, whatever process they reach.
        if (yield from update_all(meant, {"link_number": number + 1, "email_verified_at": proven})) != 1:
            raise TokenRefused(_GONE)
        _log.info("%s used a %s.", self._people.user_key(person), self.kinds[name].purpose)
        return (yield from find_by_key(model.__description__, person.pk))

    def reset(self, request: Request, token: str, password: str, *, revoke_tokens: bool) -> Plan[Any]:
        """Give the person of a reset token another password; the token stays good when that is refused.

        Raises:
            TokenRefused: the token is not valid (400).
            InvalidRecord: the password may not be taken (422).
        """
        database = self._account().__description__.database
        person = yield Atomic(self._reset(token, password, revoke_tokens), database)
        others = yield from self._people.other_ways(person)
        yield from self._people.told(request, person, "password-reset", others=others)
        return person

    def _reset(self, token: str, password: str, revoke_tokens: bool) -> Plan[Any]:
        people = self._people
        person = yield from self.take("reset", token)
        if is_of_own_words(person, password):
            raise InvalidRecord(OWN_WORDS, field=people.field)
        setattr(person, people.field, password)
        if revoke_tokens:
            count = yield from people.bearers.revoke(people.bearers.of(person), people.clock())
            _log.info("%d tokens of %s were revoked.", count, people.user_key(person))
        return (yield from save(person))

    def send(
        self, name: str, email: str, *, base_url: str, path: str, letter: Letter | None, tries: Tries
    ) -> Plan[None]:
        """Send a link to whoever has this address, if anybody does; nothing tells which.

        Raises:
            TooManyRequests: this address or this client has asked too often (429).
        """
        kind = self.kinds[name]
        yield from self._count(name, email, tries)
        person = yield from find(self._account().__description__, UNSET, {"email": email})

        def write() -> tuple[str, str, str] | None:
            if person is None or not person.is_active:
                _log.info("A %s was asked for from %s, for nobody.", kind.purpose, tries.client)
                return None
            return self._written(name, person.email, self.make(name, person), base_url, path, letter)

        # Also for nobody, and after the answer: its time must not tell.
        self.post.put_later(write)

    def send_to_address(
        self,
        person: Any,
        email: str,
        *,
        base_url: str,
        path: str,
        letter: Letter | None,
        tries: Tries,
    ) -> Plan[None]:
        """Send the link that makes another address a person's; none goes to one that somebody has.

        Raises:
            TooManyRequests: this address or this client has asked too often (429).
            InvalidRecord: this is no address (422).
        """
        try:
            address = self._account().__description__.fields["email"].clean(email)
        except FieldProblem as problem:
            raise InvalidRecord(problem.message, field="email") from problem
        yield from self._count("address", address, tries)
        owner = yield from find(self._account().__description__, UNSET, {"email": address})
        state = _state(person, self._people.field)

        def write() -> tuple[str, str, str] | None:
            if owner is not None:
                _log.info("%s asked for an address that somebody has.", self._people.user_key(person))
                return None
            token = self._tokens["address"].make(f"{person.pk}_{address.encode().hex()}", state=state)
            return self._written("address", address, token, base_url, path, letter)

        self.post.put_later(write)

    def take_address(self, request: Request, token: str) -> Plan[Any]:
        """Give the person of a token, who has the address that it was sent to from now on, proven.

        Raises:
            UnauthorizedError: nobody is signed in (401).
            TokenRefused: it is no token of who is signed in, not any more, or somebody else has the
                address (400).
        """
        # Why: the link went to what somebody typed, and who reads that mail may be a stranger.
        owner = self._people.must_be_themselves(request)
        model = self._account()
        tokens = self._tokens["address"]
        key, _, written = (tokens.subject(token) or "").rpartition("_")
        person = (yield from find_by_key(model.__description__, key)) if key else None
        if person is None:
            raise TokenRefused(_GONE)
        if person.pk != owner.pk:
            raise TokenRefused("This link belongs to another account.")
        state = _state(person, self._people.field)
        tokens.read(token, max_age_seconds=self._ttl_seconds, state=state)
        number = person.link_number
        now = datetime.fromtimestamp(self.clock(), UTC)
        values = {
            "link_number": number + 1,
            "email": bytes.fromhex(written).decode(),
            "email_verified_at": now,
        }
        meant = Query(model.__description__).where(pk=person.pk, link_number=number, is_active=True)
        try:
            changed = yield from update_all(meant, values)
        except UniqueError as error:
            raise TokenRefused("This address belongs to another account.") from error
        if changed != 1:
            raise TokenRefused(_GONE)
        _log.info("%s has another address.", self._people.user_key(person))
        # As they were read before the change, so that the letter goes to the address of before.
        yield from self._people.told(request, person, "email-changed")
        return (yield from find_by_key(model.__description__, person.pk))

    def _count(self, name: str, email: str, tries: Tries) -> Plan[None]:
        address = hashlib.sha256(email.strip().lower().encode("utf-8", "surrogatepass")).hexdigest()[:32]
        yield from tries.count(
            (f"link:{_COUNTED_AS.get(name, name)}:{address}", PER_ADDRESS),
            (f"link:client:{tries.client}", PER_CLIENT),
            refusal="Too many links were asked for; try again in {minutes}.",
            logged=f"A {self.kinds[name].purpose} was refused for {tries.client}: too many were asked for.",
        )

    def _written(
        self, name: str, address: str, token: str, base_url: str, path: str, letter: Letter | None
    ) -> tuple[str, str, str]:
        kind = self.kinds[name]
        link = f"{(self._app_url or base_url).rstrip('/')}{path or kind.path}?token={quote(token)}"
        chosen = letter or kind.letter
        minutes = str(int(self._ttl_seconds // 60))
        text = chosen.text.replace("{minutes}", minutes).replace("{link}", link)
        return address, chosen.subject, text

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
        run(self._send(email, path, letter, is_async=False))

    async def send_async(self, email: str, *, path: str = "", letter: Letter | None = None) -> None:
        """Do what `send` does without blocking the event loop."""
        await run_async(self._send(email, path, letter, is_async=True))

    def _send(self, email: str, path: str, letter: Letter | None, *, is_async: bool) -> Plan[None]:
        return self._links.send(
            self._name,
            email,
            base_url=self._request.host_url,
            path=path,
            letter=letter,
            tries=self._request.app.services.people.tries(self._request, is_async=is_async),
        )


class ResetLinks(RequestLinks):
    """Links to set another password: `request.auth.reset`."""

    __slots__ = ()

    def change_password(self, token: str, password: str, *, revoke_tokens: bool = False) -> Any:
        """Give the person of a token another password, once, and end their sessions; gives the person.

        Their access tokens, passkeys and accounts at providers stay good, as `request.auth.other_ways`
        tells; `revoke_tokens` ends the tokens. Raises TokenRefused (400), and InvalidRecord (422) for a
        password that may not be taken: the token stays good then.
        """
        person = run(self._links.reset(self._request, token, password, revoke_tokens=revoke_tokens))
        self._request.app.services.people.end_sessions(person)
        return person

    async def change_password_async(self, token: str, password: str, *, revoke_tokens: bool = False) -> Any:
        """Do what `change_password` does without blocking the event loop."""
        person = await run_async(
            self._links.reset(self._request, token, password, revoke_tokens=revoke_tokens)
        )
        await self._request.app.services.people.end_sessions_async(person)
        return person


class AddressLinks:
    """A link that makes another address that of the person who is signed in: `request.auth.address`."""

    __slots__ = ("_links", "_request")

    def __init__(self, links: Links, request: Request) -> None:
        self._links = links
        self._request = request

    def send(self, email: str, *, path: str = "", letter: Letter | None = None) -> None:
        """Send the link to another address of the person who is signed in; nothing tells if somebody has it.

        Raises InvalidRecord (422) for what is no address, TooManyRequests (429) after three to one
        address in a quarter of an hour.
        """
        run(self._send(email, path, letter, is_async=False))

    async def send_async(self, email: str, *, path: str = "", letter: Letter | None = None) -> None:
        """Do what `send` does without blocking the event loop."""
        await run_async(self._send(email, path, letter, is_async=True))

    def verify_token(self, token: str) -> Any:
        """Give the person of a token, once; the address is theirs then, and the one of before gets a letter.

        Raises UnauthorizedError (401) when nobody is signed in, and TokenRefused (400) for the token of
        another person, for any other, and when somebody else has the address by now.
        """
        return run(self._links.take_address(self._request, token))

    async def verify_token_async(self, token: str) -> Any:
        """Do what `verify_token` does without blocking the event loop."""
        return await run_async(self._links.take_address(self._request, token))

    def _send(self, email: str, path: str, letter: Letter | None, *, is_async: bool) -> Plan[None]:
        person = self._request.app.services.people.of(self._request)
        if person is None:
            raise UsageError("auth.address.send was called and nobody is signed in.")
        self._request.app.services.people.must_act_for_themselves(self._request)
        return self._links.send_to_address(
            person,
            email,
            base_url=self._request.host_url,
            path=path,
            letter=letter,
            tries=self._request.app.services.people.tries(self._request, is_async=is_async),
        )


def _state(person: Any, field: str) -> str:
    """Give what must not have changed when a link is used."""
    return f"{person.email}\0{stamp_of(person, field)}\0{person.link_number}"
