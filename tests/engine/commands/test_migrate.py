"""The options of migrate and status: read, checked, and handed on without loading what does the work."""

from __future__ import annotations

import subprocess
import sys

import pytest

from asok_engine.commands.migrate import migrate_command, status_command
from asok_engine.errors import UsageError
from tests.engine.commands.data import call


def nothing() -> object:
    raise AssertionError("the project was loaded")


def test_options_that_do_not_go_together_are_refused() -> None:
    """Before a database is opened."""
    with pytest.raises(UsageError, match="--rollback and --to"):
        call(migrate_command(nothing), "--rollback", "--to", "0001")
    with pytest.raises(UsageError, match="--steps"):
        call(migrate_command(nothing), "--steps", "1")


@pytest.mark.parametrize("command", [migrate_command, status_command])
def test_help_is_there_without_a_project(command: object) -> None:
    """It loads none, and nothing that knows of databases."""
    said = call(command(nothing), "--help")  # type: ignore[operator]
    assert "--database ALIAS" in said.output
    code = (
        "import sys, asok_engine.commands.migrate\n"
        "print(sorted(name for name in sys.modules if name.startswith(('asok_engine.', 'sqlite3', 'asyncio'))))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.strip(" '[]\n") for name in ran.stdout.split(",")}
    assert not {
        name
        for name in loaded
        if name.startswith(
            ("asok_engine.records", "asok_engine.database", "asok_engine.migrations", "asyncio")
        )
    }
