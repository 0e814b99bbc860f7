"""The commands of `aksara` about tables and rows: makemigrations, db.

They stand apart from `aksara.commands` so that other commands load nothing of
models. This module is imported when one of its commands runs.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

from aksara.conf import project_root, settings
from aksara.databases import database_options
from asok_engine.commands.data_project import DataProject
from asok_engine.commands.database import database_group
from asok_engine.commands.make_migration import makemigrations_command
from asok_engine.commands.models import import_models, told_imports

__all__ = ["data_project", "db", "makemigrations"]


def data_project() -> DataProject:
    """Give the project here: its models are those of INSTALLED_APPS, its migrations in migrations/."""
    root = project_root()
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    return DataProject(
        root=root,
        face="aksara",
        folder=root / "migrations",
        databases=database_options(),
        import_models=lambda: _import_models(root),
        make_command="aksara makemigrations",
        migrate_command="aksara migrate",
        models_at="models.py, app.py or the applications that AKSARA_INSTALLED_APPS lists",
        seeds=root / "seeds",
    )


def _model_modules(applications: Sequence[str]) -> list[str]:
    """Name the modules that hold models: `models` of each application, or the application itself."""
    names = ["models", "app", *applications] if not applications else list(applications)
    found = []
    for name in names:
        if importlib.util.find_spec(name.partition(".")[0]) is None:
            if name in applications:
                found.append(name)
            continue
        package = importlib.util.find_spec(name)
        has_models = package is not None and package.submodule_search_locations is not None
        inner = f"{name}.models"
        found.append(inner if has_models and importlib.util.find_spec(inner) is not None else name)
    return found


def _import_models(root: Path) -> None:
    with told_imports(root):
        import_models(_model_modules(settings.installed_apps), root)


db = database_group(data_project)
makemigrations = makemigrations_command(data_project)
