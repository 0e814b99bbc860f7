"""Asking somebody who is signed in to show again that it is them, before a deed that matters.

A session may have been open for days on a desk that others sit at. What shows it is the
password, or a code of the second step; tries are counted like those of a sign-in. It
holds for a quarter of an hour, and a complete sign-in is the same.
Sources: ASVS 5.0 V7.5.1 and V7.5.3, OWASP Session Management (reauthentication).
"""

from __future__ import annotations

import logging
from typing import Any

from asok.auth.codes import use_code
from asok.auth.people import CONFIRMED_SECONDS, People
from asok.auth.signin import count_sign_in
from asok_engine.database.running import run, run_async
from asok_engine.errors import UsageError
from asok_engine.records.fields.secret import PasswordHash
from asok_engine.records.steps import Compute, Plan

__all__ = ["RequestSudo"]

_log = logging.getLogger("asok.security")


class RequestSudo:
    """Confirming, for the person of a request; `request.auth` has these by name."""

    __slots__ = ("_people", "_request")

    def __init__(self, request: Any) -> None:
        self._request = request
        self._people: People = request.app.services.people

    def is_confirmed(self, seconds: float = CONFIRMED_SECONDS) -> bool:
        """Tell whether the person who is signed in has shown within these seconds that it is them."""
        return self._people.is_confirmed(self._request, seconds)

    def require(self, path: str, seconds: float, login_url: str) -> None:
        """Go on only for a person who has; send others to `path`, visitors to `login_url`."""
        request, people = self._request, self._people
        request.require_auth(login_url)
        people.must_be_themselves(request)
        if not people.is_confirmed(request, seconds):
            request.redirect(request.leading_back(path))

    def confirm(self, password: str, code: str) -> bool:
        """Take a password, or a code, and tell whether it is right."""
        return self._confirmed(run(self._confirm(password, code, is_async=False)))

    async def confirm_async(self, password: str, code: str) -> bool:
        """Do what `confirm` does without blocking the event loop."""
        return self._confirmed(await run_async(self._confirm(password, code, is_async=True)))

    def _confirm(self, password: str, code: str, *, is_async: bool) -> Plan[Any]:
        people, request = self._people, self._request
        person = people.must_be_themselves(request)
        if password and code:
            raise UsageError("confirm was given a password and a code.", fix="Give one of them.")
        tries = people.tries(request, is_async=is_async)
        if code:
            return (yield from use_code(people, person, code, tries))
        counted = yield from count_sign_in(tries, people.user_key(person))
        stored = getattr(person, people.field) if people.field else None
        known = stored.stored if isinstance(stored, PasswordHash) else None
        result = yield Compute(people.passwords.check, (known, password))
        if not result.is_right:
            _log.warning(
                "%s could not confirm that it is them, from %s.", people.user_key(person), tries.client
            )
            return None
        yield from tries.forget(counted)
        return person

    def _confirmed(self, person: Any) -> bool:
        if person is None:
            return False
        self._request.__dict__["person"] = person
        self._people.confirmed(self._request)
        return True
