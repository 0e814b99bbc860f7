"""One process migrates a database at a time."""

from __future__ import annotations

import threading

import pytest

from asok_engine.migrations.link import MigrationError, open_link
from asok_engine.migrations.turn import _taken, turn


@pytest.fixture(params=["postgres", "mariadb"])
def server_url(request: pytest.FixtureRequest) -> str:
    """An empty database of each kind that has locks for a session."""
    return str(request.getfixturevalue(f"{request.param}_url"))


def test_second_waits_and_is_told(server_url: str) -> None:
    """It gets its turn when the first one is done."""
    told: list[str] = []
    waits, release = threading.Event(), threading.Event()

    def tell(line: str) -> None:
        told.append(line)
        waits.set()

    def first() -> None:
        with open_link(server_url) as link, turn(link, wait_seconds=1, tell=told.append):
            holds.set()
            release.wait(20)

    holds = threading.Event()
    thread = threading.Thread(target=first)
    thread.start()
    try:
        assert holds.wait(20)
        threading.Thread(target=lambda: waits.wait(20) and release.set()).start()
        with open_link(server_url) as link, turn(link, wait_seconds=20, tell=tell):
            assert release.is_set()
    finally:
        release.set()
        thread.join()
    assert told == ["Another process is migrating this database; waiting for it to finish."]


def test_waiting_has_an_end(server_url: str) -> None:
    """After that it is an error that says what to do, and the lock is free for the next."""
    with open_link(server_url) as first, open_link(server_url) as second:
        with turn(first, wait_seconds=0, tell=print):
            with (
                pytest.raises(MigrationError, match="--wait"),
                turn(second, wait_seconds=0, tell=lambda line: None),
            ):
                pass
        with turn(second, wait_seconds=0, tell=print):
            pass


def test_turn_ends_with_the_connection(server_url: str) -> None:
    """A process that dies holds up nobody."""
    first = open_link(server_url)
    assert _taken(first)
    first.close()
    with open_link(server_url) as second, turn(second, wait_seconds=20, tell=lambda line: None):
        pass


def test_sqlite_needs_no_turn(sqlite_url: str) -> None:
    """There each migration is one writing transaction."""
    with open_link(sqlite_url) as first, open_link(sqlite_url) as second:
        with turn(first, wait_seconds=0, tell=print), turn(second, wait_seconds=0, tell=print):
            pass
