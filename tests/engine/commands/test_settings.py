"""The command `settings`: listing, JSON, and the exit status of a check."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from click.testing import CliRunner, Result

from asok_engine.commands.settings import settings_command
from asok_engine.settings.environment import Environment
from asok_engine.settings.kinds import BOOL, TEXT, integer, optional
from asok_engine.settings.problem import Problem
from asok_engine.settings.resolver import Resolver
from asok_engine.settings.table import Lookup, Setting, Table, section


def _needs_token(of: Lookup) -> Iterator[Problem]:
    if not of("DEBUG") and not of("TOKEN"):
        yield Problem("TOKEN", "TOKEN is missing.", "Set it.")


TABLE = Table(
    "hall",
    "HALL_",
    section(
        "All",
        Setting("DEBUG", BOOL, True, "Show errors."),
        Setting("TOKEN", optional(TEXT), None, "Keep.", secret=True),
        Setting("PORT", integer(1), 80, "Give it."),
    ),
    bare_names=True,
    rules=[_needs_token],
)


def run(*arguments: str, process: dict[str, str] | None = None, file: Path | None = None) -> Result:
    """Run the command over given sources."""
    resolver = Resolver(TABLE, Environment(file, process or {}))
    return CliRunner().invoke(settings_command("hall", lambda: resolver), list(arguments))


def test_it_lists_every_setting_with_value_source_and_meaning() -> None:
    """Secrets are masked, and listing is never a failure."""
    result = run(process={"TOKEN": "hunter2"})
    assert result.exit_code == 0
    assert "hunter2" not in result.output
    lines = [line.split() for line in result.output.splitlines()]
    assert ["TOKEN", "********", "environment", "TOKEN", "Keep."] in lines
    assert ["PORT", "80", "default", "Give", "it."] in lines


def test_a_check_exits_1_and_names_every_problem() -> None:
    """All at once, each with what to do."""
    result = run("--check", process={"PORT": "x", "DEBUG": "maybe"})
    assert result.exit_code == 1
    assert "error: The setting PORT was given 'x' (environment PORT)" in result.output
    assert "error: The setting DEBUG was given 'maybe'" in result.output
    assert "3 settings checked: 2 errors, 0 warnings." in result.output


def test_a_check_of_good_settings_exits_0() -> None:
    """Silence but for the verdict."""
    result = run("--check")
    assert (result.exit_code, result.output) == (0, "3 settings checked: 0 errors, 0 warnings.\n")


def test_production_is_checked_as_if_debug_were_false() -> None:
    """What only production needs is named while DEBUG is still on."""
    result = run("--production")
    assert result.exit_code == 1
    assert "error: TOKEN is missing. Set it." in result.output
    assert run("--check", "--production", process={"TOKEN": "t"}).exit_code == 0


def test_a_slip_in_the_file_is_a_warning(tmp_path: Path) -> None:
    """It is named with what was meant, and does not fail the check."""
    file = tmp_path / ".env"
    file.write_text("TOKNE=abc\n")
    result = run("--check", file=file)
    assert result.exit_code == 0
    assert "warning: .env has TOKNE, which hall does not read. Did you mean TOKEN?" in result.output


def test_json_has_settings_problems_and_the_same_exit_status() -> None:
    """A value that cannot be read is null there and a problem besides."""
    result = run("--json", "--check", process={"PORT": "x"})
    assert result.exit_code == 1
    data = json.loads(result.output)
    port = next(row for row in data["settings"] if row["name"] == "PORT")
    assert (port["value"], port["source"]) == (None, "unreadable")
    assert [problem["name"] for problem in data["problems"]] == ["PORT"]
