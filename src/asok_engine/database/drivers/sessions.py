"""What both drivers of a database say alike: the settings of a session, the words of a transaction.

Almost pure text. The values of rows are the dialect's business; here is only what a server
must be told once per connection or per transaction.
"""

from __future__ import annotations

import select
import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from asok_engine.database.drivers.contract import Isolation
from asok_engine.database.urls import DatabaseOptions

__all__ = [
    "GRACE_SECONDS",
    "POSTGRESQL_TEXT_TYPES",
    "begin_mysql",
    "begin_postgresql",
    "mysql_settings",
    "mysql_version",
    "postgresql_settings",
    "readable",
    "tls_context",
    "with_names",
]

#: How long after the server's own timeout we give up waiting for its word.
GRACE_SECONDS: Final = 1.0

#: Types of PostgreSQL that travel as text in both directions; jsonb does too, and is treated apart.
POSTGRESQL_TEXT_TYPES: Final = ("json", "inet", "cidr")

_MYSQL_MODE: Final = (
    "STRICT_TRANS_TABLES,STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
    "NO_ENGINE_SUBSTITUTION"
)


def postgresql_settings(options: DatabaseOptions) -> Mapping[str, str]:
    """Give the settings that a session begins with."""
    settings = {"TimeZone": "UTC"}
    if options.statement_timeout:
        settings["statement_timeout"] = str(round(options.statement_timeout * 1000))
    return settings


def begin_postgresql(*, writes: bool, isolation: Isolation) -> str:
    """Give the words that begin a transaction."""
    # Why repeatable read: what only reads wants one view of the data, and pays nothing for it.
    level = isolation or ("" if writes else "repeatable read")
    words = ["BEGIN"]
    if level:
        words.append(f"ISOLATION LEVEL {level.upper()}")
    if not writes:
        words.append("READ ONLY")
    return " ".join(words)


def mysql_settings(options: DatabaseOptions, *, is_mariadb: bool) -> str:
    """Give the statement that sets a session up."""
    # Why not the server's default isolation: a later statement of a transaction should see what others
    # have committed, as it does on the other databases.
    isolation = "tx_isolation" if is_mariadb else "transaction_isolation"
    settings = {
        "time_zone": "'+00:00'",
        isolation: "'READ-COMMITTED'",
        "sql_mode": f"'{_MYSQL_MODE}'",
    }
    if options.statement_timeout:
        if is_mariadb:
            settings["max_statement_time"] = str(options.statement_timeout)
        else:
            settings["max_execution_time"] = str(round(options.statement_timeout * 1000))
    return "SET " + ", ".join(f"SESSION {name} = {value}" for name, value in settings.items())


def begin_mysql(*, writes: bool, isolation: Isolation) -> tuple[str, ...]:
    """Give the statements that begin a transaction."""
    level = isolation or ("" if writes else "repeatable read")
    start = "START TRANSACTION" if writes else "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"
    return (f"SET TRANSACTION ISOLATION LEVEL {level.upper()}", start) if level else (start,)


def mysql_version(text: str) -> tuple[tuple[int, ...], bool]:
    """Read the version that a server of the MySQL family tells: its numbers, and whether it is MariaDB."""
    is_mariadb = "mariadb" in text.lower()
    # Why cut: old MariaDB servers put 5.5.5- in front, for clients that know only MySQL.
    numbers = text.removeprefix("5.5.5-").partition("-")[0].split(".")
    return tuple(int(number) for number in numbers if number.isdigit()), is_mariadb


def tls_context(options: DatabaseOptions) -> ssl.SSLContext | None:
    """Give what a connection that must be encrypted needs; None when it need not be."""
    if options.sslmode not in ("require", "verify-ca", "verify-full"):
        return None
    context = ssl.create_default_context(cafile=options.sslrootcert or None)
    context.check_hostname = options.sslmode == "verify-full"
    if options.sslmode == "require" and not options.sslrootcert:
        context.verify_mode = ssl.CERT_NONE
    return context


def readable(descriptor: int) -> Callable[[], bool]:
    """Give a quick question whether a socket has something to read; one that was hung up on has."""
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return lambda: bool(poll.poll(0))
    return lambda: bool(select.select([descriptor], [], [], 0)[0])


def with_names(columns: Sequence[Sequence[Any]] | None, rows: Sequence[Any]) -> list[Any]:
    """Give rows behind one with the names of their columns, as a cursor describes them."""
    return [tuple(str(column[0]) for column in columns or ()), *rows]
