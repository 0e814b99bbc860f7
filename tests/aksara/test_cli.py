"""The command `aksara`."""

from __future__ import annotations

from pathlib import Path

from aksara.cli import cli
from tests.processes import run_once


def test_version_and_help_need_no_project(tmp_path: Path) -> None:
    """Both answer outside of any project."""
    assert run_once("aksara.cli", "--version", cwd=tmp_path).stdout.startswith("aksara 0.")
    assert "settings" in run_once("aksara.cli", "--help", cwd=tmp_path).stdout


def test_commands_are_those_of_the_documentation() -> None:
    """Each command has its section in the reference, and no section is without a command."""
    page = Path(__file__).parents[2] / "docs" / "reference" / "commands.md"
    sections = [line.split()[2] for line in page.read_text().splitlines() if line.startswith("## aksara ")]
    assert sections == list(cli.lazy)
