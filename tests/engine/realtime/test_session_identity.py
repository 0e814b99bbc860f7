"""The session and the person of a handshake."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from asok_engine.backends.sessions.contract import NewSession, StoredSession
from asok_engine.backends.sessions.memory import MemorySessions
from asok_engine.dispatch.middleware.sessions import SessionCookie, Sessions, handle_of
from asok_engine.errors import BackendUnavailable
from asok_engine.realtime.session_identity import SessionIdentities
from asok_engine.security.signing import Signer
from asok_engine.wire.request import Request
from tests.engine.realtime.served import made_request

SIGNER = Signer("k" * 40, "session")


def sessions(store: Any = None) -> Sessions:
    cookie = SessionCookie(SIGNER, secure=False, same_site="Lax", max_age_seconds=1000)
    return Sessions(MemorySessions() if store is None else store, cookie)


def handshake(sid: str) -> Request:
    return made_request("/", cookie=f"asok_session={SIGNER.sign(sid)}")


async def test_session_of_the_cookie_is_found_and_named_by_its_handle() -> None:
    """The values are there, and the name that travels is no id that opens anything."""
    own = sessions()
    own.store.create(NewSession(handle_of("s1"), {"cart": b"[1]"}, "7"))
    identity = await SessionIdentities(own).identify(handshake("s1"))
    assert (dict(identity.session), identity.key, identity.user) == ({"cart": [1]}, handle_of("s1"), None)


@pytest.mark.parametrize("request_", [made_request("/"), made_request("/", cookie="asok_session=forged.x")])
async def test_stranger_has_an_empty_session_that_never_ends(request_: Request) -> None:
    """No cookie, or one that we have not signed, is nobody's."""
    identity = await SessionIdentities(sessions()).identify(request_)
    assert (dict(identity.session), identity.key) == ({}, "")


async def test_person_is_looked_up_in_a_thread() -> None:
    """A database may be asked; the loop goes on meanwhile."""
    here = threading.get_ident()

    def person_of(request: Request) -> str:
        assert threading.get_ident() != here
        return f"person at {request.path}"

    identity = await SessionIdentities(sessions(), person_of).identify(made_request("/chat"))
    assert identity.user == "person at /chat"


async def test_sessions_that_have_ended_are_told() -> None:
    """All are asked for at once."""
    own = sessions()
    identities = SessionIdentities(own)
    for sid in ("s1", "s2"):
        own.store.create(NewSession(handle_of(sid), {"a": b"1"}))
    both = [await identities.identify(handshake(sid)) for sid in ("s1", "s2")]
    assert list(await identities.ended(both)) == []
    own.store.delete(handle_of("s1"))
    assert list(await identities.ended(both)) == [both[0]]


async def test_store_that_is_away_is_no_stranger() -> None:
    """A visitor with a cookie is not let in as nobody because Redis is down."""

    class Away(MemorySessions):
        async def load_async(self, handle: str) -> StoredSession | None:
            raise BackendUnavailable("away")

    with pytest.raises(BackendUnavailable):
        await SessionIdentities(sessions(Away())).identify(handshake("s1"))


class Tokens:
    """Tokens of which one is good no longer."""

    def key_of(self, request: Request) -> str:
        return (request.headers.get("authorization") or "").removeprefix("Bearer ")

    async def gone(self, keys: Any) -> list[str]:
        return [key for key in keys if key == "old"]


async def test_token_is_told_when_it_is_gone_and_a_session_goes_before_it() -> None:
    """Its name is marked, so that no store of sessions is asked for it; a guest with a token has none."""
    own = sessions()
    own.store.create(NewSession(handle_of("s1"), {}, "7"))
    identities = SessionIdentities(own, lambda request: "somebody", Tokens())
    made = [
        await identities.identify(made_request("/", authorization=f"Bearer {name}"))
        for name in ("old", "new")
    ]
    assert [each.key for each in made] == ["token:old", "token:new"]
    made.append(await identities.identify(handshake("s1")))
    assert made[2].key == handle_of("s1")
    assert [each.key for each in await identities.ended(made)] == ["token:old"]
    guests = SessionIdentities(own, lambda request: None, Tokens())
    assert (await guests.identify(made_request("/", authorization="Bearer old"))).key == ""


async def test_person_whose_time_is_over_is_told() -> None:
    """Who acts for somebody else does for an hour, also where nobody asks for a page."""
    own = sessions()
    own.store.create(NewSession(handle_of("s1"), {}, "7"))
    now = [1000.0]

    def person_of(request: Request) -> str:
        request.__dict__["person_until"] = 1060.0
        return "somebody"

    identities = SessionIdentities(own, person_of, clock=lambda: now[0])
    identity = await identities.identify(handshake("s1"))
    assert identity.until == 1060.0
    assert await identities.ended([identity]) == []
    now[0] = 1061.0
    assert await identities.ended([identity]) == [identity]
    own.store.delete(handle_of("s1"))
    assert await identities.ended([identity]) == [identity]


async def test_person_who_is_barred_is_told_while_the_session_goes_on() -> None:
    """Whoever is switched off leaves at once, with a session or a token; guests are not asked for."""
    own = sessions()
    for sid in ("s1", "s2"):
        own.store.create(NewSession(handle_of(sid), {}, sid))
    asked: list[list[Any]] = []

    async def barred(people: Any) -> list[str]:
        asked.append(sorted(people))
        return [each for each in people if each == "bad"]

    names = {handshake("s1").headers["cookie"]: "bad", handshake("s2").headers["cookie"]: "good"}

    def person_of(request: Request) -> str:
        return names.get(request.headers.get("cookie") or "", "bad")

    identities = SessionIdentities(own, person_of, Tokens(), barred=barred)
    made = [await identities.identify(handshake(sid)) for sid in ("s1", "s2")]
    made.append(await identities.identify(made_request("/", authorization="Bearer new")))
    assert await identities.ended(made) == [made[0], made[2]]
    assert asked == [["bad", "bad", "good"]]
    guests = SessionIdentities(own, barred=barred)
    assert await guests.ended([await guests.identify(handshake("s1"))]) == []
    assert len(asked) == 1
