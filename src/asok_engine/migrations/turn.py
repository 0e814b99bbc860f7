"""One process at a time: the others wait their turn, then find the work done.

PostgreSQL and MySQL keep a lock for the session, which ends with the connection
whatever happens to the process. SQLite has no such lock; there each migration is
one writing transaction, and looks again whether it was applied when its turn comes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from asok_engine.migrations.link import Link, MigrationError

__all__ = ["turn"]

#: The key of the lock: the same in every version, different from what applications use.
_POSTGRESQL_KEY = 0x61736F6B_6D696772
_MYSQL_PREFIX = "asok_migrate_"


@contextmanager
def turn(link: Link, *, wait_seconds: float, tell: Callable[[str], None]) -> Iterator[None]:
    """Hold the right to migrate this database; wait for it at most `wait_seconds`.

    Raises:
        MigrationError: another process had it all that time.
    """
    if link.dialect == "sqlite":
        yield
        return
    is_told = False
    end = time.monotonic() + wait_seconds
    while not _taken(link):
        if not is_told:
            tell("Another process is migrating this database; waiting for it to finish.")
            is_told = True
        if time.monotonic() >= end:
            raise MigrationError(
                f"Another process has been migrating {link.address} for {wait_seconds:g} seconds.",
                fix="Run this again when it has finished, or wait longer with --wait.",
            )
        time.sleep(0.2)
    try:
        yield
    finally:
        _give_back(link)


def _taken(link: Link) -> bool:
    if link.dialect == "postgresql":
        return bool(link.query(f"SELECT pg_try_advisory_lock({_POSTGRESQL_KEY})")[0][0])
    return bool(link.query(f"SELECT GET_LOCK(LEFT(CONCAT('{_MYSQL_PREFIX}', DATABASE()), 64), 0)")[0][0])


def _give_back(link: Link) -> None:
    try:
        if link.dialect == "postgresql":
            link.query(f"SELECT pg_advisory_unlock({_POSTGRESQL_KEY})")
        else:
            link.query(f"SELECT RELEASE_LOCK(LEFT(CONCAT('{_MYSQL_PREFIX}', DATABASE()), 64))")
    except MigrationError:
        # The connection is gone, and the lock with it.
        return
