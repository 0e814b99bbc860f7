"""What servers are told when a session or a transaction begins."""

from __future__ import annotations

import select
import socket
import ssl
from pathlib import Path

import pytest

from asok_engine.database.drivers.sessions import (
    begin_mysql,
    begin_postgresql,
    mysql_settings,
    mysql_version,
    postgresql_settings,
    readable,
    tls_context,
)
from asok_engine.database.urls import parse_url


def test_postgresql_hears_its_timeout_in_milliseconds() -> None:
    """UTC always; the timeout where there is one."""
    assert postgresql_settings(parse_url("postgresql://h/db?statement_timeout=1.5")) == {
        "TimeZone": "UTC",
        "statement_timeout": "1500",
    }
    assert "statement_timeout" not in postgresql_settings(parse_url("postgresql://h/db?statement_timeout=0"))


def test_transactions_of_postgresql_begin_as_asked() -> None:
    """One that reads sees one state; a level that is asked for is told."""
    assert begin_postgresql(writes=True, isolation="") == "BEGIN"
    assert begin_postgresql(writes=False, isolation="") == "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    assert begin_postgresql(writes=True, isolation="serializable") == "BEGIN ISOLATION LEVEL SERIALIZABLE"


def test_mysql_and_mariadb_hear_the_same_in_their_words() -> None:
    """Strict mode, UTC, and a timeout under the name that each has for it."""
    options = parse_url("mysql://h/db?statement_timeout=2")
    mariadb = mysql_settings(options, is_mariadb=True)
    mysql = mysql_settings(options, is_mariadb=False)
    for text in (mariadb, mysql):
        assert "STRICT_TRANS_TABLES" in text
        assert "time_zone = '+00:00'" in text
        assert "READ-COMMITTED" in text
        assert "ANSI_QUOTES" not in text
    assert "max_statement_time = 2.0" in mariadb
    assert "max_execution_time = 2000" in mysql


def test_transactions_of_mysql_begin_as_asked() -> None:
    """The level stands before the transaction that it is for."""
    assert begin_mysql(writes=True, isolation="") == ("START TRANSACTION",)
    assert begin_mysql(writes=True, isolation="serializable") == (
        "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        "START TRANSACTION",
    )
    assert "READ ONLY" in begin_mysql(writes=False, isolation="")[1]


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("10.11.19-MariaDB-0+deb12u1", ((10, 11, 19), True)),
        ("5.5.5-10.11.6-MariaDB-log", ((10, 11, 6), True)),
        ("8.4.3", ((8, 4, 3), False)),
        ("8.0.36-0ubuntu0.22.04.1", ((8, 0, 36), False)),
    ],
)
def test_version_is_read(text: str, version: tuple[tuple[int, ...], bool]) -> None:
    """Numbers, and whose they are."""
    assert mysql_version(text) == version


def test_socket_that_was_hung_up_on_is_readable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of a line shows without a round trip, also where there is no poll."""
    for has_poll in (True, False):
        ours, theirs = socket.socketpair()
        if not has_poll:
            monkeypatch.delattr(select, "poll")
        ask = readable(ours.fileno())
        assert ask() is False
        theirs.close()
        assert ask() is True
        ours.close()


def test_encryption_is_as_strict_as_asked(tmp_path: Path) -> None:
    """Below `require` nothing is demanded; `verify-full` checks certificate and name."""
    assert tls_context(parse_url("mysql://h/db")) is None
    require = tls_context(parse_url("mysql://h/db?sslmode=require"))
    full = tls_context(parse_url("mysql://h/db?sslmode=verify-full"))
    authority = tls_context(parse_url("mysql://h/db?sslmode=verify-ca"))
    assert require is not None and require.verify_mode == ssl.CERT_NONE
    assert full is not None and full.verify_mode == ssl.CERT_REQUIRED and full.check_hostname
    assert authority is not None and authority.verify_mode == ssl.CERT_REQUIRED
    assert not authority.check_hostname
