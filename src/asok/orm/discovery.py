"""Finds the models of a project: every module of `src/models`, imported as `models.<name>`.

A page says `from models.user import User` and gets the same class. Modules whose
names begin with an underscore are left to those who import them.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from asok.slips import unreadable
from asok_engine.records.record import Record
from asok_engine.records.registry import registry

__all__ = ["load_models"]


def load_models(folder: Path) -> dict[str, type[Record]]:
    """Import the models of a folder, and give them by name once each relation has found its target.

    Raises whatever the code of a module raises.

    Raises:
        SetupError: a relation leads to no model, or a file is not Python.
    """
    if not folder.is_dir():
        return {}
    package = folder.name
    _forget_other(package, folder)
    importlib.invalidate_caches()
    for name in _modules(folder):
        try:
            importlib.import_module(f"{package}.{name}")
        except SyntaxError as error:
            raise unreadable(error, folder) from None
    found = [model for model in registry.models() if model.__module__.partition(".")[0] == package]
    for model in found:
        model.__description__.check()
    return {model.__name__: model for model in found}


def _modules(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        if not any(part.startswith("_") or not part.isidentifier() for part in parts):
            yield ".".join(parts)


def _forget_other(package: str, folder: Path) -> None:
    """Take the modules away that another application in this process has under the same name."""
    top = os.path.realpath(folder) + os.sep
    names = [name for name in sys.modules if name == package or name.startswith(f"{package}.")]
    files = [getattr(sys.modules[name], "__file__", None) for name in names]
    if not all(os.path.realpath(file).startswith(top) for file in files if file):
        for name in names:
            del sys.modules[name]
    for model in registry.models():
        if model.__module__.startswith(f"{package}.") and model.__module__ not in sys.modules:
            registry.remove(model)
