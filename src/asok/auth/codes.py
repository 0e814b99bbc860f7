"""The second step of a sign-in: a code of an authenticator app, or one from paper.

Somebody begins with a QR code, and the step counts from the first right code on. From
then on `request.login` leads to the page of the second step and signs nobody in. Each
code opens once: every use counts a number of the account up in one statement, so of
two uses at the same time, in whatever processes, one gets in. Only who has shown the
password can try, and tries are counted per account, and per account and address.
Sources: RFC 6238 5.2, ASVS 5.0 V6.5 and V7.2.4, OWASP Multifactor Authentication.
"""

from __future__ import annotations

import io
import logging
from types import ModuleType
from typing import Any

import msgspec
from msgspec import Struct

from asok.auth.account import Account, AccountSecret, SealedText
from asok.auth.extra import missing_packages
from asok.auth.people import People
from asok.auth.tries import Tries
from asok_engine.database.running import run, run_async
from asok_engine.errors import DatabaseError, SetupError, UnauthorizedError, UsageError
from asok_engine.records.plans.change import update_all
from asok_engine.records.plans.find import find_by_key
from asok_engine.records.query import Query
from asok_engine.records.steps import Compute, Plan
from asok_engine.security.totp import BackupCodes, Totp, make_totp_secret
from asok_engine.templates.markup import Markup
from asok_engine.wire.request import Request

__all__ = ["CodeSetup", "RequestCodes", "use_code"]

_log = logging.getLogger("asok.security")
#: Under which name the session has a secret that was not confirmed yet.
SETUP = "code setup"
SETUP_SECONDS = 900.0
#: Wrong codes in the window of the sign-in: with one account, and from one address with one account.
PER_ACCOUNT, PER_PAIR = 20, 5
#: How often a use that met another change of the same row is tried again.
MOST_MEETINGS = 8


class _Begun(Struct, frozen=True, array_like=True):
    """A setup that waits in a session for its first code."""

    key: str
    #: The secret, sealed.
    secret: str
    since: float


class CodeSetup(Struct, frozen=True):
    """What somebody needs to set up their app."""

    #: To be typed where no camera is at hand.
    secret: str
    #: The otpauth: address that the QR code holds.
    address: str

    def __repr__(self) -> str:
        return "<CodeSetup>"

    @property
    def secret_groups(self) -> str:
        """The secret in groups of four, which are easier to type."""
        return " ".join(self.secret[at : at + 4] for at in range(0, len(self.secret), 4))

    @property
    def svg(self) -> Markup:
        """The QR code as an `<svg>` element, without inline style and without script."""
        written = io.BytesIO()
        _segno().make(self.address, error="m").save(
            written,
            kind="svg",
            xmldecl=False,
            omitsize=True,
            light="#fff",
            svgclass="qr",
            lineclass=None,
            title="QR code for an authenticator app",
        )
        return Markup(written.getvalue().decode().strip().replace("<svg ", '<svg role="img" ', 1))


def use_code(people: People, person: Any, code: str, tries: Tries) -> Plan[Any]:
    """Give a person as they are stored after their code was used, None when the code is wrong.

    Raises:
        TooManyRequests: there were too many wrong ones (429).
    """
    key = people.user_key(person)
    counted = yield from tries.count(
        (f"code:pair:{key}:{tries.client}", PER_PAIR),
        (f"code:{key}", PER_ACCOUNT),
        refusal="Too many wrong codes; try again in {minutes}.",
        logged=f"Codes for {key} refused from {tries.client}: too many wrong ones.",
    )
    try:
        used = yield from _use(people, person, code, tries.now)
    except DatabaseError:
        yield from tries.forget(counted)
        raise
    if used is None:
        _log.warning("A wrong code for %s from %s.", key, tries.client)
        return None
    yield from tries.forget(counted)
    return used


def _use(people: People, person: Any, code: str, now: float) -> Plan[Any]:
    for _ in range(MOST_MEETINGS):
        if person is None or not person.has_second_factor:
            return None
        secret = _secret_field(people).opened(person.totp_secret)
        step = Totp(secret).check(code, now, last_step=person.totp_step)
        changes: dict[str, Any] = {"totp_step": step}
        if step is None:
            left = yield Compute(BackupCodes(people.passwords).use, (code, person.backup_codes or []))
            if left is None:
                return None
            changes = {"backup_codes": left}
        if (yield from _change(person, changes)):
            return (yield from find_by_key(person.__description__, person.pk))
        # Somebody else has changed the row meanwhile; whether the code is still good stands there now.
        person = yield from find_by_key(person.__description__, person.pk)
    return None


def _change(person: Any, changes: dict[str, Any]) -> Plan[bool]:
    """Change a row if nobody has changed the codes of this person since it was read; tell whether."""
    number = person.code_number
    meant = Query(person.__description__).where(pk=person.pk, code_number=number, is_active=True)
    return (yield from update_all(meant, {**changes, "code_number": number + 1})) == 1


class RequestCodes:
    """The second step of the person of a request: `request.auth.codes`."""

    __slots__ = ("_people", "_request")

    def __init__(self, request: Request) -> None:
        self._request = request
        self._people: People = request.app.services.people

    # --- what there is ------------------------------------------------------------------------

    @property
    def is_available(self) -> bool:
        """Whether the extra `auth` is installed, without which codes can be neither made nor checked."""
        return not missing_packages()

    @property
    def is_on(self) -> bool:
        """Whether the person who is signed in types a code after the password."""
        person = self._people.of(self._request)
        return person is not None and bool(getattr(person, "has_second_factor", False))

    @property
    def left(self) -> int:
        """How many codes on paper the person who is signed in has left."""
        return len(self._people.of(self._request).backup_codes or ()) if self.is_on else 0

    @property
    def is_waiting(self) -> bool:
        """Whether a sign-in of this visitor waits for its code; it does for ten minutes."""
        return self._people.waiting(self._request) is not None

    # --- the second step ----------------------------------------------------------------------

    def finish(self, code: str) -> Any:
        """Sign the person in whose sign-in waits, and give them; None when the code is wrong.

        `code` is that of the app, or one from paper. Raises UnauthorizedError (401) when no sign-in
        waits, TooManyRequests (429) after too many wrong codes.
        """
        return self._finished(run(self._finish(code, is_async=False)))

    async def finish_async(self, code: str) -> Any:
        """Do what `finish` does without blocking the event loop."""
        return self._finished(await run_async(self._finish(code, is_async=True)))

    def _finish(self, code: str, *, is_async: bool) -> Plan[Any]:
        people = self._people
        waiting = people.waiting(self._request)
        person = None if waiting is None else (yield from people.find(waiting.key, waiting.stamp))
        if person is None:
            raise UnauthorizedError("This sign-in has waited too long. Please sign in again.")
        return (yield from use_code(people, person, code, people.tries(self._request, is_async=is_async)))

    def _finished(self, person: Any) -> Any:
        waiting = self._people.waiting(self._request)
        if person is None or waiting is None:
            return None
        self._people.login(self._request, person, remember=waiting.remember)
        self._request.__dict__["next_of_sign_in"] = waiting.next_url
        return person

    # --- setting it up ------------------------------------------------------------------------

    def begin(self) -> CodeSetup:
        """Give what an app has to know; nothing changes before `confirm`.

        For a quarter of an hour it is the same each time. Whoever has the step already can set up
        another app this way. Raises ConfirmationNeeded (403) before `require_sudo`.
        """
        person = self._person()
        secret = self._begun(person)
        if secret is None:
            secret = make_totp_secret()
            sealed = _secret_field(self._people).sealed(secret)
            self._own[SETUP] = msgspec.to_builtins(_Begun(str(person.pk), sealed, self._people.clock()))
        return CodeSetup(secret, Totp(secret).address(_name_of(person), self._people.issuer))

    def confirm(self, code: str) -> list[str] | None:
        """Turn the step on with a code of the new app, and give the codes for paper; None when it is wrong.

        They are shown this once. The session gets another id, all others of this person end.
        """
        codes, person = run(self._confirm(code))
        if codes is not None:
            self._people.end_others(self._request, person)
            self._turned(person, "set up a second step", "second-factor-on")
        return codes

    async def confirm_async(self, code: str) -> list[str] | None:
        """Do what `confirm` does without blocking the event loop."""
        codes, person = await run_async(self._confirm(code))
        if codes is not None:
            await self._people.end_others_async(self._request, person)
            self._turned(person, "set up a second step", "second-factor-on")
        return codes

    def _confirm(self, code: str) -> Plan[tuple[list[str] | None, Any]]:
        people = self._people
        person = people.must_be_themselves(self._request)
        secret = self._begun(person)
        step = None if secret is None else Totp(secret).check(code, people.clock())
        if step is None:
            return None, person
        codes, hashes = yield Compute(BackupCodes(people.passwords).make)
        changes = {"totp_secret": secret, "totp_step": step, "backup_codes": hashes}
        if not (yield from _change(person, changes)):
            return None, person
        return codes, (yield from find_by_key(person.__description__, person.pk))

    def new_backup_codes(self) -> list[str]:
        """Give new codes for paper, to be shown this once; those of before are worth nothing.

        Raises ConfirmationNeeded (403) before `require_sudo`.
        """
        codes, person = run(self._new_backup_codes())
        self._turned(person, "made new codes for paper", "backup-codes-made")
        return codes

    async def new_backup_codes_async(self) -> list[str]:
        """Do what `new_backup_codes` does without blocking the event loop."""
        codes, person = await run_async(self._new_backup_codes())
        self._turned(person, "made new codes for paper", "backup-codes-made")
        return codes

    def _new_backup_codes(self) -> Plan[tuple[list[str], Any]]:
        person = self._person()
        if not person.has_second_factor:
            raise UsageError(
                "Codes for paper were asked for and this person has no second step.",
                fix="Ask request.auth.codes.is_on first.",
            )
        codes, hashes = yield Compute(BackupCodes(self._people.passwords).make)
        return codes, (yield from self._changed(person, {"backup_codes": hashes}))

    def turn_off(self) -> None:
        """Sign this person in without a code from now on; their other sessions end.

        Raises ConfirmationNeeded (403) before `require_sudo`.
        """
        person = run(self._turn_off())
        self._people.end_others(self._request, person)
        self._turned(person, "turned the second step off", "second-factor-off")

    async def turn_off_async(self) -> None:
        """Do what `turn_off` does without blocking the event loop."""
        person = await run_async(self._turn_off())
        await self._people.end_others_async(self._request, person)
        self._turned(person, "turned the second step off", "second-factor-off")

    def _turn_off(self) -> Plan[Any]:
        person = self._person()
        return (yield from self._changed(person, {"totp_secret": None, "backup_codes": []}))

    def _changed(self, person: Any, changes: dict[str, Any]) -> Plan[Any]:
        """Change the row, whoever has used a code meanwhile; give the person as they are stored."""
        while not (yield from _change(person, changes)):
            person = yield from find_by_key(person.__description__, person.pk)
            if person is None or not person.is_active:
                raise UnauthorizedError("Please sign in.")
        return (yield from find_by_key(person.__description__, person.pk))

    def _turned(self, person: Any, what: str, notice: str) -> None:
        self._own.pop(SETUP, None)
        self._people.sessions.of(self._request).rotate()
        self._request.__dict__["person"] = person
        _log.info("%s %s.", self._people.user_key(person), what)
        self._people.notices.tell(self._request, person, notice)

    # --- what it stands on ----------------------------------------------------------------------

    @property
    def _own(self) -> dict[str, Any]:
        return self._people.sessions.of(self._request).own

    def _person(self) -> Any:
        """Give the person who is signed in and has confirmed that it is them."""
        _secret_field(self._people)
        return self._people.must_be_confirmed(self._request)

    def _begun(self, person: Any) -> str | None:
        """Give the secret that waits for its first code."""
        try:
            begun = msgspec.convert(self._own.get(SETUP), _Begun)
        except msgspec.ValidationError:
            return None
        if begun.key != str(person.pk) or not 0 <= self._people.clock() - begun.since <= SETUP_SECONDS:
            return None
        return _secret_field(self._people).opened(SealedText(begun.secret))


def _secret_field(people: People) -> AccountSecret:
    model = people.model
    if not issubclass(model, Account):
        raise SetupError(
            f"A second step needs a {model.__name__} that has its secret, and it is no Account.",
            fix=f"Write: class {model.__name__}(Account), with Account from asok.auth.",
        )
    field = model.__description__.fields["totp_secret"]
    assert isinstance(field, AccountSecret)
    return field


def _name_of(person: Any) -> str:
    return str(getattr(person, "email", "") or person.pk)


def _segno() -> ModuleType:
    try:
        import segno
    except ImportError as error:
        raise SetupError(
            "QR codes need the package segno, which is not installed.", fix='Run: pip install "asok[auth]"'
        ) from error
    return segno
