"""Addresses of databases: read in full, refused with one thing to do, never shown with a password."""

from __future__ import annotations

import pytest

from asok_engine.database.urls import DatabaseOptions, parse_url
from asok_engine.errors import SetupError


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("sqlite:///db.sqlite3", "db.sqlite3"),
        ("sqlite:////var/lib/db.sqlite3", "/var/lib/db.sqlite3"),
        ("sqlite:///a%20b.sqlite3", "a b.sqlite3"),
        ("sqlite:///mail@home.sqlite3", "mail@home.sqlite3"),
        ("sqlite://", ""),
        ("sqlite:///:memory:", ""),
    ],
)
def test_sqlite_names_a_file_or_memory(url: str, name: str) -> None:
    """Three slashes are relative, four absolute; no file is a database in memory."""
    options = parse_url(url)
    assert (options.kind, options.name, options.is_in_memory) == ("sqlite", name, not name)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgres://u:p@h/db", ("postgresql", "h", 5432, "u", "p", "db")),
        ("postgresql+asyncpg://u@h:6000/db", ("postgresql", "h", 6000, "u", "", "db")),
        ("mysql://u:p%40%2F@h/db", ("mysql", "h", 3306, "u", "p@/", "db")),
        ("mariadb://u:p/a?s#s@w@[::1]:3307/db", ("mysql", "::1", 3307, "u", "p/a?s#s@w", "db")),
        ("postgresql:///db", ("postgresql", "localhost", 5432, "", "", "db")),
    ],
)
def test_server_address_is_taken_apart(url: str, expected: tuple[object, ...]) -> None:
    """Host, port, user, password and name, also where a password was not percent-encoded."""
    options = parse_url(url)
    found = (options.kind, options.host, options.port, options.user, options.password, options.name)
    assert found == expected


def test_parameters_are_options() -> None:
    """What stands behind the ? is read in the form of its option; the code's values are defaults."""
    options = parse_url(
        "postgresql://h/db?min_size=2&timeout=0.5&sslmode=require", max_size=7, statement_timeout=3.0
    )
    assert (options.min_size, options.max_size, options.timeout) == (2, 7, 0.5)
    assert (options.sslmode, options.statement_timeout) == ("require", 3.0)
    assert parse_url("sqlite:///x?durable=yes").durable is True
    assert parse_url("sqlite:///x?durable=0").durable is False


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("oracle://u:hidden-word@h/db", "begins with"),
        ("just-a-file.sqlite3", "begins with"),
        ("postgresql://u:hidden-word@h:port/db", "port"),
        ("postgresql://u:hidden-word@h:99999/db", "65535"),
        ("postgresql://u:hidden-word@h", "names no database"),
        ("sqlite://db.sqlite3", "three for a relative"),
        ("postgresql://u:hidden-word@h/db?pool=5", "max_size"),
        ("postgresql://u:hidden-word@h/db?max_size=many", "a whole number"),
        ("postgresql://h/db?max_size=0", "1 or more"),
        ("postgresql://h/db?min_size=9&max_size=3", "min_size"),
        ("postgresql://h/db?timeout=-1", "0 or more"),
        ("postgresql://h/db?timeout=nan", "0 or more"),
        ("postgresql://h/db?sslmode=maybe", "verify-full"),
        ("sqlite:///x?durable=perhaps", "true or false"),
    ],
)
def test_address_that_cannot_be_read_says_what_is_expected(url: str, words: str) -> None:
    """The error shows the address without its password, and what was expected."""
    with pytest.raises(SetupError) as caught:
        parse_url(url)
    assert words in str(caught.value)
    assert "hidden-word" not in str(caught.value)


def test_options_never_show_the_password() -> None:
    """Neither the repr nor the address of messages has it."""
    options = parse_url("postgresql://u:hidden-word@h/db")
    assert "hidden-word" not in repr(options) + options.address + str(options)
    assert options.address == "postgresql://u@h:5432/db"


def test_changed_options_are_checked() -> None:
    """A copy with other values passes the same checks."""
    options = parse_url("sqlite:///x")
    assert options.changed(max_size=3).max_size == 3
    with pytest.raises(SetupError, match="max_size"):
        options.changed(max_size=0)
    assert isinstance(options, DatabaseOptions)
