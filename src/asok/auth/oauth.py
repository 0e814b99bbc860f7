"""Signing in with providers: `request.auth.oauth`.

`start` sends the browser to a provider, `finish` says who came back, `link` keeps that they
are somebody here. What a sign-in needs to know is kept in the visitor's session for ten
minutes and taken once. The address to come back to is of APP_URL. Somebody is found by
issuer and subject alone; that an address is the same is no reason to let anybody in.
Sources: RFC 9700 2.1 and 4.4, OpenID Connect Core 1.0, ASVS 5.0 V10.5.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NoReturn

from msgspec import Struct
from msgspec.structs import astuple, replace

from asok.auth.begun import Begun
from asok.auth.identity import Identity
from asok.auth.own_models import own_model
from asok.auth.people import People
from asok_engine.backends.providers import ProviderClient
from asok_engine.backends.sessions.session import Session
from asok_engine.backends.web_link import WebLink
from asok_engine.database.running import run, run_async
from asok_engine.dispatch.middleware.sessions import Sessions
from asok_engine.errors import InputError, NotFoundError, Redirect, SetupError, UsageError
from asok_engine.records.errors import NotUnique
from asok_engine.records.plans.change import update_all
from asok_engine.records.plans.delete import delete
from asok_engine.records.plans.find import find_by_key, find_by_values
from asok_engine.records.plans.save import save
from asok_engine.records.query import Query
from asok_engine.records.steps import Plan
from asok_engine.security.keys import equal
from asok_engine.security.oauth import Person, Provider, ProviderRefused, SignIn, github, google
from asok_engine.wire.request import Request
from asok_engine.wire.urls import local_target, redirect_target

__all__ = ["Answer", "IdentityTaken", "OAuth", "RequestOAuth"]

_log = logging.getLogger("asok.security")
#: The sign-ins that a browser was sent away for.
BEGUN = Begun("oauth", 600)
KNOWN = {"google": google, "github": github}
OVER = "This sign-in was not begun here, or is over. Begin it again."


class IdentityTaken(InputError):
    """Somebody else here is already who came back from the provider."""

    code = "identity-taken"
    status = 409


class Answer(Struct, frozen=True):
    """Who came back from a provider, and who they are here."""

    #: Who the provider says that it is.
    profile: Person
    #: Who they are here, None when nobody is.
    person: Any
    #: Where they wanted to go, an address of this site.
    next: str

    @property
    def email(self) -> str | None:
        """An address that the provider has proven; None for one that anybody may have typed."""
        return self.profile.email

    @property
    def name(self) -> str:
        """What the provider calls them."""
        return self.profile.name


class Callback(Struct, frozen=True):
    """What `callback` is given besides the name of the provider."""

    client_id: str
    client_secret: str
    code: str
    redirect_uri: str
    state: str
    expected_state: str

    def __repr__(self) -> str:
        return f"<Callback to {self.redirect_uri}>"


class OAuth:
    """The providers of one application. `clock` gives seconds since the epoch.

    Raises:
        SetupError: a provider is not whole, or two have one name.
    """

    def __init__(
        self,
        people: People,
        sessions: Sessions,
        models: Mapping[str, type[Any]],
        providers: Sequence[Provider],
        *,
        app_url: str | None,
        debug: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._people = people
        self._sessions = sessions
        self._models = models
        self._app_url = app_url
        self._debug = debug
        self.clock = clock
        self._clients: dict[str, ProviderClient] = {}
        for provider in providers:
            if provider.name in self._clients:
                raise SetupError(f"Two providers have the name {provider.name!r}.", fix="Rename one.")
            provider.check()
            self._clients[provider.name] = self._client(provider)

    def _client(self, provider: Provider) -> ProviderClient:
        link = WebLink(allows_loopback=self._debug, allows_private=provider.allows_private)
        return ProviderClient(provider, link, clock=lambda: self.clock())

    @property
    def names(self) -> list[str]:
        """The names of the providers, in the order in which they were added."""
        return list(self._clients)

    def client(self, name: str) -> ProviderClient:
        """Give what speaks with a provider; raises NotFoundError (404) for a name that none has."""
        if name not in self._clients:
            raise NotFoundError("There is no such provider here.")
        return self._clients[name]

    # --- away and back ----------------------------------------------------------------------------

    def start(self, request: Request, name: str, path: str, next: str, *, is_async: bool) -> Plan[str]:
        """Give where a browser is sent to sign in, and keep what its way back needs."""
        client = self.client(name)
        redirect_uri = self._base(request) + (path or f"/auth/{name}/callback")
        session = self._sessions.of(request)
        sign_in = SignIn.begin(name, redirect_uri, local_target(next), session.user_key, self.clock())
        address = yield from client.address(sign_in, is_async=is_async)
        self.keep(session, sign_in)
        return address

    def finish(self, request: Request, name: str, *, is_async: bool) -> Plan[Answer]:
        """Give who came back with a request.

        Raises:
            ProviderRefused: the answer belongs to no sign-in of this browser, or says no (400).
            ProviderFailed: the provider did not do what it has to (502).
        """
        client = self.client(name)
        query = {key: request.query.getlist(key) for key in ("state", "code", "iss", "error")}
        sign_in = self.take(request, name, query["state"][0] if query["state"] else "")
        profile = yield from client.finish(sign_in, query, is_async=is_async)
        return (yield from self._answer(request, profile, sign_in.next))

    def _answer(self, request: Request, profile: Person, next: str) -> Plan[Answer]:
        found = yield from find_by_values(
            self.model.__description__, {"identity_hash": _hash(profile.issuer, profile.subject)}
        )
        if found is None:
            return Answer(profile, None, next)
        person = yield from find_by_key(self._people.model.__description__, found.user_id)
        if person is None or not getattr(person, "is_active", True):
            raise ProviderRefused("This account is not active.")
        used = datetime.fromtimestamp(self.clock(), UTC)
        changes = {"last_used_at": used, "label": _label(profile)}
        yield from update_all(Query(self.model.__description__).where(pk=found.pk), changes)
        return Answer(profile, person, next)

    def address(
        self, request: Request, name: str, client_id: str, redirect_uri: str, state: str, *, is_async: bool
    ) -> Plan[str]:
        """Do what `start` does with an id, an address and a state of one's own."""
        client = self._own_client(name, client_id, "")
        session = self._sessions.of(request)
        sign_in = SignIn.begin(name, redirect_uri, "/", session.user_key, self.clock(), state)
        address = yield from client.address(sign_in, is_async=is_async)
        self.keep(session, sign_in)
        return address

    def callback(self, request: Request, name: str, given: Callback, *, is_async: bool) -> Plan[Person]:
        """Give who came back to an address of `address`.

        Raises:
            ProviderRefused: the state is another, or the answer is no (400).
            ProviderFailed: the provider did not do what it has to (502).
        """
        if not given.expected_state or not equal(given.state, given.expected_state):
            raise ProviderRefused(OVER)
        sign_in = self.take(request, name, given.state)
        if sign_in.redirect_uri != given.redirect_uri:
            raise UsageError(
                f"callback was given redirect_uri={given.redirect_uri!r}; get_auth_url had another.",
                fix="Give both the same.",
            )
        client = self._own_client(name, given.client_id, given.client_secret)
        query = {"state": [given.state], "code": [given.code], "iss": request.query.getlist("iss")}
        return (yield from client.finish(sign_in, query, is_async=is_async))

    def _own_client(self, name: str, client_id: str, client_secret: str) -> ProviderClient:
        """Give what speaks with a known provider in somebody's own name."""
        known = self._clients.get(name)
        made = KNOWN[name]() if known is None and name in KNOWN else self.client(name).provider
        return self._client(replace(made, client_id=client_id, client_secret=client_secret))

    # --- who is who -------------------------------------------------------------------------------

    def link(self, request: Request, answer: Answer, person: Any) -> Plan[Identity]:
        """Keep that who came back is a person here.

        Raises:
            ConfirmationNeeded: somebody is signed in who has not shown of late that it is them (403).
            IdentityTaken: they are somebody else here already (409).
            UsageError: this is nobody who was saved.
        """
        if not isinstance(person, self._people.model) or person.pk is None:
            raise UsageError(
                f"link was given {type(person).__name__}; expected a saved {self._people.model.__name__}."
            )
        if self._people.of(request) is not None:
            self._people.must_be_confirmed(request)
        profile = answer.profile
        hashed = _hash(profile.issuer, profile.subject)
        identity = self.model(
            user_id=person.pk,
            provider=profile.provider,
            issuer=profile.issuer,
            subject=profile.subject,
            identity_hash=hashed,
            label=_label(profile),
            last_used_at=datetime.fromtimestamp(self.clock(), UTC),
        )
        try:
            yield from save(identity)
        except NotUnique as error:
            found: Identity | None = yield from find_by_values(
                self.model.__description__, {"identity_hash": hashed}
            )
            if found is not None and found.user_id == person.pk:
                return found
            raise IdentityTaken("Somebody else here signs in with this account already.") from error
        _log.info("%s can sign in with %s.", self._people.user_key(person), profile.provider)
        yield from self._people.told(request, person, "provider-added", provider=profile.provider)
        return identity

    def of_person(self, person: Any) -> Plan[list[Identity]]:
        """Give where a person can sign in, the oldest first."""
        description = self.model.__description__
        query = Query(description).where(user_id=person.pk).order_by(description.key_name)
        return list((yield from query.fetch()))

    def unlink(self, request: Request, key: Any) -> Plan[None]:
        """Forget one of those of the person of a request.

        Raises:
            ConfirmationNeeded: they have not shown of late that it is them (403).
            NotFoundError: they have none with this key (404).
        """
        person = self._people.must_be_confirmed(request)
        found = yield from find_by_key(self.model.__description__, key)
        if found is None or found.user_id != person.pk:
            raise NotFoundError("You have no such way to sign in.")
        yield from delete(found)
        _log.info("%s cannot sign in with %s any more.", self._people.user_key(person), found.provider)
        yield from self._people.told(request, person, "provider-removed", provider=found.provider)

    def owner(self, request: Request) -> Any:
        """Give the person of a request, in their own session; raises UnauthorizedError (401)."""
        return self._people.must_be_themselves(request)

    @property
    def model(self) -> type[Identity]:
        """The project's own model; raises SetupError when it has none."""
        return own_model(self._models, Identity, self._people.model)

    # --- what waits -------------------------------------------------------------------------------

    def keep(self, session: Session, sign_in: SignIn) -> None:
        """Keep a sign-in in a session, beside those of other tabs."""
        provider, state, *rest = astuple(sign_in)
        BEGUN.keep(session, provider, state, rest, self.clock())

    def take(self, request: Request, name: str, state: str) -> SignIn:
        """Give the sign-in that an answer is for, once.

        Raises:
            ProviderRefused: there is none in this session, or somebody else has signed in meanwhile.
        """
        session = self._sessions.of(request)
        found = BEGUN.take(session, name, state, self.clock())
        if found is None:
            raise ProviderRefused(OVER)
        sign_in = SignIn(name, state, *found)
        if sign_in.user_key != session.user_key:
            # Why: what one person has begun must not become another's way in.
            raise ProviderRefused(OVER)
        return sign_in

    def _base(self, request: Request) -> str:
        """Give what the address to come back to begins with; never what a visitor says."""
        if self._app_url:
            return self._app_url.rstrip("/")
        if self._debug and request.hostname in ("localhost", "127.0.0.1"):
            return f"{request.scheme}://{request.host}"
        raise SetupError(
            "A provider sends people back to APP_URL, and it is missing.",
            fix="Set it in .env, for example: APP_URL=https://example.com",
        )


class RequestOAuth:
    """Providers for a request: `request.auth.oauth`."""

    __slots__ = ("_oauth", "_request")

    def __init__(self, oauth: OAuth, request: Request) -> None:
        self._oauth = oauth
        self._request = request

    @property
    def providers(self) -> list[str]:
        """The names of the providers, for the buttons of a page."""
        return self._oauth.names

    def start(self, provider: str, *, path: str = "", next: str = "/") -> NoReturn:
        """Send the visitor to a provider; they come back to `path`, `/auth/<provider>/callback` by itself.

        From a form they go by way of a page, because a strict policy keeps forms on this site.
        `next` is where they go in the end, an address of this site. Raises Redirect, and
        ProviderFailed (502) when the provider does not say where it is.
        """
        self._away(run(self._oauth.start(self._request, provider, path, next, is_async=False)))

    async def start_async(self, provider: str, *, path: str = "", next: str = "/") -> NoReturn:
        """Do what `start` does without blocking the event loop."""
        self._away(await run_async(self._oauth.start(self._request, provider, path, next, is_async=True)))

    def finish(self, provider: str) -> Answer:
        """Give who came back: `person` is who they are here, None when nobody is yet.

        Nobody is signed in by it. Raises ProviderRefused (400) and ProviderFailed (502).
        """
        return run(self._oauth.finish(self._request, provider, is_async=False))

    async def finish_async(self, provider: str) -> Answer:
        """Do what `finish` does without blocking the event loop."""
        return await run_async(self._oauth.finish(self._request, provider, is_async=True))

    # --- with an id, an address and a state of one's own -------------------------------------------

    def get_auth_url(self, provider: str, client_id: str, redirect_uri: str, state: str) -> str:
        """Give where to send the visitor; `start` needs less and does the same.

        PKCE and nonce are kept in the session for `callback`. `state` has to be random, for each
        visitor and each time.
        """
        return run(
            self._oauth.address(self._request, provider, client_id, redirect_uri, state, is_async=False)
        )

    async def get_auth_url_async(self, provider: str, client_id: str, redirect_uri: str, state: str) -> str:
        """Do what `get_auth_url` does without blocking the event loop."""
        return await run_async(
            self._oauth.address(self._request, provider, client_id, redirect_uri, state, is_async=True)
        )

    def callback(self, provider: str, **given: str) -> Person:
        """Give who came back from an address of `get_auth_url`.

        Takes `client_id`, `client_secret`, `code`, `redirect_uri`, `state`, `expected_state` by
        name. Raises ProviderRefused (400) and ProviderFailed (502).
        """
        return run(self._oauth.callback(self._request, provider, Callback(**given), is_async=False))

    async def callback_async(self, provider: str, **given: str) -> Person:
        """Do what `callback` does without blocking the event loop."""
        return await run_async(
            self._oauth.callback(self._request, provider, Callback(**given), is_async=True)
        )

    # --- who is who -----------------------------------------------------------------------------

    def link(self, answer: Answer, user: Any) -> Identity:
        """Let somebody sign in with what they came back as; raises IdentityTaken (409)."""
        return run(self._oauth.link(self._request, answer, user))

    async def link_async(self, answer: Answer, user: Any) -> Identity:
        """Do what `link` does without blocking the event loop."""
        return await run_async(self._oauth.link(self._request, answer, user))

    def list(self) -> Sequence[Identity]:
        """Give where the person who is signed in can sign in too."""
        return run(self._oauth.of_person(self._oauth.owner(self._request)))

    async def list_async(self) -> Sequence[Identity]:
        """Do what `list` does without blocking the event loop."""
        return await run_async(self._oauth.of_person(self._oauth.owner(self._request)))

    def unlink(self, key: Any) -> None:
        """Forget one of theirs; raises NotFoundError (404) for anybody else's."""
        run(self._oauth.unlink(self._request, key))

    async def unlink_async(self, key: Any) -> None:
        """Do what `unlink` does without blocking the event loop."""
        await run_async(self._oauth.unlink(self._request, key))

    def _away(self, address: str) -> NoReturn:
        request = self._request
        target = redirect_target(address, host=request.host, safe=False)
        # Why not for all: a link may be redirected, and that is one step less.
        raise Redirect(target, 302, by_page=request.method not in ("GET", "HEAD"))


def _label(profile: Person) -> str:
    return (profile.email or profile.unproven_email or profile.name)[:254]


def _hash(issuer: str, subject: str) -> str:
    return hashlib.sha256(f"{len(issuer)}:{issuer}{subject}".encode("utf-8", "surrogatepass")).hexdigest()
