"""Finds the project of the working directory and loads its application.

A project is the nearest folder, from here upwards, with a wsgi.py or asgi.py;
`--app module:name` names another application. Loading runs the user's code, so
its failures are turned into one sentence that names file and line.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from asok_engine.commands.own_code import told
from asok_engine.dispatch import purpose
from asok_engine.errors import SetupError

__all__ = ["Project", "app_option", "find_project"]

F = TypeVar("F", bound=Callable[..., Any])

_FILES = ("wsgi.py", "asgi.py")
_ATTRIBUTES = ("app", "application")


@dataclass(frozen=True, slots=True)
class Project:
    """Where an application lives: a folder, a module in it, a name in that; "" finds app or application."""

    root: Path
    module: str
    attribute: str = ""

    @property
    def target(self) -> str:
        """The application as servers name it: `module:name`."""
        return f"{self.module}:{self.attribute or 'app'}"

    def load(self, *, to_serve: bool = False) -> Any:
        """Import the application; raises SetupError that says what failed and where.

        Only with `to_serve` does what begins by itself at import, such as a WebSocket
        server on a port of its own, begin.
        """
        if to_serve:
            purpose.to_serve()
        else:
            purpose.for_a_command()
        if str(self.root) not in sys.path:
            sys.path.insert(0, str(self.root))
        with told(self.root, "The application failed to load"):
            try:
                module = importlib.import_module(self.module)
            except ModuleNotFoundError as error:
                if error.name != self.module.partition(".")[0]:
                    raise
                raise SetupError(
                    f"There is no module {self.module!r} in {self.root}.",
                    fix="Name the application: --app module:name.",
                ) from error
        for name in [self.attribute] if self.attribute else _ATTRIBUTES:
            if hasattr(module, name):
                return getattr(module, name)
        wanted = self.attribute or " or ".join(_ATTRIBUTES)
        raise SetupError(
            f"The module {self.module!r} has no {wanted}.",
            fix="Make one there: app = Asok(), or name it with --app.",
        )


def find_project(app: str | None = None, start: Path | None = None) -> Project:
    """Give the project of `start` (the working directory), or the one that `app` names as module:name.

    Raises SetupError when there is none.
    """
    here = (start or Path.cwd()).resolve()
    found = next(
        ((folder, name) for folder in (here, *here.parents) for name in _FILES if (folder / name).is_file()),
        None,
    )
    if app:
        module, _, attribute = app.partition(":")
        if not module.replace(".", "").isidentifier() or (attribute and not attribute.isidentifier()):
            raise SetupError(
                f"--app was given {app!r}.", fix="The form is module:name, for example wsgi:app."
            )
        root = here
        if found is not None and not _has_module(here, module) and _has_module(found[0], module):
            root = found[0]
        return Project(root, module, attribute)
    if found is None:
        raise SetupError(
            f"No wsgi.py here or above ({here}).",
            fix="Make a project with: asok create NAME, and run this inside it.",
        )
    return Project(found[0], found[1].removesuffix(".py"))


def _has_module(folder: Path, module: str) -> bool:
    path = folder.joinpath(*module.split("."))
    return path.with_suffix(".py").is_file() or path.is_dir()


def app_option(function: F) -> F:
    """Give a command the option --app."""
    return click.option(
        "--app", metavar="MODULE:NAME", help="The application; without it, the nearest wsgi.py or asgi.py."
    )(function)
