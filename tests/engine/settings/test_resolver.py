"""Which source wins, what each value's source is called, and that every problem is found at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from asok_engine.settings.environment import Environment
from asok_engine.settings.kinds import BOOL, CALLABLE, DICT, TEXT, integer, optional
from asok_engine.settings.problem import Problem, SettingsError, UnknownSetting
from asok_engine.settings.resolver import Layer, Resolver
from asok_engine.settings.table import Lookup, Setting, Table, section


def _no_port_443(of: Lookup) -> Iterator[Problem]:
    if of("PORT") == 443 and of("DEBUG"):
        yield Problem("PORT", "PORT is 443 in DEBUG.")


def _even(value: int) -> str | None:
    return None if value % 2 == 0 else "an even number"


TABLE = Table(
    "hall",
    "HALL_",
    section(
        "All",
        Setting("DEBUG", BOOL, False, "Show errors."),
        Setting("DOCS", BOOL, lambda of: of("DEBUG"), "Show docs."),
        Setting("PORT", integer(1, 65535), 8000, "Give the port.", example="8000"),
        Setting("PAIRS", integer(), 2, "Count.", check=_even),
        Setting("TOKEN", optional(TEXT), None, "Keep.", secret=True),
        Setting("HOOK", optional(CALLABLE), None, "Decide."),
        Setting(
            "POOL",
            DICT,
            {},
            "Set it.",
            options=[
                Setting("size", integer(1), 5, "Bound it.", aliases=["HALL_POOL_SIZE"]),
                Setting("age", integer(), lambda of: of("PORT"), "Bound it."),
            ],
        ),
        Setting(
            "CACHES", DICT, {}, "Set.", per_alias=True, options=[Setting("ttl", integer(), 60, "Give it.")]
        ),
    ),
    bare_names=True,
    rules=[_no_port_443],
    other_names=["HALL_INTERNAL"],
    foreign_names=["DEBUGS"],
)


def resolver(
    process: Mapping[str, str] | None = None,
    file: str = "",
    code: dict[str, Any] | None = None,
    folder: Path | None = None,
) -> Resolver:
    """Make a resolver over given sources."""
    path = None
    if folder is not None:
        path = folder / ".env"
        path.write_text(file)
        path.chmod(0o600)
    return Resolver(TABLE, Environment(path, process or {}), [Layer("code", code)])


def test_code_beats_process_beats_file_beats_default(tmp_path: Path) -> None:
    """The four sources, each winning over the next, and each named."""
    row = resolver().row("PORT")
    for code, process, expected in (
        ({"PORT": 1}, {"PORT": "2"}, (1, "code")),
        ({}, {"PORT": "2"}, (2, "environment PORT")),
        ({}, {}, (3, ".env HALL_PORT")),
    ):
        resolved = resolver(process, "HALL_PORT=3\n", code, tmp_path).resolve(row)
        assert (resolved.value, resolved.source) == expected
    assert resolver().resolve(row)[1:] == (8000, "default")


def test_the_first_layer_wins() -> None:
    """Several layers of code have an order, and one can be put on top."""
    two = Resolver(
        TABLE, Environment(None, {}), [Layer("one", {"PORT": 1}), Layer("two", {"PORT": 2, "DEBUG": True})]
    )
    assert (two.value("PORT"), two.value("DEBUG")) == (1, True)
    assert two.with_layer(Layer("top", {"PORT": 9})).resolve(two.row("PORT"))[1:] == (9, "top")


def test_a_default_follows_other_settings_of_the_moment() -> None:
    """A computed default sees the resolved value of what it depends on."""
    assert resolver({"DEBUG": "on"}).value("DOCS") is True
    assert resolver().value("DOCS") is False
    assert resolver({"DEBUG": "on", "DOCS": "off"}).value("DOCS") is False


def test_a_bad_value_never_becomes_the_default() -> None:
    """Reading it raises and names the variable."""
    with pytest.raises(SettingsError, match=r"was given 'eighty' \(environment HALL_PORT\)"):
        resolver({"HALL_PORT": "eighty"}).value("PORT")


def test_an_unknown_name_is_a_key_error_with_a_suggestion() -> None:
    """`in` and `get` of a mapping work on it, and its text is a sentence."""
    with pytest.raises(KeyError) as caught:
        resolver().value("PROT")
    assert isinstance(caught.value, UnknownSetting)
    assert str(caught.value) == "hall has no setting 'PROT'. Did you mean PORT?"


def test_options_are_completed_by_environment_and_defaults() -> None:
    """A dictionary's own keys win, then the option's variable, then its default."""
    assert resolver({"HALL_POOL_SIZE": "9"}).options("POOL") == {"size": 9, "age": 8000}
    assert resolver({"HALL_POOL_SIZE": "9"}, code={"POOL": {"size": 2}}).options("POOL")["size"] == 2
    assert resolver().options("CACHES") == {"default": {"ttl": 60}}
    assert resolver(code={"CACHES": {"other": {"ttl": 1}}}).options("CACHES") == {
        "default": {"ttl": 60},
        "other": {"ttl": 1},
    }


def test_all_errors_are_raised_together() -> None:
    """Wrong kinds, checks, options and rules are found in one go; a rule that cannot read is silent."""
    wrong = resolver({"PORT": "x", "PAIRS": "3", "DEBUG": "perhaps", "HALL_POOL_SIZE": "0"})
    with pytest.raises(SettingsError) as caught:
        wrong.raise_errors()
    assert {problem.name for problem in caught.value.problems} == {"PORT", "PAIRS", "DEBUG", "size"}
    assert str(caught.value).startswith("4 settings are wrong:\n  - ")
    assert [p.message for p in resolver({"PORT": "443"}, code={"DEBUG": True, "PORT": 443}).errors()] == [
        "PORT is 443 in DEBUG."
    ]
    resolver().raise_errors()


def test_slips_in_the_file_are_told_with_the_errors_that_they_may_explain(tmp_path: Path) -> None:
    """Whoever writes PROT for PORT reads so beside what is wrong; without an error they stop nothing."""
    file = "PROT=80\nDEBUG yes\n"
    with pytest.raises(SettingsError) as caught:
        resolver({"PORT": "x"}, file, folder=tmp_path).raise_errors()
    text = str(caught.value)
    assert "was given 'x' (environment PORT)" in text
    assert ".env has PROT, which hall does not read. Did you mean PORT?" in text
    assert "Line 2 of .env cannot be read" in text
    resolver(file=file, folder=tmp_path).raise_errors()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("DEBG=true", "Did you mean DEBUG?"),
        ("HALL_PROT=1", "Did you mean HALL_PORT?"),
        ("HALL_SOMETHING=1", "Remove it or correct its name."),
        ("HOOK=x", "Set it in code; it is a function."),
    ],
)
def test_a_slip_in_the_file_is_named(line: str, said: str, tmp_path: Path) -> None:
    """A name in `.env` that looks like ours and is not is a warning with what was meant."""
    [problem] = resolver(file=f"{line}\n", folder=tmp_path).warnings()
    assert problem.level == "warning"
    assert problem.name == line.partition("=")[0]
    assert problem.fix == said


def test_names_of_others_are_no_slips(tmp_path: Path) -> None:
    """What is far from our names, foreign by declaration, or an option's variable is left alone."""
    text = "STRIPE_KEY=x\nDEBUGS=1\nHALL_INTERNAL=1\nHALL_POOL_SIZE=3\nDEBUG=true\n"
    assert resolver(file=text, folder=tmp_path).warnings() == []


def test_the_process_is_searched_for_the_prefix_only() -> None:
    """A machine's variables are its own; those with our prefix are ours."""
    assert [p.name for p in resolver({"DEBG": "1", "HALL_PROT": "1"}).warnings()] == ["HALL_PROT"]


def test_two_names_with_different_values_are_told() -> None:
    """Which of them wins is said; equal values are no problem."""
    [problem] = resolver({"PORT": "1", "HALL_PORT": "2"}).warnings()
    assert "HALL_PORT and PORT to different values; HALL_PORT wins" in problem.message
    assert resolver({"PORT": "1", "HALL_PORT": "1"}).warnings() == []


def test_a_file_that_everybody_reads_is_a_warning_in_production_only(tmp_path: Path) -> None:
    """On a laptop in DEBUG it is the habit of the editor."""
    careless = resolver(file="PORT=1\n", folder=tmp_path)
    (tmp_path / ".env").chmod(0o644)
    [problem] = careless.warnings()
    assert problem.fix == "Run: chmod 600 .env"
    assert careless.with_layer(Layer("code", {"DEBUG": True})).warnings() == []


def test_errors_come_before_warnings(tmp_path: Path) -> None:
    """The list of problems begins with what must be corrected."""
    levels = [problem.level for problem in resolver({"PORT": "x"}, "DEBG=1\n", folder=tmp_path).problems()]
    assert levels == ["error", "warning"]


def test_a_resolved_value_shows_itself_masked() -> None:
    """Neither repr nor text nor data of a resolved secret holds it."""
    resolved = resolver({"TOKEN": "hunter2"}).resolve(TABLE.rows[4])
    assert resolved.value == "hunter2"
    assert "hunter2" not in repr(resolved) + resolved.shown() + resolved.masked()
