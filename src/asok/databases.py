"""The databases of a project of pages: what its settings mean to the engine.

The application configures them at its start. Code that runs without one, such as a
script or a shell, gets them from the settings of the project in the working folder.
Nothing is connected, and no file is made, before the first use.
"""

from __future__ import annotations

from pathlib import Path

from asok.config import Config
from asok.settings import TABLE
from asok_engine.database.databases import Database, databases
from asok_engine.database.urls import DatabaseOptions, parse_url

__all__ = ["database_options", "databases_of_this_folder", "open_databases"]


def database_options(config: Config) -> dict[str, DatabaseOptions]:
    """Give the databases that the settings of a project name, by alias.

    Raises:
        SetupError: an address cannot be read.
    """
    url = config.dsn("DATABASE_URL")
    return {} if url is None else {"default": parse_url(url)}


def open_databases(config: Config) -> list[Database]:
    """Configure the databases of this process by the settings; a missing driver is found here."""
    options = database_options(config)
    databases.configure(options)
    opened = [databases[alias] for alias in options]
    for database in opened:
        database.require_driver()
    return opened


def databases_of_this_folder() -> dict[str, DatabaseOptions]:
    """Give the databases of the project in the working folder, {} where there is none."""
    root = Path.cwd()
    return database_options(Config(TABLE, root)) if (root / "wsgi.py").exists() else {}
