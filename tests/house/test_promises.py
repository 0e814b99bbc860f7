"""The tables of promises: every hostile case has a test, and the tests that they name exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "explanation"
NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")
#: The first cells of the rows that a page must have; a page may have other rows besides its cases.
CASES = {
    "promises-for-people.md": {str(case) for case in (30, *range(80, 96), 99, *range(105, 110))},
    "promises-for-sockets.md": {
        "111, nothing is heard before the handshake",
        "111, subscriptions",
        "114, origins",
        "114, sessions",
        "114, idle connections",
        "114, readers that have stopped",
        "114, bombs",
        "114, rights",
        "140, requests",
        "140, streams",
        "140, sockets",
        "140, hooks and time",
    },
}
EACH = pytest.mark.parametrize("page", sorted(CASES))


def cases(page: str) -> set[str]:
    """Give the first cells of the rows that name a test and are about a case."""
    lines = (PAGES / page).read_text().splitlines()
    first = {line.split("|")[1].strip() for line in lines if line.startswith("| ") and "::" in line}
    return {cell for cell in first if cell[0].isdigit()}


def functions(path: Path) -> set[str]:
    """Give the names of the functions of a file."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.parse(path.read_text()).body if isinstance(node, kinds)}


@EACH
def test_every_case_has_a_test(page: str) -> None:
    """One row for each, with one test at least."""
    assert cases(page) == CASES[page]


@EACH
def test_tests_that_are_named_exist(page: str) -> None:
    """File and function, so that a promise is not held by a test that was renamed."""
    named = NAMED.findall((PAGES / page).read_text())
    assert len(named) > len(CASES[page])
    files = {file for file, _ in named}
    missing = sorted(file for file in files if not (ROOT / "tests" / file).exists())
    assert missing == []
    known = {file: functions(ROOT / "tests" / file) for file in files}
    assert [f"{file}::{name}" for file, name in named if name not in known[file]] == []
