"""The commands of `asok` that need the face: its scaffold and its settings table.

Everything else about commands is the engine's. This module is imported when one
of its commands runs.
"""

from __future__ import annotations

from pathlib import Path

import click

from asok.config import Config
from asok.settings import TABLE, dotenv_text
from asok_engine.commands.create import create_project
from asok_engine.commands.dev import dev_command
from asok_engine.commands.project import find_project
from asok_engine.commands.settings import settings_command
from asok_engine.errors import SetupError
from asok_engine.settings.resolver import Resolver

__all__ = ["create", "dev", "settings"]

_TEMPLATES = Path(__file__).parent / "scaffold" / "project"
_FOLDERS = (
    "src/components",
    "src/locales",
    "src/middlewares",
    "src/migrations",
    "src/models",
    "src/partials/images",
    "src/partials/js",
    "src/partials/uploads",
)


@click.command("create")
@click.argument("name")
def create(name: str) -> None:
    """Make a new project in the new folder NAME.

    NAME begins with a letter and has letters, digits, - and _.
    """
    create_project(name, _TEMPLATES, env_text=_env_text, folders=_FOLDERS)
    click.echo(f"Made {name}. Now:\n\n    cd {name}\n    asok dev")


def _env_text(secret_key: str) -> str:
    return dotenv_text({"DEBUG": "true", "SECRET_KEY": secret_key})


def _port(root: Path) -> int:
    try:
        return int(Config(TABLE, root)["ASOK_PORT"])
    except SetupError:
        return 8000


def _resolver() -> Resolver:
    """Give the settings of the project here, with what its code has set; outside of one, of this folder."""
    try:
        project = find_project()
    except SetupError:
        return Config(TABLE, Path.cwd()).resolver
    resolver: Resolver = project.load().config.resolver
    return resolver


dev = dev_command(_port)
settings = settings_command("asok", _resolver)
