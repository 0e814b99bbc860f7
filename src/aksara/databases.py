"""The databases of an API project: what its settings mean to the engine.

`open_databases` is called where an application starts. Code that runs without one,
such as a script or a shell, gets the databases of `aksara.conf.settings` at the first
use. Nothing is connected before, except what DATABASE_POOL wants to be there.
"""

from __future__ import annotations

from typing import Any

from aksara.conf import project_dsn, settings
from aksara.settings import TABLE
from asok_engine.database.databases import Database, databases
from asok_engine.database.urls import DatabaseOptions, parse_url

__all__ = ["close_databases", "database_options", "open_databases"]


def database_options() -> dict[str, DatabaseOptions]:
    """Give the databases that the settings name, by alias; parameters of an address beat DATABASE_POOL.

    Raises:
        SetupError: an address cannot be read.
    """
    row = TABLE.find("DATABASE_POOL")
    assert row is not None
    pool: dict[str, Any] = {option.name: option.default for option in row.options} | settings.DATABASE_POOL
    options = parse_url(project_dsn(settings.DATABASE_URL), **pool, log_queries=settings.LOG_QUERIES)
    return {"default": options}


async def open_databases() -> list[Database]:
    """Configure the databases of this process and open `min_size` connections on the running event loop.

    Raises:
        SetupError: a driver is not installed.
        DatabaseUnavailable: a database cannot be reached.
    """
    options = database_options()
    databases.configure(options)
    opened = [databases[alias] for alias in options]
    for database in opened:
        await database.open_async()
    return opened


async def close_databases(opened: list[Database]) -> None:
    """Close what `open_databases` gave; a later use opens it again."""
    for database in opened:
        await database.close_async()
