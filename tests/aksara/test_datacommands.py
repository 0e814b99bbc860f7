"""The commands of `aksara` about tables and rows find the models of a project."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.processes import run_once

_MODEL = """
from asok_engine.records.fields.text import String
from asok_engine.records.record import Record


class Note(Record):
    title = String()
"""


@pytest.mark.setting("aksara.INSTALLED_APPS")
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
    (tmp_path / "plain.py").write_text("")
    (tmp_path / ".env").write_text(f"DEBUG=true\nSECRET_KEY={'k' * 40}\nAKSARA_INSTALLED_APPS=plain.inner\n")
    ran = run_once("aksara.cli", "makemigrations", cwd=tmp_path)
    assert ran.returncode == 1
    assert "plain.inner" in ran.stderr
    assert ran.stderr.count("\n") == 1
