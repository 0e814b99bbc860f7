"""Finds the application's own middlewares and turns them into links.

Each file of `src/middlewares` in the order of its name offers `handle(request,
next)`, plain or async; `app.use` adds more behind them. A file without `handle`
stops the start with a sentence, because a middleware that is silently absent may
be the one that guards something.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from asok.pages.handlers import accepts, line_of
from asok.slips import unreadable
from asok_engine.dispatch.chain import Link, is_async_callable
from asok_engine.errors import SetupError

__all__ = ["link_of", "load_links"]


def load_links(folder: Path, used: Iterable[Callable[..., Any]]) -> list[Link]:
    """Load `NN_name.py` files in order, then what was given to `app.use`."""
    links = []
    if folder.is_dir():
        for path in sorted(folder.glob("*.py")):
            if not path.name.startswith(("_", ".")):
                links.append(_from_file(path))
    links.extend(link_of(call) for call in used)
    return links


def link_of(call: Callable[..., Any]) -> Link:
    """Make a link of a callable `(request, next)`, plain or async."""
    handle = call if not isinstance(call, type) else call()
    if not callable(handle):
        raise SetupError(
            f"app.use was given {call!r}, which cannot be called.",
            fix="Give it a function handle(request, next), plain or async.",
        )
    return _link(handle, f"middleware {_name(handle)}")


def _from_file(path: Path) -> Link:
    module = _load(path)
    handle = getattr(module, "handle", None)
    if not callable(handle):
        raise SetupError(
            f"Middleware {_shown(path)} has no function handle(request, next).",
            fix="Define it there, or let the file's name begin with an underscore.",
        )
    return _link(handle, f"middleware {_shown(path)}")


def _link(handle: Callable[..., Any], source: str) -> Link:
    if not accepts(handle, 2):
        raise SetupError(
            f"{source[0].upper()}{source[1:]}, line {line_of(handle)}: "
            f"{_name(handle)}() cannot be called with a request and what comes next.",
            fix="Define it as handle(request, next), and return next(request) or an answer of its own.",
        )
    return Link(handle, source, is_async_callable(handle))


def _load(path: Path) -> ModuleType:
    # A name such as 01_auth is no identifier, so the file is loaded by its
    # place, under a name that stays the same in every process.
    name = f"middlewares.{path.stem}"
    if name in sys.modules and getattr(sys.modules[name], "__file__", None) == str(path):
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise SetupError(f"Middleware {path} cannot be loaded.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[name]
        if isinstance(error, SyntaxError):
            raise unreadable(error, path.parent) from None
        raise
    return module


def _shown(path: Path) -> str:
    """Name a file from the folder of the project on, as people do: src/middlewares/01_auth.py."""
    root = path.parent.parent.parent
    return path.relative_to(root).as_posix()


def _name(call: object) -> str:
    return getattr(call, "__qualname__", type(call).__name__)
