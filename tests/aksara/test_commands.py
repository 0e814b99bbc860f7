"""The commands of `aksara` work on its own table of settings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.processes import run_once


def test_settings_are_listed_with_value_and_source(tmp_path: Path) -> None:
    """Values of the environment are shown, also without a settings module."""
    ran = run_once("aksara.cli", "settings", cwd=tmp_path, AKSARA_ADMIN_SITE_TITLE="Shop")
    assert ran.returncode == 0, ran.stderr
    line = next(line for line in ran.stdout.splitlines() if line.strip().startswith("ADMIN_SITE_TITLE"))
    assert "Shop" in line
    assert "environment AKSARA_ADMIN_SITE_TITLE" in line


def test_settings_of_the_project_module_count(tmp_path: Path) -> None:
    """The dictionary AKSARA of the settings module in the working directory is a source."""
    (tmp_path / "settings.py").write_text("AKSARA = {'PAGE_SIZE': 77}\n")
    ran = run_once("aksara.cli", "settings", "--json", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    rows = {row["name"]: row["value"] for row in json.loads(ran.stdout)["settings"]}
    assert rows["PAGE_SIZE"] == 77


_MODEL = """
from asok_engine.records.fields.text import String
from asok_engine.records.record import Record


class Note(Record):
    title = String()
"""


@pytest.mark.parametrize("installed", ["", "AKSARA_INSTALLED_APPS=shop\n"])
def test_tables_follow_the_models_of_a_project(tmp_path: Path, installed: str) -> None:
    """The models of INSTALLED_APPS, or of models.py where none is named."""
    (tmp_path / ".env").write_text(f"DEBUG=true\nSECRET_KEY={'k' * 40}\n{installed}")
    if installed:
        (tmp_path / "shop").mkdir()
        (tmp_path / "shop" / "__init__.py").write_text("")
    (tmp_path / ("shop" if installed else ".") / "models.py").write_text(_MODEL)

    def aksara(*arguments: str, code: int = 0) -> str:
        ran = run_once("aksara.cli", *arguments, cwd=tmp_path)
        assert ran.returncode == code, ran.stdout + ran.stderr
        return ran.stdout + ran.stderr

    assert "create table notes" in aksara("makemigrations", "--check", code=1)
    assert "migrations/0001_start.py" in aksara("makemigrations", "--name", "start")
    assert "from aksara.migrations import" in (tmp_path / "migrations/0001_start.py").read_text()
    assert "missing" in aksara("status")
    aksara("migrate")
    assert "missing" not in aksara("status")
    assert "agree" in aksara("migrate", "--check")
    assert aksara("db", "dump").strip().startswith("[")


def test_application_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A slip in INSTALLED_APPS is one sentence."""
    (tmp_path / ".env").write_text(f"DEBUG=true\nSECRET_KEY={'k' * 40}\nAKSARA_INSTALLED_APPS=shpo\n")
    ran = run_once("aksara.cli", "makemigrations", cwd=tmp_path)
    assert ran.returncode == 1
    assert "'shpo'" in ran.stderr
