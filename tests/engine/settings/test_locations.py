"""What relative paths and relative SQLite addresses mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from asok_engine.settings.locations import absolute_dsn, absolute_path

ROOT = Path("/srv/shop")


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("sqlite:///db.sqlite3", "sqlite:////srv/shop/db.sqlite3"),
        ("sqlite:///data/prod.db", "sqlite:////srv/shop/data/prod.db"),
        ("sqlite:///./db.sqlite3?timeout=5", "sqlite:////srv/shop/db.sqlite3?timeout=5"),
        ("sqlite:////var/lib/db.sqlite3", "sqlite:////var/lib/db.sqlite3"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("sqlite://", "sqlite://"),
        ("sqlite:///", "sqlite:///"),
        ("sqlite:///C:/data/db.sqlite3", "sqlite:///C:/data/db.sqlite3"),
        ("sqlite+aiosqlite:///db.sqlite3", "sqlite+aiosqlite:////srv/shop/db.sqlite3"),
        ("postgresql://host/db.sqlite3", "postgresql://host/db.sqlite3"),
    ],
)
def test_a_relative_sqlite_address_is_below_the_project(given: str, meant: str) -> None:
    """Three slashes are relative to the project, four are absolute, and memory is memory."""
    assert absolute_dsn(given, ROOT) == meant


def test_making_an_address_absolute_twice_changes_nothing() -> None:
    """The function can be applied wherever an address is used."""
    once = absolute_dsn("sqlite:///db.sqlite3", ROOT)
    assert absolute_dsn(once, Path("/elsewhere")) == once


def test_a_relative_path_is_below_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    """An absolute path stays, dots are resolved, and ~ is the home folder."""
    monkeypatch.setenv("HOME", "/home/me")
    assert absolute_path(".asok/sessions", ROOT) == Path("/srv/shop/.asok/sessions")
    assert absolute_path("../run", ROOT) == Path("/srv/run")
    assert absolute_path("/run/asok", ROOT) == Path("/run/asok")
    assert absolute_path("~/logs", ROOT) == Path("/home/me/logs")
