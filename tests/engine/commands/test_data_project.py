"""Databases are known by alias, and an address names a dialect."""

from __future__ import annotations

from pathlib import Path

import pytest

from asok_engine.errors import SetupError
from tests.engine.commands.data import project_in


def test_unknown_alias_is_told_with_those_that_are_there(tmp_path: Path) -> None:
    """A slip in --database is found before anything is opened."""
    project = project_in(tmp_path)
    assert project.dialect("default") == "sqlite"
    with pytest.raises(SetupError, match="'reports'; there are: default"):
        project.open("reports")


def test_paths_are_shown_from_the_project(tmp_path: Path) -> None:
    """Short where that is possible."""
    project = project_in(tmp_path)
    assert project.shown(tmp_path / "migrations" / "a.py") == "migrations/a.py"
    assert project.shown(Path("/elsewhere")) == "/elsewhere"
