"""The command line is quick to ask, and says errors in one line."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from asok_engine.commands.console import console, run
from asok_engine.errors import SetupError


@click.command()
@click.option("--how", type=click.Choice(["well", "setup", "stop", "bug"]), default="well")
def act(how: str) -> int:
    """Do something."""
    if how == "setup":
        raise SetupError("The door is shut.", fix="Open it.")
    if how == "stop":
        raise KeyboardInterrupt
    if how == "bug":
        raise ZeroDivisionError
    click.echo("done")
    return 4


cli = console(
    "tool",
    "A tool.",
    {"act": (f"{__name__}:act", "Act."), "far": ("no.such.module:far", "Far away.")},
    called={"perform": "act"},
)


def test_help_lists_commands_without_importing_them(capsys: pytest.CaptureFixture[str]) -> None:
    """The list comes from the declared lines; a broken module does not matter to it."""
    assert run(cli, ["--help"]) == 0
    out = capsys.readouterr().out
    assert "act  Act." in out
    assert "far  Far away." in out


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("atc", "No such command 'atc'. Did you mean 'act'?"),
        ("perform", "No such command 'perform'. Did you mean 'act'?"),
        ("zzzz", "No such command 'zzzz'.\n"),
        ("--actt", "No such option '--actt'"),
    ],
)
def test_word_that_is_no_command_is_told_with_the_one_meant(
    word: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A slip of the pen, or what another tool calls it; none is imported for that."""
    assert run(cli, [word]) == 2
    assert said in capsys.readouterr().err


def test_command_gives_the_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    """What a command returns is the exit code."""
    assert run(cli, ["act"]) == 4
    assert capsys.readouterr().out == "done\n"


def test_error_of_the_framework_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1 and one line on stderr, with the one thing to do."""
    assert run(cli, ["act", "--how", "setup"]) == 1
    captured = capsys.readouterr()
    assert captured.err == "error: The door is shut. Open it.\n"
    assert captured.out == ""


def test_traceback_is_shown_when_asked() -> None:
    """--traceback lets the error through, with its frames."""
    with pytest.raises(SetupError):
        run(cli, ["--traceback", "act", "--how", "setup"])


def test_wrong_usage_is_2(capsys: pytest.CaptureFixture[str]) -> None:
    """Unknown commands, options and values are usage errors."""
    assert run(cli, ["nope"]) == 2
    assert run(cli, ["act", "--nope"]) == 2
    assert run(cli, ["act", "--how", "badly"]) == 2
    assert "'nope'" in capsys.readouterr().err


def test_interrupt_is_130() -> None:
    """Ctrl-C is no traceback."""
    assert run(cli, ["act", "--how", "stop"]) == 130


def test_defect_is_not_hidden() -> None:
    """What is nobody's planned error keeps its traceback."""
    with pytest.raises(ZeroDivisionError):
        run(cli, ["act", "--how", "bug"])


def test_version_is_the_distribution_s(capsys: pytest.CaptureFixture[str]) -> None:
    """-v and --version say name and version."""
    assert run(cli, ["-v"]) == 0
    assert run(cli, ["--version"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == second
    assert first.startswith("tool 0.")


@pytest.mark.parametrize("face", ["asok", "aksara"])
def test_help_imports_click_and_little_else(face: str) -> None:
    """`--help` loads no server, no template engine, no settings and no application."""
    code = (
        f"import sys; from {face}.cli import cli; from asok_engine.commands.console import run; "
        "run(cli, ['--help']); heavy = {'uvicorn', 'granian', 'minijinja', 'msgspec', 'asyncio', "
        "'importlib.metadata', f'{cli.name}.app', 'asok_engine.settings.table'}; "
        "print('HEAVY', sorted(heavy & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "HEAVY []"


@pytest.mark.parametrize("face", ["asok", "aksara"])
def test_declared_help_is_for_commands_that_exist(face: str) -> None:
    """Each declared command can be imported, and its own help works."""
    module = __import__(f"{face}.cli", fromlist=["cli"])
    for name in module.cli.lazy:
        assert run(module.cli, [name, "--help"]) == 0
