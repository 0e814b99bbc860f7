"""Signing in with passkeys: `request.auth.passkeys`.

A challenge is kept in the visitor's session, for five minutes, for one purpose, and is
taken once, whatever process the answers reach. To sign in nobody says who they are: the
browser shows the keys that it has, so what is asked is the same for everybody, and so is
every refusal. Host and origin come from APP_URL, never from what a visitor sends; in
DEBUG also from a request to localhost.
Sources: Web Authentication Level 3, ASVS 5.0 V6.3.8 and V6.5.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from asok.auth.begun import Begun
from asok.auth.extra import missing_packages
from asok.auth.own_models import own_model
from asok.auth.passkey import Passkey
from asok.auth.people import People
from asok.auth.tries import Tries
from asok_engine.database.running import run, run_async
from asok_engine.dispatch.middleware.rate_limit import client_of
from asok_engine.dispatch.middleware.sessions import Sessions
from asok_engine.errors import (
    MalformedBody,
    NotFoundError,
    SetupError,
    ValidationError,
)
from asok_engine.records.errors import NotUnique
from asok_engine.records.plans.change import update_all
from asok_engine.records.plans.delete import delete
from asok_engine.records.plans.find import find_by_key, find_by_values
from asok_engine.records.plans.save import save
from asok_engine.records.query import Query
from asok_engine.records.steps import Plan
from asok_engine.security.passkeys import (
    TIMEOUT_SECONDS,
    PasskeyRefused,
    RelyingParty,
    StoredPasskey,
    challenge_of,
    make_challenge,
)
from asok_engine.wire.request import Request
from asok_engine.wire.urls import local_target

__all__ = ["Passkeys", "RequestPasskeys"]

_log = logging.getLogger("asok.security")
#: The challenges that an authenticator was asked with.
BEGUN = Begun("passkeys", TIMEOUT_SECONDS)
MOST_PASSKEYS = 30
#: Failed tries of one client in the window of the sign-in.
TRIES = 60
REGISTER, SIGN_IN = "register", "sign-in"


class Passkeys:
    """The passkeys of one application; `models` are its models, `name` is what devices call it.

    `app_url` is APP_URL. `clock` gives seconds since the epoch.
    """

    def __init__(
        self,
        people: People,
        sessions: Sessions,
        models: Mapping[str, type[Any]],
        *,
        app_url: str | None,
        name: str,
        debug: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._people = people
        self._sessions = sessions
        self._models = models
        self._app_url = app_url
        self._name = name
        self._debug = debug
        self.clock = clock

    # --- registering ----------------------------------------------------------------------------

    def registration_options(self, request: Request) -> Plan[dict[str, Any]]:
        """Give what a browser needs to make a passkey for the person of a request.

        Raises:
            UnauthorizedError: nobody is signed in (401).
            ConfirmationNeeded: they have not shown of late that it is them (403).
            ValidationError: they have as many as anybody may (422).
        """
        person = self._people.must_be_confirmed(request)
        known = yield from self.of_person(person)
        if len(known) >= MOST_PASSKEYS:
            raise ValidationError(f"You have {MOST_PASSKEYS} passkeys. Remove one that you do not use.")
        handle = known[0].user_handle if known else make_challenge()
        label = str(getattr(person, "email", "") or person.pk)
        return self.party(request).registration_options(
            challenge=self._ask(request, REGISTER, handle),
            user_handle=handle,
            user_name=label,
            display_name=str(getattr(person, "name", "") or label),
            known=[(each.credential_id, each.transports) for each in known],
        )

    def register(self, request: Request, answer: Any, name: str, tries: Tries) -> Plan[Passkey]:
        """Keep the passkey that a browser has made for the person of a request.

        Raises:
            UnauthorizedError: nobody is signed in (401).
            ConfirmationNeeded: they have not shown of late that it is them (403).
            PasskeyRefused: it was not made for this, or is known already (400).
        """
        person = self._people.must_be_confirmed(request)
        counted = yield from self._count(tries)
        challenge, handle = yield from self._take(request, REGISTER, answer, tries)
        made = self.party(request).check_registration(answer, challenge=challenge)
        passkey = self.model(
            user_id=person.pk,
            name=name.strip()[:100] or "Passkey",
            credential_id=made.credential_id,
            credential_hash=_hash(made.credential_id),
            public_key=made.public_key,
            sign_count=made.sign_count,
            user_handle=handle,
            transports=made.transports,
            aaguid=made.aaguid,
            is_backed_up=made.is_backed_up,
        )
        try:
            yield from save(passkey)
        except NotUnique as error:
            raise PasskeyRefused("This passkey is registered already.") from error
        yield from tries.forget(counted)
        _log.info("%s added passkey %s.", self._people.user_key(person), passkey.pk)
        yield from self._people.told(request, person, "passkey-added")
        return passkey

    # --- signing in -----------------------------------------------------------------------------

    def sign_in_options(self, request: Request) -> dict[str, Any]:
        """Give what a browser needs to sign somebody in, whoever it is."""
        return self.party(request).sign_in_options(challenge=self._ask(request, SIGN_IN, ""))

    def verify(self, request: Request, answer: Any, tries: Tries) -> Plan[Any]:
        """Give the person who has signed with a passkey; nobody is signed in by it.

        Raises:
            PasskeyRefused: the passkey is not known, or what it signed is not right (400).
            TooManyRequests: this client has failed too often (429).
        """
        counted = yield from self._count(tries)
        challenge, _ = yield from self._take(request, SIGN_IN, answer, tries)
        passkey = yield from find_by_values(
            self.model.__description__, {"credential_hash": _hash(answer["id"])}
        )
        person = None
        if passkey is not None:
            person = yield from find_by_key(self._people.model.__description__, passkey.user_id)
        if passkey is None or person is None or not getattr(person, "is_active", True):
            raise PasskeyRefused()
        try:
            used = self.party(request).check_sign_in(
                answer,
                StoredPasskey(
                    passkey.credential_id, passkey.public_key, passkey.sign_count, passkey.user_handle
                ),
                challenge=challenge,
            )
        except PasskeyRefused as refused:
            if refused.is_copy:
                _log.error(
                    "The counter of passkey %s of %s went back: there may be a copy of it. Refused for %s.",
                    *(passkey.pk, self._people.user_key(person), client_of(request)),
                )
            raise
        found = Query(self.model.__description__).where(pk=passkey.pk, sign_count=passkey.sign_count)
        changes = {
            "sign_count": used.sign_count,
            "is_backed_up": used.is_backed_up,
            "last_used_at": datetime.fromtimestamp(self.clock(), UTC),
        }
        # One statement decides between two copies at the same time.
        if (yield from update_all(found, changes)) != 1:
            raise PasskeyRefused()
        yield from tries.forget(counted)
        return person

    # --- what somebody has ----------------------------------------------------------------------

    def of_person(self, person: Any) -> Plan[list[Passkey]]:
        """Give the passkeys of a person, the oldest first."""
        description = self.model.__description__
        query = Query(description).where(user_id=person.pk).order_by(description.key_name)
        return list((yield from query.fetch()))

    def one(self, request: Request, key: Any) -> Plan[Passkey]:
        """Give a passkey of the person of a request.

        Raises:
            NotFoundError: they have none with this key (404).
        """
        person = self.owner(request)
        found: Passkey | None = yield from find_by_key(self.model.__description__, key)
        if found is None or found.user_id != person.pk:
            raise NotFoundError("You have no such passkey.")
        return found

    def rename(self, request: Request, key: Any, name: str) -> Plan[Passkey]:
        """Give a passkey of the person of a request another name.

        Raises:
            NotFoundError: they have none with this key (404).
            ValidationError: the name is empty or longer than a hundred characters (422).
        """
        passkey = yield from self.one(request, key)
        if not isinstance(name, str) or not 0 < len(name.strip()) <= 100:
            message = "needs 1 to 100 characters"
            raise ValidationError(f"The name of a passkey {message}.", errors={"name": [message]})
        passkey.name = name.strip()
        yield from save(passkey)
        return passkey

    def delete(self, request: Request, key: Any) -> Plan[None]:
        """Forget a passkey of the person of a request; it signs nobody in any more.

        Raises:
            ConfirmationNeeded: they have not shown of late that it is them (403).
            NotFoundError: they have none with this key (404).
        """
        person = self._people.must_be_confirmed(request)
        passkey = yield from self.one(request, key)
        yield from delete(passkey)
        _log.info("%s removed passkey %s.", self._people.user_key(person), key)
        yield from self._people.told(request, person, "passkey-removed")

    # --- who asks, and who is asked --------------------------------------------------------------

    @property
    def people(self) -> People:
        """The people whose passkeys these are."""
        return self._people

    @property
    def model(self) -> type[Passkey]:
        """The project's own model; raises SetupError when it has none."""
        return own_model(self._models, Passkey, self._people.model)

    def owner(self, request: Request) -> Any:
        """Give the person of a request, in their own session; raises UnauthorizedError (401)."""
        return self._people.must_be_themselves(request)

    def party(self, request: Request) -> RelyingParty:
        """Give for which host passkeys are, and from which origin they may come.

        Raises:
            SetupError: APP_URL is missing.
        """
        if self._debug and request.hostname == "localhost":
            return RelyingParty("localhost", (f"{request.scheme}://{request.host}",), self._name)
        address = urlsplit(self._app_url or "")
        if not address.hostname:
            raise SetupError(
                "Passkeys belong to a host, and APP_URL does not say which.",
                fix="Set it in .env, for example: APP_URL=https://example.com; in DEBUG open http://localhost.",
            )
        return RelyingParty(address.hostname, (_origin(address.scheme, address.netloc),), self._name)

    # --- challenges -----------------------------------------------------------------------------

    def _ask(self, request: Request, purpose: str, handle: str) -> str:
        """Keep a challenge in the session of a request; give it."""
        challenge = make_challenge()
        BEGUN.keep(self._sessions.of(request), purpose, challenge, [handle], self.clock())
        return challenge

    def _take(self, request: Request, purpose: str, answer: Any, tries: Tries) -> Plan[tuple[str, str]]:
        """Give the challenge that an answer is for, with the handle that was asked with; once."""
        said = challenge_of(answer)
        found = BEGUN.take(self._sessions.of(request), purpose, said, self.clock())
        if found is None:
            raise PasskeyRefused("This took too long, or was sent twice. Try again.")
        # Why counted too: requests at the same time have read the session before either has written it.
        once = yield from tries.hit(f"passkey:once:{_hash(said)}", 1, float(TIMEOUT_SECONDS))
        if not once.allowed:
            raise PasskeyRefused("This took too long, or was sent twice. Try again.")
        return said, found[0]

    def _count(self, tries: Tries) -> Plan[list[str]]:
        """Count a try of a client; give what was counted, to be taken back when it was right."""
        return (
            yield from tries.count(
                (f"passkey:client:{tries.client}", TRIES),
                refusal="Too many tries with a passkey; try again in {minutes}.",
                logged=f"Passkeys refused for {tries.client}: too many failed tries.",
            )
        )


class RequestPasskeys:
    """Passkeys for a request: `request.auth.passkeys`."""

    __slots__ = ("_passkeys", "_request")

    def __init__(self, passkeys: Passkeys, request: Request) -> None:
        self._passkeys = passkeys
        self._request = request

    @property
    def is_available(self) -> bool:
        """Whether the extra `auth` is installed, without which passkeys can be neither made nor checked."""
        return not missing_packages()

    def registration_options(self) -> dict[str, Any]:
        """Give what `navigator.credentials.create` takes, for the person who is signed in."""
        return run(self._passkeys.registration_options(self._request))

    async def registration_options_async(self) -> dict[str, Any]:
        """Do what `registration_options` does without blocking the event loop."""
        return await run_async(self._passkeys.registration_options(self._request))

    def register(self, answer: Any, name: str = "") -> Passkey:
        """Keep the passkey that the browser has made; raises PasskeyRefused (400) for any other."""
        return run(self._passkeys.register(self._request, answer, name, self._plain))

    async def register_async(self, answer: Any, name: str = "") -> Passkey:
        """Do what `register` does without blocking the event loop."""
        return await run_async(self._passkeys.register(self._request, answer, name, self._async))

    def sign_in_options(self) -> dict[str, Any]:
        """Give what `navigator.credentials.get` takes; the same for every visitor."""
        return self._passkeys.sign_in_options(self._request)

    def verify(self, answer: Any) -> Any:
        """Give the person of a passkey, and sign nobody in; raises PasskeyRefused (400)."""
        return run(self._passkeys.verify(self._request, answer, self._plain))

    async def verify_async(self, answer: Any) -> Any:
        """Do what `verify` does without blocking the event loop."""
        return await run_async(self._passkeys.verify(self._request, answer, self._async))

    def sign_in(self, answer: Any, remember: bool = False) -> Any:
        """Sign the person of a passkey in, and give them; no second step follows.

        Whoever has the key has unlocked the device too, so both factors are there.
        Raises PasskeyRefused (400).
        """
        return self._signed_in(self.verify(answer), remember)

    async def sign_in_async(self, answer: Any, remember: bool = False) -> Any:
        """Do what `sign_in` does without blocking the event loop."""
        return self._signed_in(await self.verify_async(answer), remember)

    def _signed_in(self, person: Any, remember: bool) -> Any:
        self._passkeys.people.login(self._request, person, remember=remember)
        return person

    def list(self) -> Sequence[Passkey]:
        """Give the passkeys of the person who is signed in, the oldest first."""
        return run(self._passkeys.of_person(self._passkeys.owner(self._request)))

    async def list_async(self) -> Sequence[Passkey]:
        """Do what `list` does without blocking the event loop."""
        return await run_async(self._passkeys.of_person(self._passkeys.owner(self._request)))

    def rename(self, key: Any, name: str) -> Passkey:
        """Give one of their passkeys another name; raises NotFoundError (404) for anybody else's."""
        return run(self._passkeys.rename(self._request, key, name))

    async def rename_async(self, key: Any, name: str) -> Passkey:
        """Do what `rename` does without blocking the event loop."""
        return await run_async(self._passkeys.rename(self._request, key, name))

    def delete(self, key: Any) -> None:
        """Forget one of their passkeys; raises NotFoundError (404) for anybody else's."""
        run(self._passkeys.delete(self._request, key))

    async def delete_async(self, key: Any) -> None:
        """Do what `delete` does without blocking the event loop."""
        await run_async(self._passkeys.delete(self._request, key))

    # --- for the script of pages -----------------------------------------------------------------

    def handle(self) -> dict[str, Any]:
        """Answer what the script of a page with `data-passkey` sends; the page gives it back as it is.

        Raises PasskeyRefused (400), and MalformedBody (400) for what the script does not send.
        """
        step, body = self._step()
        if step == "sign-in-options":
            return self.sign_in_options()
        if step == "registration-options":
            return self.registration_options()
        if step == "sign-in":
            self.sign_in(body.get("answer"), remember=body.get("remember") is True)
        else:
            self.register(body.get("answer"), _name(body))
        return _next(body)

    async def handle_async(self) -> dict[str, Any]:
        """Do what `handle` does without blocking the event loop."""
        step, body = self._step()
        if step == "sign-in-options":
            return self.sign_in_options()
        if step == "registration-options":
            return await self.registration_options_async()
        if step == "sign-in":
            await self.sign_in_async(body.get("answer"), remember=body.get("remember") is True)
        else:
            await self.register_async(body.get("answer"), _name(body))
        return _next(body)

    def _step(self) -> tuple[str, dict[str, Any]]:
        body = self._request.json_body
        step = body.get("step") if isinstance(body, dict) else None
        if step not in ("sign-in-options", "registration-options", "sign-in", "register"):
            raise MalformedBody("This address answers the script of pages with data-passkey.")
        return step, body

    @property
    def _plain(self) -> Tries:
        return self._passkeys.people.tries(self._request, is_async=False)

    @property
    def _async(self) -> Tries:
        return self._passkeys.people.tries(self._request, is_async=True)


def _name(body: Mapping[str, Any]) -> str:
    name = body.get("name")
    return name if isinstance(name, str) else ""


def _next(body: Mapping[str, Any]) -> dict[str, Any]:
    wanted = body.get("next")
    return {"next": local_target(wanted if isinstance(wanted, str) else None, "")}


def _origin(scheme: str, netloc: str) -> str:
    """Give an origin as browsers write it: without the port that the scheme has anyway."""
    host = netloc.rpartition("@")[2].lower()
    return f"{scheme}://{host.removesuffix(':443' if scheme == 'https' else ':80')}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
