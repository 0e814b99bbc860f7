"""Middlewares are found in the order of their names, and none is left out in silence."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from asok.middlewares import link_of, load_links
from asok_engine.errors import SetupError

PLAIN = "def handle(request, next):\n    return next(request)\n"
ASYNC = "async def handle(request, next):\n    return await next(request)\n"


@pytest.fixture(autouse=True)
def _modules_as_before() -> Iterator[None]:
    """Modules of one test are not found by the next."""
    yield
    for name in [name for name in sys.modules if name.startswith("middlewares.")]:
        del sys.modules[name]


def write(folder: Path, **files: str) -> Path:
    """Write middlewares; a leading underscore in a name stands for no letter at all."""
    for name, text in files.items():
        (folder / f"{name.removeprefix('n')}.py").write_text(text)
    return folder


def test_files_come_in_the_order_of_their_names_and_used_ones_behind(tmp_path: Path) -> None:
    """Plain and async; what `app.use` was given follows in its own order."""

    def used(request: Any, next: Any) -> Any:
        return next(request)

    async def used_async(request: Any, next: Any) -> Any:
        return await next(request)

    write(tmp_path, n10_last=PLAIN, n01_first=ASYNC, n02_second=PLAIN)
    (tmp_path / "notes.txt").write_text("no middleware")
    (tmp_path / "_private.py").write_text("raise RuntimeError('loaded')")
    (tmp_path / "__init__.py").write_text("")
    links = load_links(tmp_path, [used, used_async])
    shown = f"middleware {tmp_path.parent.name}/{tmp_path.name}"
    assert [(link.source, link.is_async) for link in links] == [
        (f"{shown}/01_first.py", True),
        (f"{shown}/02_second.py", False),
        (f"{shown}/10_last.py", False),
        (f"middleware {used.__qualname__}", False),
        (f"middleware {used_async.__qualname__}", True),
    ]
    assert links[3].call is used


def test_project_without_the_folder_has_only_what_is_used(tmp_path: Path) -> None:
    """A folder is not demanded."""
    assert load_links(tmp_path / "nothing", []) == []


@pytest.mark.parametrize("text", ["", "handle = 7\n", "def handel(request, next): ...\n"])
def test_file_without_handle_stops_the_start(tmp_path: Path, text: str) -> None:
    """The one that is silently absent may be the one that guards something."""
    write(tmp_path, n01_auth=text)
    with pytest.raises(SetupError, match=r"01_auth\.py has no function handle"):
        load_links(tmp_path, [])


@pytest.mark.parametrize(
    "text",
    [
        "def handle(request):\n    return 'x'\n",
        "\n\nasync def handle(request, next, more):\n    return 'x'\n",
        "def handle():\n    return 'x'\n",
    ],
)
def test_handle_with_other_arguments_stops_the_start(tmp_path: Path, text: str) -> None:
    """Its first request would show it; the start names file, line and the form instead."""
    folder = tmp_path / "src" / "middlewares"
    folder.mkdir(parents=True)
    (folder / "01_auth.py").write_text(text)
    line = text.count("\n", 0, text.index("def ")) + 1
    with pytest.raises(
        SetupError, match=rf"Middleware src/middlewares/01_auth\.py, line {line}: handle\(\)"
    ) as told:
        load_links(folder, [])
    assert told.value.fix.startswith("Define it as handle(request, next)")


def test_used_callable_with_other_arguments_stops_the_start() -> None:
    """`app.use` is as strict as the folder."""
    with pytest.raises(SetupError, match="cannot be called with a request and what comes next"):
        link_of(lambda request: None)


def test_error_in_a_file_is_raised_and_the_file_is_read_again(tmp_path: Path) -> None:
    """A mended file is loaded at the next start; half a module is not kept."""
    write(tmp_path, n01_auth="import nothing_of_this_name\n")
    for _ in range(2):
        with pytest.raises(ModuleNotFoundError, match="nothing_of_this_name"):
            load_links(tmp_path, [])
    assert "middlewares.01_auth" not in sys.modules
    write(tmp_path, n01_auth=PLAIN)
    assert len(load_links(tmp_path, [])) == 1


def test_file_is_loaded_once_per_process(tmp_path: Path) -> None:
    """Its module-level state is one; a file of another project is another module."""
    first, second = tmp_path / "one", tmp_path / "two"
    for folder in (first, second):
        folder.mkdir()
        write(folder, n01_count=PLAIN)
    (once,) = load_links(first, [])
    (again,) = load_links(first, [])
    (other,) = load_links(second, [])
    assert once.call is again.call
    assert other.call is not once.call


def test_class_is_made_and_its_call_decides() -> None:
    """`app.use(Timing)` and `app.use(Timing())` are the same."""

    class Timing:
        async def __call__(self, request: Any, next: Any) -> Any:
            return await next(request)

    for given in (Timing, Timing()):
        link = link_of(given)
        assert isinstance(link.call, Timing)
        assert (link.is_async, link.source) == (True, "middleware Timing")


def test_what_cannot_be_called_is_refused() -> None:
    """With a sentence that shows it."""
    with pytest.raises(SetupError, match="'logger', which cannot be called"):
        link_of("logger")  # type: ignore[arg-type]
