"""The documentation is true: its code runs, and every command, hook and error has its entry."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from aksara.cli import cli as aksara_cli
from asok.cli import cli as asok_cli
from asok.commands import create
from asok_engine.telemetry.hooks import HOOKS
from tests.house.code_blocks import find_blocks, run_blocks
from tests.house.sources import ROOT, Source, listing, shipped

PAGES = sorted(
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")],
    key=lambda path: path.as_posix(),
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project as `asok create` makes it."""
    monkeypatch.chdir(tmp_path)
    assert create.callback is not None
    create.callback("example")
    return tmp_path / "example"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_code_of_the_page_runs(page: Path, request: pytest.FixtureRequest) -> None:
    """What a reader copies from the documentation works in a new project."""
    blocks = list(find_blocks(page.read_text(encoding="utf-8")))
    if all(block.is_exempt for block in blocks):
        return
    failure = run_blocks(page.relative_to(ROOT).as_posix(), blocks, request.getfixturevalue("project"))
    assert not failure, failure


def test_block_that_does_not_run_says_why() -> None:
    """A block is exempt for a reason that the next reader can judge."""
    complaints = [
        f"{page.relative_to(ROOT)}:{block.line}: write the reason: ```python no-run: needs a Redis server"
        for page in PAGES
        for block in find_blocks(page.read_text(encoding="utf-8"))
        if block.is_exempt and len(block.reason) < 8
    ]
    assert not complaints, listing(complaints)


def test_wrong_code_is_found(project: Path) -> None:
    """The check itself fails on code that raises, with the line of the page."""
    text = "# Title\n\n```python\nvalue = 2\n```\n\n```python\nassert value == 3\n```\n"
    failure = run_blocks("made_up.md", list(find_blocks(text)), project)
    assert 'File "made_up.md", line 8' in failure
    assert "AssertionError" in failure


def test_page_that_does_not_load_is_found(project: Path) -> None:
    """A file of the project that the application refuses fails the page, though nothing asks for it."""
    text = "```python\n# src/pages/broken/page.py\nimport nothing_of_this_name\n```\n"
    assert "nothing_of_this_name" in run_blocks("made_up.md", list(find_blocks(text)), project)


def test_blocks_are_told_apart() -> None:
    """Files, code to run, exempt code and other languages are what they are."""
    text = (
        "```python no-run: needs a server\nstart()\n```\n"
        "```html\n<!-- src/pages/a/page.html -->\n<p>a</p>\n```\n"
        "```console\n$ make\n```\n"
        "    ```py\n    x = 1\n    ```\n"
    )
    exempt, file, code = find_blocks(text)
    assert (exempt.is_exempt, exempt.reason) == (True, "needs a server")
    assert file.path == "src/pages/a/page.html"
    assert (code.text, code.path) == ("x = 1\n", "")


def error_codes(sources: tuple[Source, ...]) -> Iterator[tuple[str, str, str]]:
    """Yield (code, class, where) of every class that has a `code` of its own and ends in the error tree."""
    for source in sources:
        for node in ast.walk(source.tree):
            if not isinstance(node, ast.ClassDef):
                continue
            for statement in node.body:
                target = statement.targets[0] if isinstance(statement, ast.Assign) else None
                target = statement.target if isinstance(statement, ast.AnnAssign) else target
                value = getattr(statement, "value", None)
                if isinstance(target, ast.Name) and target.id == "code" and isinstance(value, ast.Constant):
                    if isinstance(value.value, str):
                        yield value.value, node.name, source.at(node)


def test_every_error_has_an_entry_in_the_reference() -> None:
    """The code that a person reads in a log leads to a sentence that helps."""
    entries = re.findall(r"^### `([a-z-]+)`", (ROOT / "docs/reference/errors.md").read_text(), flags=re.M)
    codes = list(error_codes(shipped()))
    complaints = [
        f"{where}: {name} has the code {code!r} and no entry. Add it to docs/reference/errors.md."
        for code, name, where in codes
        if code not in entries
    ]
    complaints += [
        f"{entry!r} is explained, but no error has it." for entry in entries if entry not in dict_of(codes)
    ]
    complaints += [f"{entry!r} is explained twice." for entry in set(entries) if entries.count(entry) > 1]
    assert not complaints, listing(complaints)


def test_error_code_belongs_to_one_class() -> None:
    """A code that two classes share explains neither."""
    seen: dict[str, str] = {}
    for code, name, where in error_codes(shipped()):
        assert code not in seen, f"{where}: the code {code!r} of {name} belongs to {seen[code]} already"
        seen[code] = name


def dict_of(codes: list[tuple[str, str, str]]) -> dict[str, str]:
    """Give code -> class."""
    return {code: name for code, name, _ in codes}


def test_error_code_is_found() -> None:
    """The check itself sees plain and annotated codes."""
    text = 'class A(E):\n    code = "a-code"\nclass B(E):\n    code: ClassVar[str] = "b-code"\nclass C: ...\n'
    found = [code for code, _, _ in error_codes((Source("src/asok/made_up.py", text),))]
    assert found == ["a-code", "b-code"]


def test_every_command_has_an_entry_in_the_reference() -> None:
    """What `--help` lists is explained."""
    text = (ROOT / "docs/reference/commands.md").read_text()
    entries = set(re.findall(r"^## (asok|aksara) (\w+)", text, flags=re.M))
    commands = {
        (face.name, name)
        for face in (asok_cli, aksara_cli)
        for name in face.list_commands(click.Context(face))
    }
    assert commands - entries == set(), "add to docs/reference/commands.md: ## FACE COMMAND"
    assert entries - commands == set(), "these commands are explained and do not exist"


def test_every_hook_is_named_in_the_docs() -> None:
    """A hook that no page names does not exist for a reader."""
    text = "".join(page.read_text() for page in (ROOT / "docs").rglob("*.md"))
    missing = [hook.name for hook in HOOKS if f"`{hook.name}`" not in text]
    assert not missing, f"name {missing} in docs/howto/logging.md, with their arguments"


def test_every_room_is_named_in_the_architecture() -> None:
    """The map shows every room of the house."""
    text = (ROOT / "ARCHITECTURE.md").read_text()
    rooms = {source.module.split(".")[1] for source in shipped() if source.module.startswith("asok_engine.")}
    missing = sorted(room for room in rooms if not re.search(rf"\b{room}\b", text))
    assert not missing, f"ARCHITECTURE.md does not name {missing}"
