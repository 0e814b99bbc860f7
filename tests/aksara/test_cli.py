"""The command `aksara`."""

from __future__ import annotations

from pathlib import Path

from tests.processes import run_once


def test_version_and_help(tmp_path: Path) -> None:
    """Both answer outside of any project."""
    assert run_once("aksara.cli", "--version", cwd=tmp_path).stdout.startswith("aksara 0.")
    assert "settings" in run_once("aksara.cli", "--help", cwd=tmp_path).stdout


def test_settings_are_listed(tmp_path: Path) -> None:
    """Every setting with value and source, also without a settings module."""
    ran = run_once("aksara.cli", "settings", cwd=tmp_path, AKSARA_ADMIN_SITE_TITLE="Shop")
    assert ran.returncode == 0, ran.stderr
    assert "Shop" in ran.stdout
