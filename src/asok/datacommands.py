"""The commands of `asok` about tables and rows: make, db.

They stand apart from `asok.commands` so that serving and creating projects load
nothing of models. This module is imported when one of its commands runs.
"""

from __future__ import annotations

from pathlib import Path

import click

from asok.authpages import make_auth
from asok.databases import database_options, open_databases
from asok.orm import fields
from asok.orm.discovery import load_models
from asok_engine.commands.data_project import DataProject
from asok_engine.commands.database import database_group
from asok_engine.commands.make_migration import make_migration_command
from asok_engine.commands.models import make_model_command, told_imports
from asok_engine.commands.project import find_project

__all__ = ["data_project", "db", "make"]


def data_project() -> DataProject:
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


db = database_group(data_project)
make = click.Group(
    "make",
    help="Write files: a model, a migration, the pages to sign people in.",
    commands=[make_model_command(kinds=fields.__all__), make_migration_command(data_project), make_auth],
)
