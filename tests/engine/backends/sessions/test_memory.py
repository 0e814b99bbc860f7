"""Sessions in memory: who has to go when there is no room."""

from __future__ import annotations

import pytest

from asok_engine.backends.sessions.contract import Lifetimes, NewSession
from asok_engine.backends.sessions.memory import MemorySessions
from asok_engine.errors import SetupError


def test_flood_of_visitors_signs_nobody_out() -> None:
    """Sessions of nobody go first, the one not used for longest before the others."""
    store = MemorySessions(max_sessions=5)
    for name in ("a", "b"):
        store.create(NewSession(name, {}, f"user:{name}"))
    for number in range(3):
        store.create(NewSession(f"visitor{number}", {}))
    store.load("visitor0")
    store.create(NewSession("visitor3", {}))
    assert store.load("visitor1") is None
    for number in range(4, 500):
        store.create(NewSession(f"visitor{number}", {}))
    assert len(store) == 5
    assert store.load("a") is not None
    assert store.load("b") is not None


def test_people_make_room_for_each_other_at_last() -> None:
    """With nobody else there the one not used for longest goes."""
    store = MemorySessions(max_sessions=2)
    for name in ("a", "b", "c"):
        store.create(NewSession(name, {}, "user"))
    assert store.load("a") is None
    assert [session.handle for session in store.of_user("user")] != []
    assert len(store) == 2


def test_what_has_run_out_makes_room_first() -> None:
    """A dead session of a person goes before a live one of nobody."""
    now = [0.0]
    store = MemorySessions(Lifetimes(10, 100), max_sessions=2, clock=lambda: now[0])
    store.create(NewSession("dead", {}, "user"))
    now[0] = 11
    store.create(NewSession("alive", {}))
    store.create(NewSession("third", {}))
    assert store.load("alive") is not None


def test_no_room_at_all_is_refused() -> None:
    """A store without room is a slip."""
    with pytest.raises(SetupError, match="max_sessions"):
        MemorySessions(max_sessions=0)


async def test_close_forgets_everything() -> None:
    """Nothing is left of sessions, owners and moves."""
    store = MemorySessions()
    store.create(NewSession("a", {}, "user"))
    store.move("a", NewSession("b", {}, "user"))
    await store.close_async()
    assert len(store) == 0
    assert store.of_user("user") == []
    assert store.change("a", {}) is False
