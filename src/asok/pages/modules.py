"""Imports page modules under names that stay the same in every process.

`src/pages/users/[id]/page.py` is `pages.users.[id].page`: such names are no
identifiers, yet the import system takes them, so a worker with `src` on its path
finds a function of a page again. A module is loaded once, also when another one
imports it. Nothing is known here of what a page offers.

Only a dot in a file or folder name is beyond the import system; it is written
%2E, and such a module is found once the application has started.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from asok.pages.discovery import PageFile
from asok.pages.reports import PageProblem
from asok_engine.errors import FrameworkError, SetupError

__all__ = ["import_page", "problem_of"]


def import_page(page: PageFile, *, folder: Path, package: str) -> ModuleType:
    """Import a page's module, or give the one that is already imported from this file.

    `folder` is the top of the pages and `package` its name. Raises whatever the
    module's code raises.
    """
    known = sys.modules.get(page.module_name)
    if known is not None and _is_file(known, page.path):
        return known
    parent = _packages(page, folder, package)
    module = _load(page.module_name, page.path, None)
    setattr(parent, page.module_name.rpartition(".")[2], module)
    return module


def problem_of(page: PageFile, error: Exception, *, folder: Path, root: Path) -> PageProblem:
    """Say where in the application's code the import of a page failed; `folder` holds that code."""
    own = str(folder) + os.sep
    path, line = page.path, 1
    trace = error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name.startswith(own):
            path, line = Path(name), trace.tb_lineno
        trace = trace.tb_next
    if isinstance(error, SyntaxError) and error.lineno and (error.filename or "").startswith(own):
        path, line = Path(str(error.filename)), error.lineno
    shown = path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
    fix = ""
    if isinstance(error, FrameworkError):
        what, fix = error.message, error.fix
    else:
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        what = f"{type(error).__name__}: {reason}" if reason else type(error).__name__
    through = "" if path == page.path else f" (imported by {page.source})"
    text = f"{shown}, line {line}{through}: {what}"
    return PageProblem(path, line, text if text.endswith((".", "?", "!")) else f"{text}.", fix, error=error)


def _packages(page: PageFile, folder: Path, package: str) -> ModuleType:
    """Have the packages above a page in place, and give the innermost one."""
    known = sys.modules.get(package)
    if known is not None and not _is_folder(known, folder):
        # Another application in this process has a folder of the same name.
        for name in [name for name in sys.modules if name == package or name.startswith(package + ".")]:
            del sys.modules[name]
    name, place = package, folder
    module = _package(name, place)
    parts = page.module_name[len(package) + 1 :].split(".")[:-1]
    for part, directory in zip(parts, page.path.relative_to(folder).parts[:-1], strict=True):
        name, place, parent = f"{name}.{part}", place / directory, module
        module = _package(name, place)
        setattr(parent, part, module)
    return module


def _package(name: str, place: Path) -> ModuleType:
    known = sys.modules.get(name)
    if known is not None and _is_folder(known, place):
        return known
    start = place / "__init__.py"
    if start.is_file():
        return _load(name, start, [str(place)])
    spec = ModuleSpec(name, None, is_package=True)
    spec.submodule_search_locations = [str(place)]
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    return module


def _load(name: str, path: Path, search: list[str] | None) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=search)
    if spec is None or spec.loader is None:
        raise SetupError(f"{path} is no Python module.", fix="Give it the ending .py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    # A module may put another object in its place while it runs.
    return sys.modules[name]


def _is_file(module: ModuleType, path: Path) -> bool:
    file = getattr(module, "__file__", None)
    return isinstance(file, str) and os.path.realpath(file) == os.path.realpath(path)


def _is_folder(module: ModuleType, folder: Path) -> bool:
    places = list(getattr(module, "__path__", ()))
    return bool(places) and os.path.realpath(places[0]) == os.path.realpath(folder)
