"""The session and the person of a handshake."""

from __future__ import annotations

import threading
from collections.abc import Collection
from typing import Any

import pytest

from asok_engine.backends.sessions.contract import NewSession, StoredSession
from asok_engine.backends.sessions.memory import MemorySessions
from asok_engine.dispatch.middleware.sessions import SessionCookie, Sessions, handle_of
from asok_engine.errors import BackendUnavailable
from asok_engine.realtime.gate import PersonNow
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
    """All are asked for at once, and each once: ten tabs of one person are one question."""
    asked: list[list[str]] = []

    class Counting(MemorySessions):
        async def gone_async(self, handles: Collection[str]) -> list[str]:
            asked.append(list(handles))
            return list(await super().gone_async(handles))

    own = sessions(Counting())
    identities = SessionIdentities(own)
    for sid in ("s1", "s2"):
        own.store.create(NewSession(handle_of(sid), {"a": b"1"}))
    made = [await identities.identify(handshake(sid)) for sid in ("s1", "s2", "s2", "s2")]
    assert list(await identities.ended(made)) == []
    own.store.delete(handle_of("s1"))
    assert list(await identities.ended(made)) == [made[0]]
    assert asked == [[handle_of("s1"), handle_of("s2")]] * 2


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


async def test_token_is_told_when_it_is_gone_and_goes_before_a_session() -> None:
    """As on pages. Its name is marked, so that no store of sessions is asked for it; a guest with one has none."""
    own = sessions()
    own.store.create(NewSession(handle_of("s1"), {}, "7"))
    identities = SessionIdentities(own, lambda request: "somebody", Tokens())
    made = [
        await identities.identify(
            made_request("/", authorization=f"Bearer {name}", cookie=f"asok_session={SIGNER.sign('s1')}")
        )
        for name in ("old", "new")
    ]
    assert [each.key for each in made] == ["token:old", "token:new"]
    made.append(await identities.identify(handshake("s1")))
    assert made[2].key == handle_of("s1")
    assert [each.key for each in await identities.ended(made)] == ["token:old"]
    guests = SessionIdentities(own, lambda request: None, Tokens())
    assert (await guests.identify(made_request("/", authorization="Bearer old"))).key == ""


async def test_people_are_asked_for_with_what_names_them() -> None:
    """With their session, or without one where a token does; nobody is asked where nobody tells."""
    own = sessions()
    own.store.create(NewSession(handle_of("s1"), {}, "7"))
    asked: list[Any] = []

    async def ask_people(known: Any) -> list[PersonNow]:
        asked.extend(known)
        return [PersonNow(f"{person}, renewed", True) for person, _ in known]

    identities = SessionIdentities(own, lambda request: "Ada", Tokens(), ask_people)
    made = [
        await identities.identify(handshake("s1")),
        await identities.identify(made_request("/", authorization="Bearer new")),
    ]
    renewed = [PersonNow("Ada, renewed", True)] * 2
    assert await identities.people_now(made) == renewed
    assert asked == [("Ada", made[0].session), ("Ada", None)]
    assert await SessionIdentities(own).people_now(made) == [PersonNow("Ada", False)] * 2
