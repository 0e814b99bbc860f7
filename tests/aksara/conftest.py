"""A fresh SQLite file with the tables of the library, for each test that asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from asok_engine.database.databases import databases
from tests.aksara.library import create_tables


@pytest.fixture
def library(tmp_path: Path) -> Iterator[None]:
    """The tables of the library, without rows, in a file of the test's own."""
    create_tables(f"sqlite:///{tmp_path / 'library.sqlite3'}")
    yield
    databases.close()
