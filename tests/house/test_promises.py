"""The table of promises for people: every hostile case has a test, and the tests that it names exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "explanation" / "promises-for-people.md"
CASES = {30, *range(80, 96), 99, *range(105, 110)}
NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")


def rows() -> dict[str, str]:
    """Give the tests of each row by its first cell."""
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in PAGE.read_text().splitlines()
        if line.startswith("| ") and "::" in line
    ]
    return {row[0]: row[-1] for row in cells}


def functions(path: Path) -> set[str]:
    """Give the names of the functions of a file."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.parse(path.read_text()).body if isinstance(node, kinds)}


def test_every_case_has_a_test() -> None:
    """One row for each, with one test at least."""
    found = {int(case) for case in rows() if case.isdigit()}
    assert found == CASES


def test_tests_that_are_named_exist() -> None:
    """File and function, so that a promise is not held by a test that was renamed."""
    named = NAMED.findall(PAGE.read_text())
    assert len(named) > 50
    files = {file for file, _ in named}
    missing = sorted(file for file in files if not (ROOT / "tests" / file).exists())
    assert missing == []
    known = {file: functions(ROOT / "tests" / file) for file in files}
    assert [f"{file}::{name}" for file, name in named if name not in known[file]] == []
