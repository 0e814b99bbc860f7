"""The data layer of an application: what the settings and the models decide."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from asok.config import Config
from asok.orm.layer import DataLayer
from asok.settings import TABLE
from asok_engine.database.databases import databases
from asok_engine.telemetry.hooks import statements_counted


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    yield
    databases.close()


def layer(folder: Path, **settings: object) -> DataLayer:
    """Make the layer of a folder without models."""
    config = Config(TABLE, folder)
    for key, value in settings.items():
        config[key] = value
    return DataLayer(config, models=folder / "src" / "models", secrets=["a" * 40])


def test_database_of_the_settings_is_configured_and_checked(tmp_path: Path) -> None:
    """The process reaches it by its alias, and `/health` has a name for it."""
    made = layer(tmp_path, DATABASE_URL="sqlite:///rows.sqlite3")
    assert made.databases == [databases["default"]]
    assert databases["default"].options.address.endswith(f"{tmp_path}/rows.sqlite3")
    assert list(made.checks()) == ["database"]


def test_statements_are_counted_in_debug_or_for_a_listener(tmp_path: Path) -> None:
    """Nobody counts where nobody looks."""
    assert layer(tmp_path, DEBUG=False).statements() is None
    assert layer(tmp_path, DEBUG=True).statements() is not None

    def listener(sender: object, **values: object) -> None: ...

    statements_counted.connect(listener)
    try:
        assert layer(tmp_path, DEBUG=False).statements() is not None
    finally:
        statements_counted.disconnect(listener)


def test_languages_are_set_only_for_translated_columns(tmp_path: Path) -> None:
    """Without such a column a request has no step for it."""
    assert layer(tmp_path).languages() is None
