"""Who is online, here and elsewhere."""

from __future__ import annotations

from asok_engine.realtime.presence import Presence


def test_first_and_last_connection_of_a_person_are_told() -> None:
    """Three tabs are one person; only coming and going are news."""
    presence = Presence()
    assert [presence.came(7), presence.came(7)] == [True, False]
    assert [presence.went(7), presence.went(7)] == [False, True]
    assert presence.online() == []


def test_person_in_two_processes_is_online_once() -> None:
    """What other processes say is added to our own."""
    presence = Presence()
    presence.came(1)
    presence.has(b"other", [("", 1), ("", 2)], now=0)
    assert presence.online() == [1, 2]
    presence.went(1)
    assert presence.is_online(1)
    assert presence.changed(b"other", 1, is_there=False, now=1)
    assert not presence.is_online(1)


def test_silent_process_is_forgotten_with_its_people() -> None:
    """A process that was killed says no goodbye."""
    presence = Presence(silence_seconds=20)
    presence.has(b"dead", [("", 1)], now=0)
    presence.has(b"alive", [("", 2)], now=0)
    presence.heard(b"alive", now=15)
    presence.forget_silent(now=21)
    assert presence.online() == [2]
    presence.forget(b"alive")
    assert presence.online() == []


def test_process_that_is_not_known_is_to_be_asked() -> None:
    """News of one person say nothing about all the others of that process."""
    presence = Presence()
    assert not presence.changed(b"unknown", 1, is_there=True, now=0)
    assert not presence.heard(b"unknown", now=0)
    assert presence.online() == []


def test_order_is_steady_for_numbers_and_texts() -> None:
    """Ids of either kind come in one order."""
    presence = Presence()
    for person in ("b", 2, "a", 1):
        presence.came(person)
    assert presence.online() == [1, 2, "a", "b"]


def test_rooms_have_people_of_their_own() -> None:
    """Who is in a room is connected too; a process tells of both."""
    presence = Presence()
    for place in ("", "board"):
        assert presence.came(1, place)
    assert presence.came(2)
    presence.has(b"other", [("", 3), ("board", 3)], now=0)
    assert presence.online("board") == [1, 3]
    assert presence.is_online(3, "board")
    assert not presence.is_online(2, "board")
    assert presence.here() == [("", 1), ("", 2), ("board", 1)]
    assert presence.changed(b"other", 3, "board", is_there=False, now=1)
    assert presence.went(1, "board")
    assert presence.online("board") == []
    assert presence.online() == [1, 2, 3]
    # Nothing is kept of a room that nobody is in: their names may be anything.
    assert [list(presence._here), list(presence._elsewhere[b"other"])] == [[""], [""]]
    assert presence.changed(b"other", 4, "board", is_there=True, now=1)
    assert presence.online("board") == [4]


def test_visitors_who_are_not_signed_in_count_once() -> None:
    """Here and elsewhere, by their session; they have no id to be named by."""
    presence = Presence()
    presence.came(b"one")
    presence.came(b"one")
    presence.came(7)
    presence.has(b"other", [("", b"one"), ("", b"two"), ("", 7)], now=0)
    assert presence.count() == 3
    assert presence.online() == [7]
    assert presence.count("board") == 0
