"""Routers choose the database that records are read from and written to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from asok.orm.model import Model
from asok.orm.routers import BaseDatabaseRouter, register_router, unregister_router
from asok_engine.database.databases import databases
from asok_engine.database.urls import parse_url
from asok_engine.errors import UsageError
from asok_engine.records.fields.text import String
from tests.asok.orm.blog import create_tables


class RoutedNote(Model):
    """Is kept apart."""

    text = String(50)


class RoutedPerson(Model):
    """Is read from a copy."""

    name = String(50)


class Apart(BaseDatabaseRouter):
    """Keeps notes in a database of their own, and reads people from a copy."""

    def db_for_read(self, model: type[Any], **hints: Any) -> str | None:
        return {RoutedNote: "notes", RoutedPerson: "copy"}.get(model)

    def db_for_write(self, model: type[Any], **hints: Any) -> str | None:
        return "notes" if model is RoutedNote else None


@pytest.fixture
def three(tmp_path: Path) -> Iterator[None]:
    """Three files with the same tables."""
    urls = {alias: f"sqlite:///{tmp_path / alias}.sqlite3" for alias in ("default", "notes", "copy")}
    for url in urls.values():
        create_tables(url, (RoutedNote, RoutedPerson))
    databases.configure({alias: parse_url(url) for alias, url in urls.items()})
    yield
    databases.close()


def test_router_is_asked_for_each_model(three: None) -> None:
    """Reads and writes go where it says; without an answer to the model's own database."""
    router = register_router(Apart())
    try:
        RoutedNote.create(text="apart")
        RoutedPerson.create(name="Ada")
        assert RoutedNote.count() == 1
        assert RoutedPerson.count() == 0
    finally:
        unregister_router(router)
    assert RoutedNote.count() == 0
    assert RoutedPerson.count() == 1
    assert RoutedNote.on("notes").count() == 1
    assert databases.router is None


def test_first_router_that_decides_wins(three: None) -> None:
    """One that leaves it open is passed over."""
    routers = [register_router(BaseDatabaseRouter()), register_router(Apart())]
    try:
        RoutedNote.create(text="apart")
        assert RoutedNote.where(text="apart").exists()
        assert RoutedNote.find(text="apart") is not None
    finally:
        for router in routers:
            unregister_router(router)
    assert not RoutedNote.where(text="apart").exists()


def test_what_is_no_router_is_told() -> None:
    """The class instead of an object has methods and is one; a string has none."""
    with pytest.raises(UsageError, match="no router"):
        register_router("router")  # type: ignore[arg-type]
