"""Another password for somebody: what it must not be made of, and how the person of a request gets it.

Their other sessions end, this one goes on under another id, and they are told. Programs
with a token and people who act for somebody else change no password.
Sources: ASVS 5.0 V6.2.2, V6.2.3, V6.2.11 and V7.4.3.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from asok_engine.database.running import run, run_async
from asok_engine.errors import UsageError, ValidationError
from asok_engine.records.plans.save import save
from asok_engine.records.steps import Plan
from asok_engine.security.password_rules import password_problems

if TYPE_CHECKING:
    from asok.auth.people import People

__all__ = ["OWN_WORDS", "NewPassword", "is_of_own_words"]

_log = logging.getLogger("asok.security")
#: What is said of a password of own words.
OWN_WORDS = "is made of your name or address"


def is_of_own_words(person: Any, password: str) -> bool:
    """Tell whether a password is made of what everybody knows of a person: their name and address."""
    words = [str(getattr(person, name, "") or "") for name in ("email", "name", "username")]
    return "own" in password_problems(password, own_words=[word for word in words if word])


class NewPassword:
    """Another password for the person of a request: `request.change_password`."""

    __slots__ = ("_people", "_request")

    def __init__(self, request: Any) -> None:
        self._request = request
        self._people: People = request.app.services.people

    def take(self, password: str) -> None:
        """Give the person of the request this password, and end their other sessions.

        Raises:
            UsageError: nobody is signed in.
            ValidationError: the password may not be taken (422).
        """
        person = self._changed(password)
        run(self._save(person))
        self._people.end_others(self._request, person)
        self._sign_in_again(person)

    async def take_async(self, password: str) -> None:
        """Do what `take` does without blocking the event loop."""
        person = self._changed(password)
        await run_async(self._save(person))
        await self._people.end_others_async(self._request, person)
        self._sign_in_again(person)

    def _changed(self, password: str) -> Any:
        people = self._people
        person = people.of(self._request)
        if person is None:
            raise UsageError("change_password was called and nobody is signed in.")
        people.must_act_for_themselves(self._request)
        if is_of_own_words(person, password):
            raise ValidationError(OWN_WORDS, errors={people.field: [OWN_WORDS]})
        setattr(person, people.field, password)
        return person

    def _save(self, person: Any) -> Plan[None]:
        yield from save(person)
        others = yield from self._people.other_ways(person)
        yield from self._people.told(self._request, person, "password-changed", others=others)

    def _sign_in_again(self, person: Any) -> None:
        people, request = self._people, self._request
        _log.info("%s changed their password.", people.user_key(person))
        people.login(request, person, remember=people.sessions.of(request).is_remembered)
