"""The commands of `asok` that need the face: its scaffold and its settings table.

Everything else about commands is the engine's. This module is imported when one
of its commands runs.
"""

from __future__ import annotations

from pathlib import Path

import click

from asok.config import Config
from asok.databases import database_options, open_databases
from asok.orm.discovery import load_models
from asok.settings import TABLE, dotenv_text
from asok_engine.commands.create import create_project
from asok_engine.commands.data_project import DataProject
from asok_engine.commands.database import database_group
from asok_engine.commands.dev import dev_command
from asok_engine.commands.make_migration import make_migration_command
from asok_engine.commands.migrate import migrate_command
from asok_engine.commands.models import make_model_command, told_imports
from asok_engine.commands.project import find_project
from asok_engine.commands.settings import settings_command
from asok_engine.errors import SetupError
from asok_engine.settings.resolver import Resolver

__all__ = ["create", "db", "dev", "make", "migrate", "settings"]

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


def _data_project() -> DataProject:
    """Give the project here: its models are src/models, its migrations src/migrations."""
    project = find_project()
    app = project.load()
    source: Path = app.root_dir / "src"
    return DataProject(
        root=app.root_dir,
        face="asok",
        folder=source / "migrations",
        databases=database_options(app.config),
        import_models=lambda: _import_models(app.dirs["MODELS"], project.root),
        seeds=source / "seeds",
        connect_models=lambda: open_databases(app.config),
    )


def _import_models(folder: Path, root: Path) -> None:
    with told_imports(root):
        load_models(folder)


db = database_group(_data_project)
dev = dev_command(_port)
make = click.Group(
    "make",
    help="Write files: a model, a migration.",
    commands=[make_model_command(), make_migration_command(_data_project)],
)
migrate = migrate_command(_data_project)
settings = settings_command("asok", _resolver)
