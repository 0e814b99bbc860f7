"""Where somebody is signed in: their sessions, with the device and the address of each.

A session has address and user agent from the moment of the sign-in. What a user agent
says of itself is a hint for its owner and decides nothing.
Sources: ASVS 5.0 V7.5.2, RFC 9110 10.1.5.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from asok.auth.claims import CLIENT
from asok_engine.backends.cache.values import decode
from asok_engine.backends.sessions.contract import StoredSession
from asok_engine.backends.sessions.session import OWN
from asok_engine.errors import UsageError
from asok_engine.wire.request import Request

__all__ = ["RequestSessions", "SignedIn", "device_of"]

#: The first word that a user agent has decides: most of them also claim to be the ones below.
_PROGRAMS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


class SignedIn(Struct, frozen=True):
    """One session of a person, as a list of them shows it."""

    #: Names it to `end`; opens nothing.
    handle: str
    #: "Firefox on Linux"; "Unknown device" when nothing is known.
    device: str
    #: The network address from which the sign-in came, "" when it is not known.
    address: str
    since: datetime
    seen_at: datetime
    #: Whether it is the session that asks.
    is_current: bool
    is_remembered: bool


def device_of(user_agent: str) -> str:
    """Give what a user agent seems to be, in words."""
    program, system = (
        next((name for mark, name in known if mark in user_agent), "") for known in (_PROGRAMS, _SYSTEMS)
    )
    if program and system:
        return f"{program} on {system}"
    return program or system or user_agent.partition("/")[0][:40].strip() or "Unknown device"


class RequestSessions:
    """Where the person of a request is signed in: `request.auth.sessions`."""

    __slots__ = ("_request",)

    def __init__(self, request: Request) -> None:
        self._request = request

    def all(self) -> list[SignedIn]:
        """Give the sessions of the person who is signed in, the one used last first.

        Raises UsageError when nobody is signed in.
        """
        return self._shown(self._sessions.of_user(self._user_key()))

    async def all_async(self) -> list[SignedIn]:
        """Do what `all` does without blocking the event loop."""
        return self._shown(await self._sessions.of_user_async(self._user_key()))

    def end(self, handle: str) -> bool:
        """End one of these sessions; tell whether it was there and theirs."""
        return bool(self._sessions.end(self._user_key(), handle))

    async def end_async(self, handle: str) -> bool:
        """Do what `end` does without blocking the event loop."""
        return bool(await self._sessions.end_async(self._user_key(), handle))

    def end_others(self) -> int:
        """End all of these sessions but the one that asks; give how many ended."""
        return int(self._sessions.end_all(self._user_key(), but=self._here))

    async def end_others_async(self) -> int:
        """Do what `end_others` does without blocking the event loop."""
        return int(await self._sessions.end_all_async(self._user_key(), but=self._here))

    @property
    def _sessions(self) -> Any:
        return self._request.app.services.sessions

    @property
    def _here(self) -> str:
        return str(self._sessions.of(self._request).handle)

    def _user_key(self) -> str:
        people = self._request.app.services.people
        person = people.of(self._request)
        if person is None:
            raise UsageError("The sessions of a person were asked for and nobody is signed in.")
        people.must_act_for_themselves(self._request)
        return str(people.user_key(person))

    def _shown(self, stored: Iterable[StoredSession]) -> list[SignedIn]:
        here = self._here
        return [_signed_in(each, is_current=each.handle == here) for each in stored]


def _signed_in(session: StoredSession, *, is_current: bool) -> SignedIn:
    data = session.values.get(OWN + CLIENT)
    client = None if data is None else decode(data)
    address, user_agent = client if isinstance(client, list) and len(client) == 2 else ("", "")
    return SignedIn(
        session.handle,
        device_of(str(user_agent)),
        str(address),
        datetime.fromtimestamp(session.created_at, UTC),
        datetime.fromtimestamp(session.seen_at, UTC),
        is_current,
        session.is_remembered,
    )
