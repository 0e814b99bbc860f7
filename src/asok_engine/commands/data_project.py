"""What the commands about data need to know of a project; each face says it in its own way.

Where the migrations are, which tables the models describe, where the databases are.
Loading models runs the project's code; it happens only when a command asks for them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from asok_engine.commands.models import bundled_folders, registered_fills, registered_tables
from asok_engine.database.urls import DatabaseOptions
from asok_engine.errors import SetupError
from asok_engine.migrations.files import load_graph
from asok_engine.migrations.graph import Graph
from asok_engine.migrations.link import Link, open_link
from asok_engine.sql.metadata import DialectName
from asok_engine.sql.tables import ServerDefault, Table

__all__ = ["DataProject", "LoadDataProject"]


@dataclass(frozen=True)
class DataProject:
    """A project as the commands about data see it."""

    root: Path
    #: The package whose words migration files import: asok or aksara.
    face: str
    #: The folder of the migration files.
    folder: Path
    #: The databases by alias.
    databases: Mapping[str, DatabaseOptions]
    #: Imports the modules that hold models.
    import_models: Callable[[], object]
    #: How the command that writes migrations is called, for messages.
    make_command: str = "asok make migration"
    migrate_command: str = "asok migrate"
    #: Where models are looked for, for messages.
    models_at: str = "src/models"
    seeds: Path = field(default_factory=Path)
    #: Lets models reach their databases.
    connect_models: Callable[[], object] = lambda: None

    def tables(self) -> Sequence[Table]:
        """Import the models and give their tables."""
        self.import_models()
        return registered_tables()

    def fills(self) -> Mapping[str, ServerDefault]:
        """Give what rows that are there get in added columns; the models must have been imported."""
        return registered_fills()

    def graph(self) -> Graph:
        """Read the migrations, with those that packages in use bring along."""
        self.import_models()
        return load_graph(self.folder, self.bundles())

    def bundles(self) -> Mapping[str, Path]:
        """Give the folders of migrations of packages in use, by label; the models must have been imported."""
        return bundled_folders()

    def options(self, database: str) -> DatabaseOptions:
        """Give the options of a database; raises SetupError when there is no such alias."""
        if database not in self.databases:
            known = ", ".join(self.databases) or "none; set DATABASE_URL"
            raise SetupError(f"There is no database {database!r}; there are: {known}.")
        return self.databases[database]

    def dialect(self, database: str) -> DialectName:
        """Give the dialect of a database without connecting; of MariaDB it is that of MySQL."""
        return self.options(database).kind

    def open(self, database: str, *, wait_seconds: float = 60.0) -> Link:
        """Connect to a database."""
        return open_link(self.options(database), wait_seconds=wait_seconds)

    def shown(self, path: Path) -> str:
        """Write a path as seen from the project's folder."""
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)


LoadDataProject = Callable[[], DataProject]
