"""Listing, JSON, reference page and `.env` template, all from the rows."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from dotenv import dotenv_values

from asok_engine.settings.environment import Environment
from asok_engine.settings.kinds import BOOL, CALLABLE, DICT, LIST, TEXT, integer, optional
from asok_engine.settings.printing import (
    as_json,
    default_text,
    env_template,
    listing,
    main,
    reference_page,
    report,
)
from asok_engine.settings.problem import Problem
from asok_engine.settings.resolver import Resolver
from asok_engine.settings.table import Setting, Table, section

TABLE = Table(
    "hall",
    "HALL_",
    [
        *section(
            "First",
            Setting("DEBUG", BOOL, False, "Show errors."),
            Setting("DOCS", BOOL, lambda of: of("DEBUG"), "Show docs.", default_text="`DEBUG`"),
            Setting("TOKEN", optional(TEXT), None, "Keep.", secret=True),
            Setting("HOOK", optional(CALLABLE), None, "Decide."),
        ),
        *section(
            "Second",
            Setting("NAMES", LIST, [], "List.", example="a,b"),
            Setting(
                "POOL",
                DICT,
                {},
                "Set.",
                options=[Setting("size", optional(integer()), 5, "Bound it.", aliases=["HALL_SIZE"])],
            ),
            Setting("TITLE", TEXT, "A hall", "Name it."),
        ),
    ],
    bare_names=True,
    planned={"halls": ["TITLE"]},
)


def everything(process: dict[str, str]) -> Resolver:
    """Resolve the table over a process environment."""
    return Resolver(TABLE, Environment(None, process))


def test_the_listing_is_aligned_and_masks_secrets() -> None:
    """One line a setting: name, value, source, meaning, below its section."""
    lines = listing(everything({"TOKEN": "hunter2", "HALL_NAMES": "x" * 90}).everything()).splitlines()
    assert lines[0] == "First"
    assert lines[1].split() == ["DEBUG", "false", "default", "Show", "errors."]
    assert "hunter2" not in "".join(lines)
    starts = {
        line.index(word)
        for line, word in ((lines[1], "Show errors"), (lines[3], "Keep."), (lines[7], "List."))
    }
    assert len(starts) == 1
    assert all(len(line) < 120 for line in lines)


def test_json_holds_settings_and_problems_without_secrets() -> None:
    """Programs read the same as people."""
    text = as_json(
        everything({"TOKEN": "hunter2", "DEBUG": "1"}).everything(), [Problem("A", "A is wrong.", "Fix A.")]
    )
    data = json.loads(text)
    first = data["settings"][0]
    assert (first["name"], first["value"], first["source"], first["type"]) == (
        "DEBUG",
        True,
        "environment DEBUG",
        "bool",
    )
    assert data["problems"] == [{"name": "A", "level": "error", "message": "A is wrong.", "fix": "Fix A."}]
    assert "hunter2" not in text


def test_the_report_begins_each_line_with_its_level() -> None:
    """A line can be searched for."""
    assert report([Problem("A", "A is weak.", level="warning")]) == "warning: A is weak."


def test_the_reference_page_has_every_row_and_option() -> None:
    """Type, default, environment names and meaning of each, and the table of a dictionary's options."""
    page = reference_page(TABLE, "Settings of hall", "Opening.")
    for row in TABLE.rows:
        assert f"### {row.name}\n\n{row.meaning}\n" in page
    assert "- Default: `DEBUG`" in page
    assert "- Environment: `HALL_NAMES`, `NAMES`" in page
    assert "- Environment: none; set it in code" in page
    assert "| `size` | `int \\| None` | `5` | Bound it. Environment: `HALL_SIZE`. |" in page


def test_the_listing_says_what_has_no_effect_yet() -> None:
    """A planned setting is told from one that works where values are looked up as well."""
    lines = listing(everything({}).everything(), TABLE.planned).splitlines()
    assert [line.split()[0] for line in lines if "(planned, with halls) Name it." in line] == ["TITLE"]
    assert sum("planned" in line for line in lines) == 1


def test_the_reference_page_says_what_has_no_effect_yet() -> None:
    """Nobody sets a setting in vain: a planned one says so and what it waits for, and no other does."""
    page = reference_page(TABLE, "Settings of hall", "Opening.")
    title = page.partition("### TITLE")[2]
    assert "- **Planned**: it has no effect yet and waits for halls" in title
    assert page.count("**Planned**") == 1


@pytest.mark.parametrize("value", ["plain", "with space", "it's # odd", 'a "quote" \\ slash', "${HOME}", ""])
def test_a_value_in_the_template_reads_back_as_it_was(value: str) -> None:
    """Quoting survives the reader, whatever the value; variables in single quotes are the one exception."""
    text = env_template(TABLE, {"TITLE": value})
    assert dotenv_values(stream=StringIO(text), interpolate=False) == {"TITLE": value}


def test_the_template_comments_the_rest_and_hides_defaults_of_secrets() -> None:
    """Rows that are not set stand as comments with default or example; functions are not there at all."""
    text = env_template(TABLE, {"DEBUG": "true"}, opening="Mine.")
    assert text.startswith("# Mine.\n")
    assert "\nDEBUG=true\n" in text
    assert "# NAMES=a,b\n" in text
    assert "# TITLE='A hall'\n" in text
    assert "# TOKEN=\n" in text
    assert "HOOK" not in text


def test_the_template_can_be_short_and_refuses_names_that_are_no_rows() -> None:
    """`only` leaves rows out; a slip in it is an error."""
    assert "NAMES" not in env_template(TABLE, {"DEBUG": "true"}, only=["TOKEN"])
    with pytest.raises(KeyError, match="DEBG"):
        env_template(TABLE, {"DEBG": "true"})


def test_default_text_says_what_the_default_is() -> None:
    """Empty, computed and secret defaults have words."""
    assert [default_text(row) for row in TABLE.rows] == [
        "false",
        "`DEBUG`",
        "none",
        "none",
        "empty",
        "empty",
        "A hall",
    ]


def test_the_program_writes_the_page_of_a_face(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`python -m asok_engine.settings.printing asok.settings` makes the file the house test compares."""
    monkeypatch.chdir(tmp_path)
    main(["asok.settings"])
    written = (tmp_path / "docs" / "reference" / "settings-asok.md").read_text(encoding="utf-8")
    assert written.startswith("# Settings of asok\n")
