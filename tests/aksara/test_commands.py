"""The commands of `aksara` work on its own table of settings."""

from __future__ import annotations

import json
from pathlib import Path

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
