"""The keeper of sessions: what it reads, when, and what it writes; without a face."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from asok_engine.backends.sessions.contract import Changes, NewSession, StoredSession
from asok_engine.backends.sessions.memory import MemorySessions
from asok_engine.backends.sessions.session import Session
from asok_engine.dispatch.middleware.sessions import SessionCookie, Sessions, handle_of
from asok_engine.errors import BackendUnavailable, UsageError
from asok_engine.security.signing import Signer
from asok_engine.wire.request import Request
from asok_engine.wire.response import Response
from tests.engine.dispatch.exchanges import make_request, page

SECRET = "a-secret-of-enough-characters-0123456789"
Page = Callable[[Request], Response]


class Noting(MemorySessions):
    """A store in memory that says it waits, and notes which calls it got."""

    waits = True

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []
        self.is_down = False

    def _note(self, name: str) -> None:
        self.calls.append(name)
        if self.is_down:
            raise BackendUnavailable("away")

    def load(self, handle: str) -> StoredSession | None:
        self._note("load")
        return super().load(handle)

    async def load_async(self, handle: str) -> StoredSession | None:
        self._note("load_async")
        return super().load(handle)

    async def create_async(self, session: NewSession) -> None:
        self._note("create_async")
        super().create(session)

    async def change_async(self, handle: str, changes: Changes) -> bool:
        self._note("change_async")
        return super().change(handle, changes)

    async def move_async(self, handle: str, session: NewSession) -> bool:
        self._note("move_async")
        return super().move(handle, session)


def sessions_of(store: MemorySessions, **cookie: Any) -> Sessions:
    """Make sessions with a plain cookie."""
    given = {"secure": False, "same_site": "Lax", "max_age_seconds": 100, **cookie}
    return Sessions(store, SessionCookie(Signer(SECRET, "session"), **given))


def request_with(sid: str = "") -> Request:
    """Make a request that carries an id."""
    cookie = {"cookie": f"a=1; asok_session={Signer(SECRET, 'session').sign(sid)}"} if sid else {}
    return make_request(headers=cookie)


async def answer(sessions: Sessions, act: Page, sid: str = "", *, ahead: bool = True) -> Response:
    """Do what the kernel does with a request on a loop."""
    request = request_with(sid)
    if ahead:
        await sessions.read_ahead(request)
    response = act(request)
    await sessions.settle_async(request, response)
    return response


def answer_plainly(sessions: Sessions, act: Page, request: Request) -> Response:
    """Do what the kernel does with a request in a thread."""
    response = act(request)
    sessions.settle(request, response)
    return response


def put(sessions: Sessions, **values: Any) -> Page:
    """Make a page that puts values into the session."""

    def act(request: Request) -> Response:
        sessions.of(request).update(values)
        return page()

    return act


def kept(store: MemorySessions, sid: str, *, user: str = "") -> None:
    """Keep a session under an id."""
    store.create(NewSession(handle_of(sid), {"n": b"1"}, user))


async def test_store_is_left_alone_when_nobody_touches_the_session() -> None:
    """Without an id nothing is read, and without a touch nothing is written."""
    store = Noting()
    sessions = sessions_of(store)
    await answer(sessions, lambda request: page())
    await answer(sessions, lambda request: (sessions.of(request), page())[1])
    assert store.calls == []
    answer_plainly(sessions, lambda request: page(), request_with("x"))
    assert store.calls == []


async def test_code_on_a_loop_finds_the_session_read_before() -> None:
    """No call of the plain side is made there; a chain that runs in a thread reads when it touches."""
    store = Noting()
    sessions = sessions_of(store)
    kept(store, "x")
    await answer(sessions, put(sessions, m=2), "x")
    assert store.calls == ["load_async", "change_async"]
    store.calls.clear()
    await answer(sessions, put(sessions, m=3), "x", ahead=False)
    assert store.calls == ["load", "change_async"]


def test_code_that_a_thread_starts_on_a_loop_finds_it_read_too() -> None:
    """Read once, with the plain side; a store that is away is told to who touches, without another try."""
    store = Noting()
    sessions = sessions_of(store)
    kept(store, "x")
    request = request_with("x")
    sessions.read_before(request)
    assert store.calls == ["load"]
    assert sessions.of(request).is_live
    sessions.read_before(request_with())
    assert store.calls == ["load"]
    store.is_down = True
    request = request_with("x")
    sessions.read_before(request)
    with pytest.raises(BackendUnavailable):
        sessions.of(request)
    assert store.calls == ["load", "load"]


async def test_id_without_our_signature_is_not_looked_up() -> None:
    """Junk costs the store nothing."""
    store = Noting()
    sessions = sessions_of(store)
    request = make_request(headers={"cookie": "asok_session=" + "a" * 43 + "." + "b" * 32})
    answer_plainly(sessions, lambda request: (sessions.of(request), page())[1], request)
    assert store.calls == []


async def test_store_that_is_away_matters_only_to_who_touches() -> None:
    """Reading before may fail in silence; touching may not."""
    store = Noting()
    sessions = sessions_of(store)
    store.is_down = True
    assert (await answer(sessions, lambda request: page(), "x")).status_code == 200
    with pytest.raises(BackendUnavailable):
        await answer(sessions, put(sessions, a=1), "x")
    # What failed is told; the loop is not held up by another try.
    assert "load" not in store.calls
    with pytest.raises(BackendUnavailable):
        await answer(sessions, put(sessions, a=1))


async def test_session_that_was_ended_meanwhile_gives_a_sign_in_nothing() -> None:
    """What stood in it does not come back; what the sign-in itself puts in is kept."""
    store = MemorySessions()
    sessions = sessions_of(store)
    kept(store, "x", user="user:old")

    def sign_in(request: Request) -> Response:
        session = sessions.of(request)
        store.delete(handle_of("x"))
        session["fresh"] = 1
        session.rotate("user:2")
        return page()

    response = await answer(sessions, sign_in, "x")
    assert len(response.cookies) == 1
    (found,) = store.of_user("user:2")
    assert dict(found.values) == {"fresh": b"1"}


@pytest.mark.parametrize("user", [None, "person:1"])
async def test_new_id_alone_brings_nobody_back_whose_session_was_ended_meanwhile(user: str | None) -> None:
    """Only a sign-in says whose session it is; another id for a session that was signed out says nothing."""
    store = Noting()
    sessions = sessions_of(store)
    store.create(NewSession(handle_of("old"), {"n": b"1"}, "person:1", True))

    def act(request: Request) -> Response:
        session = sessions.of(request)
        session.rotate(user)
        session["late"] = 1
        store.delete(handle_of("old"))
        return page()

    await answer(sessions, act, "old")
    assert len(store.of_user("person:1")) == (0 if user is None else 1)


async def test_change_of_a_session_that_ended_meanwhile_is_dropped() -> None:
    """Neither the session nor a cookie comes of it (case 83)."""
    store = MemorySessions()
    sessions = sessions_of(store)
    kept(store, "x")

    def late(request: Request) -> Response:
        sessions.of(request)["late"] = 1
        store.delete(handle_of("x"))
        return page()

    assert (await answer(sessions, late, "x")).cookies == ()
    assert len(store) == 0


async def test_after_an_end_a_session_of_its_own_may_begin() -> None:
    """A good-bye message survives the sign-out, under another id."""
    store = MemorySessions()
    sessions = sessions_of(store)
    kept(store, "x", user="user:1")

    def leave(request: Request) -> Response:
        session = sessions.of(request)
        session.end()
        session.own["flash:1"] = ["message", "Bye"]
        return page()

    (cookie,) = (await answer(sessions, leave, "x")).cookies
    assert b"asok_session=;" not in cookie
    assert store.load(handle_of("x")) is None
    assert len(store) == 1
    assert store.of_user("user:1") == []


async def test_first_save_calls_who_asked_and_a_sign_in_does_not() -> None:
    """A visitor's open forms are carried over; those of before a sign-in are not."""
    store = MemorySessions()
    sessions = sessions_of(store)
    seen: list[Session] = []
    sessions.on_create = lambda request, session: seen.append(session)
    await answer(sessions, put(sessions, a=1))
    assert len(seen) == 1

    def sign_in(request: Request) -> Response:
        sessions.of(request).rotate("user:1")
        return page()

    await answer(sessions, sign_in)
    assert len(seen) == 1
    assert len(store.of_user("user:1")) == 1


def test_ends_of_a_persons_sessions_stay_with_that_person() -> None:
    """Nobody ends a session of somebody else by its handle; a nobody has no list."""
    store = MemorySessions()
    sessions = sessions_of(store)
    for sid, user in (("a", "user:1"), ("b", "user:1"), ("c", "user:2")):
        kept(store, sid, user=user)
    assert sessions.end("user:1", handle_of("c")) is False
    assert sessions.end("user:1", handle_of("a")) is True
    assert sessions.end_all("user:1", but=handle_of("b")) == 0
    assert sessions.end_all("user:1") == 1
    assert [session.handle for session in sessions.of_user("user:2")] == [handle_of("c")]
    with pytest.raises(UsageError, match="nobody"):
        sessions.of_user("")


async def test_ends_work_on_a_loop_too() -> None:
    """The async twins do the same."""
    store = MemorySessions()
    sessions = sessions_of(store)
    for sid in ("a", "b", "c"):
        kept(store, sid, user="user:1")
    assert len(await sessions.of_user_async("user:1")) == 3
    assert await sessions.end_async("user:1", handle_of("a")) is True
    assert await sessions.end_all_async("user:1", but=handle_of("b")) == 1
    assert len(await sessions.of_user_async("user:1")) == 1


async def test_large_change_is_refused_before_the_store(caplog: pytest.LogCaptureFixture) -> None:
    """A session is no place for files; the message names the key."""
    store = MemorySessions()
    sessions = sessions_of(store)
    with pytest.raises(UsageError, match="'large'"):
        await answer(sessions, put(sessions, small=1, large="x" * 1_000_001))
    assert len(store) == 0


def test_id_is_not_what_the_store_has() -> None:
    """Whoever reads the store cannot make a cookie of it."""
    assert handle_of("x") != "x"
    assert handle_of("x") == handle_of("x")
    assert len(handle_of("half \ud800")) == 64


def test_plain_side_settles_as_well() -> None:
    """Under WSGI the same deeds are done by the plain methods."""
    store = MemorySessions()
    sessions = sessions_of(store)
    response = answer_plainly(sessions, put(sessions, a=1), request_with())
    assert len(response.cookies) == 1
    assert len(store) == 1
    assert b"Secure" not in response.cookies[0]
    began = time.time()
    assert next(iter(store._sessions.values())).created_at == pytest.approx(began, abs=5)


async def test_bearer_credentials_have_no_session() -> None:
    """That of the cookies is not read, not written and not ended, and no cookie is given."""
    store = Noting()
    kept(store, "s1", user="7")
    sessions = sessions_of(store)
    cookie = request_with("s1").headers.get("cookie") or ""
    for act in (put(sessions, n=2), lambda request: (sessions.of(request).end(), page())[1]):
        request = make_request(headers={"cookie": cookie, "authorization": "Bearer x"})
        await sessions.read_ahead(request)
        response = act(request)
        assert sessions.of(request).user_key == ""
        assert not sessions.sent_with(request)
        await sessions.settle_async(request, response)
        sessions.settle(request, response)
        assert response.cookies == ()
    assert store.calls == []
    found = store.load(handle_of("s1"))
    assert found is not None
    assert found.values == {"n": b"1"}
