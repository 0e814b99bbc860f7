"""The laws of importing page modules."""

from __future__ import annotations

import importlib
import os
import py_compile
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from asok.pages.discovery import FoundPages
from asok.pages.modules import import_page, problem_of
from tests.asok.pages.trees import fill, find


@pytest.fixture(autouse=True)
def _modules_are_forgotten(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(tmp_path / "src"))
    yield
    for name in [name for name in sys.modules if name.split(".")[0] in ("pages", "shop")]:
        del sys.modules[name]


def imported(found: FoundPages, pattern: str) -> object:
    page = next(page for page in found.pages if page.pattern == pattern)
    return import_page(page, folder=found.folder, package=found.package)


def test_module_is_imported_under_a_name_that_imports_again(tmp_path: Path) -> None:
    """The import system finds a page by its name, also below `[id:int]`."""
    fill(tmp_path, {"users/[id:int]/page.py": "def get(request): pass"})
    module = imported(find(tmp_path), "/users/[id:int]")
    name = "pages.users.[id:int].page"
    assert module.get.__module__ == name  # type: ignore[attr-defined]
    assert importlib.import_module(name) is module


def test_function_of_a_page_is_found_by_another_process(tmp_path: Path) -> None:
    """A worker that has `src` on its path imports a page's function by the name that it carries."""
    fill(tmp_path, {"users/[id:int]/page.py": "def job(): return 'done'"})
    code = "import importlib; print(importlib.import_module('pages.users.[id:int].page').job())"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "src")}
    answer = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True, timeout=20
    )
    assert answer.stdout == "done\n"


def test_module_is_loaded_once(tmp_path: Path) -> None:
    """A page that another page imports, before or after, is one module."""
    fill(
        tmp_path,
        {
            "a/page.py": "import pages.b.page\nother = pages.b.page\n",
            "b/page.py": "from pages.c.page import mark\n",
            "c/page.py": "mark = object()\n",
        },
    )
    found = find(tmp_path)
    a, b, c = (imported(found, pattern) for pattern in ("/a", "/b", "/c"))
    assert a.other is b  # type: ignore[attr-defined]
    assert b.mark is c.mark  # type: ignore[attr-defined]
    assert imported(found, "/c") is c


def test_module_is_an_attribute_of_its_package(tmp_path: Path) -> None:
    """`import pages.b.page` reaches the module by its dots, also when it was loaded before."""
    fill(tmp_path, {"a/page.py": "import pages.b.page\nother = pages.b.page\n", "b/page.py": ""})
    found = find(tmp_path)
    b = imported(found, "/b")
    assert imported(found, "/a").other is b  # type: ignore[attr-defined]


def test_relative_imports_reach_neighbours(tmp_path: Path) -> None:
    """`from ._names import x` works in a page, with and without `__init__.py`."""
    fill(
        tmp_path,
        {
            "a/page.py": "from ._names import word\nfrom .._top import top\n",
            "a/_names.py": "word = 'near'\n",
            "_top.py": "top = 'far'\n",
            "b/__init__.py": "word = 'package'\n",
            "b/page.py": "from . import word\n",
        },
    )
    found = find(tmp_path)
    assert (imported(found, "/a").word, imported(found, "/a").top) == ("near", "far")  # type: ignore[attr-defined]
    assert imported(found, "/b").word == "package"  # type: ignore[attr-defined]


def test_name_with_a_dot_is_importable_once_loaded(tmp_path: Path) -> None:
    """A dot in a folder's or file's name does not break it into packages."""
    fill(tmp_path, {"v1.0/robots.txt.py": "CONTENT = 'x'"})
    module = imported(find(tmp_path), "/v1.0/robots.txt")
    assert module.CONTENT == "x"  # type: ignore[attr-defined]
    assert importlib.import_module("pages.v1%2E0.robots%2Etxt") is module


def test_compiled_module_needs_no_source(tmp_path: Path) -> None:
    """A build that ships .pyc alone runs."""
    fill(tmp_path, {"a/page.py": "CONTENT = 'compiled'"})
    source = tmp_path / "src" / "pages" / "a" / "page.py"
    py_compile.compile(str(source), cfile=str(source.with_suffix(".pyc")))
    source.unlink()
    assert imported(find(tmp_path), "/a").CONTENT == "compiled"  # type: ignore[attr-defined]


def test_two_applications_in_one_process_do_not_mix(tmp_path: Path) -> None:
    """A second project with the same names gets its own modules, and so do its imports."""
    for name in ("one", "two"):
        fill(tmp_path / name, {"page.py": "from pages._who import who", "_who.py": f"who = '{name}'"})
    seen = [imported(find(tmp_path / name), "/").who for name in ("one", "two", "one")]  # type: ignore[attr-defined]
    assert seen == ["one", "two", "one"]


def test_failed_import_leaves_nothing_behind(tmp_path: Path) -> None:
    """A module whose code raises is not kept half made."""
    fill(tmp_path, {"a/page.py": "x = 1 / 0"})
    with pytest.raises(ZeroDivisionError):
        imported(find(tmp_path), "/a")
    assert "pages.a.page" not in sys.modules


@pytest.mark.parametrize(
    ("files", "place", "line", "words"),
    [
        ({"page.py": "a = 1\ndef get(request:\n"}, "page.py", 2, "SyntaxError: '(' was never closed."),
        ({"page.py": "\n\nimport nothing_there\n"}, "page.py", 3, "ModuleNotFoundError: No module named"),
        ({"page.py": "\nx = 1 / 0\n"}, "page.py", 2, "ZeroDivisionError: division by zero."),
        ({"page.py": "import ast\nast.parse('(')"}, "page.py", 2, "SyntaxError: '(' was never closed."),
        (
            {"page.py": "from pages._deep import x", "_deep.py": "\n\nraise LookupError"},
            "_deep.py",
            3,
            "(imported by src/pages/page.py): LookupError.",
        ),
        (
            {"page.py": "from pages._deep import x", "_deep.py": "\n)"},
            "_deep.py",
            2,
            "(imported by src/pages/page.py): SyntaxError: unmatched ')'.",
        ),
        (
            {
                "page.py": "from asok_engine.errors import UsageError\nraise UsageError('No rule.', fix='Near it: a.')"
            },
            "page.py",
            2,
            "line 2: No rule.",
        ),
    ],
)
def test_problem_names_file_and_line_of_the_users_code(
    tmp_path: Path, files: dict[str, str], place: str, line: int, words: str
) -> None:
    """What an import raised is told where it happened in the application's own code."""
    fill(tmp_path, files)
    found = find(tmp_path)
    page = next(page for page in found.pages if page.pattern == "/")
    with pytest.raises(Exception) as caught:  # noqa: B017
        imported(found, "/")
    problem = problem_of(page, caught.value, folder=found.folder.parent, root=tmp_path)
    assert (problem.path.name, problem.line) == (place, line)
    assert problem.message.startswith(f"src/pages/{place}, line {line}")
    assert words in problem.message
    assert problem.error is caught.value
